# hdl.mk - the Verilog twin: lint, lock step, formal proofs, synthesis. Included by the Makefile; hdl/README.md is the map.

HDL          = $(BUILD)/hdl
HDL_CYCLES   = 1000000# in lock step under Verilator
ICARUS_CYCLES = 20000# and under Icarus
ICARUS_TOP_CYCLES = 1500# of pool_switch, of which Icarus does less than a hundred a second
HDL_SEED     = 1
# As a part of make test: the same checks, of fewer cycles.
HDL_BRIEFLY  = HDL_CYCLES=100000 ICARUS_CYCLES=3000 ICARUS_TOP_CYCLES=200
HDL_RTL     := $(sort $(wildcard hdl/rtl/*.sv))
HDL_HEADERS := $(sort $(wildcard hdl/rtl/*.svh))
HDL_MODELS  := $(sort $(wildcard hdl/model/*.c))
# Those of the model's sources that know how a simulator calls them come last, one a simulator.
HDL_STEPS    = hdl/model/step_dpi.c hdl/model/step_vpi.c
HDL_FAMILIES := $(shell sed -n 's/^F(\(.*\))$$/\1/p' hdl/model/families.def)
HDL_INCLUDES = -Ihdl/rtl -I$(HDL)

.PHONY: hdl hdl-lint hdl-test hdl-formal
hdl: ## all of the Verilog twin's checks: lint, lock step, records, proofs, bounds of synthesis
	@.ci/packages run hdl
	$(PHASE_2) run-hdl
hdl-lint: ## every Verilog file by Verilator, Icarus and Yosys, without a warning
	@.ci/packages hdl
	$(PHASE_2) run-hdl-lint
hdl-test: ## the Verilog beside its C models, cycle by cycle: HDL_CYCLES=1000000 HDL_SEED=1 HDL_FAMILIES="..."
	@.ci/packages run hdl
	$(PHASE_2) run-hdl-test

hdl-formal: ## the proofs: isolation, credits, crossbar, fairness; and the planted fault that has to be refuted
	@.ci/packages hdl
	$(PHASE_2) run-hdl-formal
hdl-mutate: ## plants faults into the RTL one by one; the lock step has to catch each
	@.ci/packages run hdl
	$(PHASE_2) run-hdl-mutate
hdl-synth: ## area, depth and speed over entries and ports, as build/hdl/synth.csv (minutes)
	@.ci/packages hdl
	$(PHASE_2) run-hdl-synth

.PHONY: run-hdl run-hdl-synth run-hdl-synth-check run-hdl-mutate run-hdl-lint run-hdl-test run-hdl-verilator run-hdl-icarus \
        run-hdl-icarus-top run-hdl-formal hdl-refute
run-hdl: run-hdl-lint run-hdl-test run-hdl-cosim-test run-hdl-formal run-hdl-synth-check
run-hdl-lint: $(HDL)/pool_layout.svh
	@hdl/lint.sh $(HDL_INCLUDES) -- $(HDL_RTL)

# ---- the C models ----------------------------------------------------------------------------------------------------

HDL_CFLAGS = $(LANGUAGE) $(WARNINGS) -O2 -g -fPIC -Ihdl/model -Ihdl/tb/ports -I/usr/share/verilator/include/vltstd \
             -I/usr/include/iverilog
# What the models take from the simulator itself.
HDL_SHARED := $(sort $(wildcard src/pool/*.c src/pcie/*.c src/base/check.c src/base/err.c src/fabric/arb.c))
HDL_MODEL_OBJS = $(patsubst %.c,$(HDL)/obj/%.o,$(filter-out $(HDL_STEPS),$(HDL_MODELS)) $(HDL_SHARED))

$(HDL)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(HDL_CFLAGS) -MMD -MP -c -o $@ $<
$(HDL)/libmodel.a: $(HDL_MODEL_OBJS)
	@rm -f $@
	$(call say,AR)ar rcs $@ $^
-include $(patsubst %.c,$(HDL)/obj/%.d,$(HDL_MODELS) $(HDL_SHARED))

# ---- lock step -------------------------------------------------------------------------------------------------------

hdl/families.list = $(HDL_FAMILIES)
$(HDL)/bench.sv: hdl/tb/bench.sh hdl/tb/lockstep.sv.in hdl/tb/top.svh $(wildcard hdl/tb/ports/*.def) hdl/model/families.def $(HDL)/families.list
	@mkdir -p $(@D)
	@hdl/tb/bench.sh $(HDL_FAMILIES) >$@

VERILATE_JOBS = 2
VERILATOR = verilator --binary --timing --assert -Wall -Wno-UNUSEDSIGNAL -Wno-DECLFILENAME -Wno-BLKSEQ -Wno-UNUSEDPARAM $(HDL_INCLUDES) --top-module tb \
            --x-initial unique --x-assign unique -MAKEFLAGS "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1"
# The program that also writes waves takes twice as long to build: only when a module differs from its model.
$(HDL)/verilated/tb $(HDL)/traced/tb: $(HDL)/bench.sv $(HDL_RTL) $(HDL_HEADERS) $(HDL)/pool_layout.svh $(HDL)/libmodel.a $(HDL)/obj/hdl/model/step_dpi.o
	@rm -f $@ # Verilator's makefile does not see that our objects are new
	$(call say,VERILATE)MAKEFLAGS= $(VERILATOR) $(if $(filter %/traced,$(@D)),--trace-fst) -Mdir $(@D) -o tb -j $(VERILATE_JOBS) $(HDL_RTL) $< \
	    $(abspath $(HDL)/obj/hdl/model/step_dpi.o $(HDL)/libmodel.a) >$(HDL)/verilate.log || { cat $(HDL)/verilate.log; false; }
run-hdl-verilator: $(HDL)/verilated/tb
	@LOCKSTEP_CYCLES=$(HDL_CYCLES) LOCKSTEP_SEED=$(HDL_SEED) WAVE_PROGRAM=$(HDL)/traced/tb hdl/tb/run.sh $(HDL)/verilator.fst \
	    $< +verilator+rand+reset+2 +verilator+seed+$(HDL_SEED)

$(HDL)/lockstep.vpi: $(HDL)/obj/hdl/model/step_vpi.o $(HDL)/libmodel.a
	$(call say,LINK)$(CC) -shared -o $@ $^
# The modules side by side, and the switch's top by itself.
ICARUS_FAMILIES = $(filter-out pool_switch,$(HDL_FAMILIES))
ICARUS_TOP = $(filter pool_switch,$(HDL_FAMILIES))
$(HDL)/icarus.sv: $(HDL)/bench.sv
	@hdl/tb/bench.sh $(ICARUS_FAMILIES) >$@
$(HDL)/icarus_top.sv: $(HDL)/bench.sv
	@hdl/tb/bench.sh $(ICARUS_TOP) >$@
$(HDL)/%.vvp: $(HDL)/%.sv $(HDL_RTL) $(HDL_HEADERS) $(HDL)/pool_layout.svh
	$(call say,ICARUS)iverilog -g2012 -Wno-timescale $(HDL_INCLUDES) -s tb -o $@ $(HDL_RTL) $< 2>&1 | \
	    { ! grep -v 'sorry: constant selects in always'; }
run-hdl-icarus: $(HDL)/icarus.vvp $(HDL)/lockstep.vpi
	@LOCKSTEP_CYCLES=$(ICARUS_CYCLES) LOCKSTEP_SEED=$(HDL_SEED) hdl/tb/run.sh $(HDL)/icarus.fst \
	    vvp -M$(HDL) -mlockstep $< -fst
run-hdl-icarus-top: $(HDL)/icarus_top.vvp $(HDL)/lockstep.vpi
	@LOCKSTEP_CYCLES=$(ICARUS_TOP_CYCLES) LOCKSTEP_SEED=$(HDL_SEED) hdl/tb/run.sh $(HDL)/icarus_top.fst \
	    vvp -M$(HDL) -mlockstep $< -fst
run-hdl-test: run-hdl-verilator $(if $(ICARUS_FAMILIES),run-hdl-icarus) $(if $(ICARUS_TOP),run-hdl-icarus-top) run-hdl-init

# The modules load the very files that the simulator writes.
.PHONY: run-hdl-init
run-hdl-init: $(BUILD)/poolsim $(HDL)/pool_layout.svh
	@hdl/tb/init.sh $(HDL)/init $(BUILD)/poolsim configs/paper-testbed.yaml $(HDL_INCLUDES) -- hdl/tb/init.sv $(HDL_RTL)

# ---- records of the simulator ------------------------------------------------------------------------------------------

# The module into which build/hdl/cosim plays records: ports, table entries, TLPs of a receive buffer, beats of a TLP.
COSIM_UP      = 3
COSIM_DOWN    = 2
COSIM_ID_UP   = 16
COSIM_ID_DOWN = 2048# a power of two; RIDs of a host's VFs must differ in so many low bits
COSIM_ADDR    = 16
COSIM_LENT    = 16
COSIM_WINDOWS = 4
COSIM_SLOTS   = 32
COSIM_BEATS   = 16
COSIM_ANSWERS = 16
COSIM_FUNCTIONS = 16# VFs of the pool, a power of two
COSIM_EMULATED = 8# functions that a host is lent, a power of two
COSIM_DWS     = 128# of their configuration space, a power of two
COSIM_TAGS    = 8
COSIM_SIZES = $(foreach s,UP DOWN ID_UP ID_DOWN ADDR LENT WINDOWS SLOTS BEATS ANSWERS FUNCTIONS EMULATED DWS TAGS,-DN_$s=$(COSIM_$s))
COSIM_SRCS := $(sort $(wildcard hdl/cosim/*.c) src/cosim/compare.c src/cosim/lockstep.c src/cosim/lockstep_given.c \
              src/cosim/lockstep_lookup.c src/cosim/pins.c src/cosim/record.c src/cosim/record_read.c)
.PHONY: hdl-cosim run-hdl-cosim hdl-cosim-test run-hdl-cosim-test
hdl-cosim: ## build/hdl/cosim, which plays records of poolsim run --record-tlps into pool_switch: COSIM_UP=4 COSIM_DOWN=4 ...
	@.ci/packages run hdl
	$(PHASE_2) run-hdl-cosim
run-hdl-cosim: $(HDL)/cosim
hdl-cosim-test: ## records of a run and random ones in pool_switch, and a planted difference
	@.ci/packages run hdl
	$(PHASE_2) run-hdl-cosim-test
run-hdl-cosim-test: $(PROGRAM) $(UNIT) $(HDL)/cosim
	@POOLSIM=$(PROGRAM) hdl/cosim/check.sh $(PROGRAM) $(UNIT) $(HDL)/cosim $(HDL)/records
cosim.list = $(COSIM_SIZES)
$(HDL)/cosim.d/%.o: %.c $(BUILD)/cosim.list
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(HDL_CFLAGS) -Ihdl/cosim $(COSIM_SIZES) -MMD -MP -c -o $@ $<
$(HDL)/cosim.d/bench.sv: hdl/tb/bench.sh hdl/tb/lockstep.sv.in hdl/tb/top.svh hdl/tb/ports/cosim.def hdl/tb/ports/pool_switch.def $(BUILD)/cosim.list
	@mkdir -p $(@D)
	@CPP='cpp $(COSIM_SIZES)' hdl/tb/bench.sh cosim >$@
$(HDL)/cosim: $(HDL)/cosim.d/bench.sv $(HDL_RTL) $(HDL_HEADERS) $(HDL)/pool_layout.svh $(HDL)/libmodel.a $(COSIM_SRCS:%.c=$(HDL)/cosim.d/%.o)
	@rm -f $(HDL)/cosim.d/verilated/tb # Verilator's makefile does not see that our objects are new
	$(call say,VERILATE)MAKEFLAGS= $(VERILATOR) --trace-fst --trace-depth 4 -Mdir $(HDL)/cosim.d/verilated -o tb -j 1 $(HDL_RTL) $< \
	    $(abspath $(COSIM_SRCS:%.c=$(HDL)/cosim.d/%.o) $(HDL)/libmodel.a) \
	    >$(HDL)/cosim.log || { cat $(HDL)/cosim.log; false; }
	@cp $(HDL)/cosim.d/verilated/tb $@
-include $(COSIM_SRCS:%.c=$(HDL)/cosim.d/%.d)

# ---- proofs ----------------------------------------------------------------------------------------------------------

# Of each module: depth, depth of the covers, parameters. z3 needs the tables small.
HDL_PROOF_tlp_skid  = 4 10 W=4
HDL_PROOF_rr_arb    = 2 8 N=5
HDL_PROOF_tlp_demux = 2 4 N=3
HDL_PROOF_tlp_mux   = 1 6 N=3 W=2
HDL_PROOF_tlp_xbar  = 1 6 PORTS=3 W=2
HDL_PROOF_credit    = 1 4 QUERIES=1
HDL_PROOF_id_map    = 1 5 ENTRIES=4
HDL_PROOF_id_map_srl = 1 12 ENTRIES=2 SLICE_W=2
HDL_PROOF_proxy_tag = 1 6 TAGS=2 LANES=2
HDL_PROOF_csr_mgr  = 1 10 FUNCTIONS=2 COUNT_W=2
HDL_PROOFS = $(patsubst HDL_PROOF_%,%,$(filter HDL_PROOF_%,$(.VARIABLES)))

run-hdl-formal: $(HDL_PROOFS:%=hdl-prove-%) hdl-refute
hdl-prove-%: $(HDL)/pool_layout.svh
	@hdl/formal/prove.sh $(HDL)/formal $* $(HDL_PROOF_$*) -- $(HDL_INCLUDES) hdl/rtl/$*.sv \
	    $(filter-out hdl/rtl/$*.sv,hdl/rtl/rr_arb.sv)

# The same CAM without the kill of matches in flight, which has to be found out.
hdl-refute: $(HDL)/pool_layout.svh
	@mkdir -p $(HDL)/formal/refute
	@sed 's/ & ~\(kill\|here\);/;/' hdl/rtl/id_map.sv >$(HDL)/formal/refute/id_map.sv
	@! cmp -s hdl/rtl/id_map.sv $(HDL)/formal/refute/id_map.sv
	@hdl/formal/prove.sh --refute $(HDL)/formal/refute id_map 6 0 ENTRIES=4 -- $(HDL_INCLUDES) $(HDL)/formal/refute/id_map.sv

# ---- faults ----------------------------------------------------------------------------------------------------------

run-hdl-mutate: $(HDL)/lockstep.vpi $(HDL)/obj/hdl/model/step_dpi.o $(HDL)/libmodel.a $(HDL)/pool_layout.svh
	@LOCKSTEP_CYCLES=$(ICARUS_CYCLES) LOCKSTEP_SEED=$(HDL_SEED) hdl/mutate/mutate.sh $(HDL)/mutate $(HDL) -I$(HDL) $(HDL_MUTATE)

# ---- synthesis -------------------------------------------------------------------------------------------------------

# A job is module/ice40 or -/parameters; each makes a line of the CSV, in this order. TLPs are 256 bits wide (W=392), the
# crossbars that have to fit an ice40 32.
HDL_SYNTH_all = $(foreach n,16 64,id_map/ice40/ENTRIES=$n) $(foreach n,128 256,id_map/-/ENTRIES=$n) \
            id_map_srl/ice40/ENTRIES=8 $(foreach n,16 64 128 256,id_map_srl/-/ENTRIES=$n) \
            $(foreach n,16 64 128 256,id_down/ice40/ENTRIES=$n) id_down/-/ENTRIES=2048 \
            addr_map/ice40/ENTRIES=8 $(foreach n,16 64 128 256,addr_map/-/ENTRIES=$n) \
            $(foreach n,2 3 4 5 6 7 8,tlp_xbar/-/PORTS=$n/W=392) $(foreach n,2 4 8,tlp_xbar/ice40/PORTS=$n/W=32) \
            $(foreach n,2 4 8,rr_arb/ice40/N=$n) credit/ice40 csr_mgr/ice40 classify/- tlp_skid/ice40/W=392 tlp_parse/ice40 \
            hdr_edit/ice40 cpl_gen/ice40 cfg_emu/-/FUNCTIONS=8/DWS=1024 route/- lent_ids/- proxy_tag/- answer_queue/- \
            $(foreach n,2 4 8,recv_buf/-/PORTS=$n) \
            $(foreach n,1/DOWN=1 2/DOWN=1 2/DOWN=2 3/DOWN=2 3/DOWN=3 4/DOWN=3 4/DOWN=4,pool_switch/-/UP=$n)
# Those that make hdl holds against hdl/synth/bounds.csv; half a minute.
HDL_SYNTH_short = id_map/ice40/ENTRIES=16 id_map_srl/-/ENTRIES=16 id_down/-/ENTRIES=128 tlp_xbar/-/PORTS=2/W=392 credit/- rr_arb/ice40/N=4
HDL_SYNTH = all# or short, or jobs
HDL_SYNTH_JOBS = $(or $(HDL_SYNTH_$(HDL_SYNTH)),$(HDL_SYNTH))
# A job's row is kept in a file of its own: what is there already is not made again.
synth_row = $(HDL)/synth/$(subst =,-,$(subst /,-,$(1))).row
# The files that a module needs: the switch all, others at most an arbiter.
synth_files = $(if $(filter pool_switch,$(1)),$(HDL_RTL),$(sort hdl/rtl/$(1).sv hdl/rtl/rr_arb.sv))
define synth_rule # JOB MODULE WORD...
$(call synth_row,$(1)): $(call synth_files,$(2)) $(HDL_HEADERS) $(HDL)/pool_layout.svh hdl/synth/synth.sh $(if $(filter ice40,$(3)),hdl/synth/harness.sh)
	@mkdir -p $$(@D)
	@hdl/synth/synth.sh $(HDL)/synth $(word 2,$(3)) $(2) $(wordlist 3,9,$(3)) -- $(HDL_INCLUDES) $(call synth_files,$(2)) >$$@.part
	@mv $$@.part $$@
	@cat $$@
endef
$(foreach j,$(sort $(HDL_SYNTH_all) $(HDL_SYNTH_short) $(HDL_SYNTH_JOBS)),$(eval \
    $(call synth_rule,$j,$(firstword $(subst /, ,$j)),$(subst /, ,$j))))
run-hdl-synth: $(foreach j,$(HDL_SYNTH_JOBS),$(call synth_row,$j))
	@{ hdl/synth/synth.sh --header && cat $^; } >$(HDL)/synth.csv
	@echo "$(words $^) rows in $(HDL)/synth.csv"
run-hdl-synth-check: hdl/synth/bounds.csv hdl/synth/check.sh $(foreach j,$(HDL_SYNTH_short),$(call synth_row,$j))
	@{ hdl/synth/synth.sh --header && cat $(filter %.row,$^); } >$(HDL)/synth-short.csv
	@hdl/synth/check.sh $< $(HDL)/synth-short.csv

# ---- the netlist in lock step ----------------------------------------------------------------------------------------

# The benches of these families run the Xilinx netlist of their module instead of its source, one program a family: a program
# that is there already, of the same netlist, is not built again.
HDL_NETLISTS = $(HDL_FAMILIES)
NETLIST_CYCLES = 100000
NETLIST_WAIVE = -Wno-fatal -Wno-lint -Wno-style -Wno-TIMESCALEMOD -Wno-INITIALDLY -Wno-MODDUP
NETLIST_CELLS = hdl/synth/block_ram.v /usr/share/yosys/xilinx/cells_sim.v
# The whole switch has fewer ports and places there than in the other benches, and its model is compiled for that.
NETLIST_SIZES_pool_switch = $(addprefix -DN_,UP=2 DOWN=2 ID_UP=8 ID_DOWN=16 ADDR=8 LENT=2 WINDOWS=2 FUNCTIONS=16 EMULATED=2 DWS=16 \
    TAGS=4 SLOTS=4 BEATS=8 ANSWERS=2)
NETLIST_MODEL_pool_switch = $(patsubst hdl/model/%.c,$(HDL)/netlist/model/%.o,$(wildcard hdl/model/pool_switch*.c hdl/model/switch_model*.c))
.PHONY: hdl-netlist run-hdl-netlist
hdl-netlist: ## the synthesized netlists beside the C models: NETLIST_CYCLES=100000 HDL_NETLISTS="..."
	@.ci/packages run hdl
	$(PHASE_2) run-hdl-netlist
$(HDL)/netlist/pool_switch.v: $(HDL_RTL)
$(HDL)/netlist/%.v: hdl/synth/netlist.sh hdl/rtl/%.sv hdl/rtl/rr_arb.sv hdl/tb/ports/%.def $(HDL_HEADERS) $(HDL)/pool_layout.svh
	@mkdir -p $(@D)
	$(call say,YOSYS)CPP='cpp $(NETLIST_SIZES_$*)' hdl/synth/netlist.sh $* $@ $(HDL_INCLUDES) $(call synth_files,$*)
$(HDL)/netlist/%.sv: hdl/tb/bench.sh hdl/tb/lockstep.sv.in hdl/tb/top.svh hdl/tb/ports/%.def
	@mkdir -p $(@D)
	@CPP='cpp -DNETLIST $(NETLIST_SIZES_$*)' hdl/tb/bench.sh $* >$@
$(HDL)/netlist/model/%.o: hdl/model/%.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(HDL_CFLAGS) $(NETLIST_SIZES_pool_switch) -MMD -MP -c -o $@ $<
-include $(NETLIST_MODEL_pool_switch:.o=.d)
$(foreach d,netlist netlist/traced,$(HDL)/$d/pool_switch/tb): $(NETLIST_MODEL_pool_switch)
# Verilator's makefile does not see that objects of ours are new.
NETLIST_PROGRAM = mkdir -p $(@D); rm -f $@; MAKEFLAGS= verilator --binary --timing $(NETLIST_WAIVE) -I$(HDL) --top-module tb -CFLAGS -O1 \
    -Mdir $(@D) -o tb -j 1 $(NETLIST_CELLS) $(HDL)/netlist/$*.v $(HDL)/pool_layout.svh $< \
    $(abspath $(HDL)/obj/hdl/model/step_dpi.o $(NETLIST_MODEL_$*) $(HDL)/libmodel.a) >$(HDL)/netlist/$*.log 2>&1 || \
    { cat $(HDL)/netlist/$*.log; false; }
NETLIST_NEEDS = $(HDL)/netlist/%.sv $(HDL)/netlist/%.v hdl/synth/block_ram.v $(HDL)/pool_layout.svh $(HDL)/libmodel.a $(HDL)/obj/hdl/model/step_dpi.o
$(HDL)/netlist/%/tb: $(NETLIST_NEEDS)
	$(call say,VERILATE)$(NETLIST_PROGRAM)
# With waves: only when a netlist differs from its model.
$(HDL)/netlist/traced/%/tb: $(NETLIST_NEEDS)
	$(call say,VERILATE)$(NETLIST_PROGRAM:--timing=--timing --trace-fst)
run-netlist-%: $(HDL)/netlist/%/tb
	@LOCKSTEP_CYCLES=$(NETLIST_CYCLES) LOCKSTEP_SEED=$(HDL_SEED) WAVE_PROGRAM=$(HDL)/netlist/traced/$*/tb hdl/tb/run.sh $(HDL)/netlist/$*.fst $<
run-hdl-netlist: $(HDL_NETLISTS:%=run-netlist-%)
	@echo "$(words $(HDL_NETLISTS)) netlists in lock step for $(NETLIST_CYCLES) cycles"

# ---- coverage --------------------------------------------------------------------------------------------------------

COVERAGE_CYCLES = 50000
COVERAGE_LINES = 95# per cent that have to be reached
# Every arm of these is reached.
COVERAGE_WHOLE = classify csr_mgr
.PHONY: hdl-coverage run-hdl-coverage
hdl-coverage: ## lines and toggles of the Verilog that the lock step reaches: COVERAGE_CYCLES=50000
	@.ci/packages run hdl
	$(PHASE_2) run-hdl-coverage
# The main that Verilator makes does not write the data.
$(HDL)/coverage/bench.sv: $(HDL)/bench.sv
	@mkdir -p $(@D)
	@sed '$$i\    final $$c("Verilated::threadContextp()->coveragep()->write(\\"$(HDL)/coverage/coverage.dat\\");");' $< >$@
$(HDL)/coverage/verilated/tb: $(HDL)/coverage/bench.sv $(HDL_RTL) $(HDL_HEADERS) $(HDL)/pool_layout.svh $(HDL)/libmodel.a $(HDL)/obj/hdl/model/step_dpi.o
	$(call say,VERILATE)MAKEFLAGS= $(VERILATOR) --coverage-line --coverage-toggle -Mdir $(@D) -o tb -j $(VERILATE_JOBS) $(HDL_RTL) $< \
	    $(abspath $(HDL)/obj/hdl/model/step_dpi.o $(HDL)/libmodel.a) >$(HDL)/coverage/verilate.log || { cat $(HDL)/coverage/verilate.log; false; }
run-hdl-coverage: $(HDL)/coverage/verilated/tb
	@LOCKSTEP_CYCLES=$(COVERAGE_CYCLES) LOCKSTEP_SEED=$(HDL_SEED) WAVE_PROGRAM=$(HDL)/traced/tb hdl/tb/run.sh $(HDL)/coverage.fst $<
	@hdl/tb/coverage.sh $(HDL)/coverage/coverage.dat $(COVERAGE_LINES) $(COVERAGE_WHOLE)
