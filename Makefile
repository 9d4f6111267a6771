# Makefile - builds, tests and checks poolsim. `make help` lists the targets.
#
# Public targets work in two phases: phase 1 installs the Debian packages that are missing, phase 2 is a second make that
# builds. So phase 1 runs where not even gcc or pkg-config exists, and nothing below asks pkg-config before a compilation.
# All output goes to $(BUILD); each flavour (release, sanitizers, coverage, -Werror) has a folder of its own.

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# ---- what a user may set ---------------------------------------------------------------------------------------------

ifeq ($(origin CC),default)
CC = gcc
endif
BUILD = build
OPT   = -O3 -g -fno-tree-slp-vectorize
# gcc objects hold LTO and plain code: programs that must be fast link the first, tests link the second, which is quicker.
LTO   = $(if $(findstring clang,$(CC)),,-flto=auto -ffat-lto-objects)
AR    = $(if $(findstring clang,$(CC)),ar,gcc-ar)
JOBS  = $(shell nproc)
V     = # V=1 shows whole commands
FUZZ_SECONDS = 30
PREFIX  = /usr/local
DESTDIR =

# ---- flags -----------------------------------------------------------------------------------------------------------

WARNINGS = -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-align \
           -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wswitch-enum -Wdouble-promotion $(if $(WERROR),-Werror)
# No contraction to fused multiply-add: the same seed gives the same bytes on every machine.
LANGUAGE = -std=c17 -D_GNU_SOURCE -Isrc -ffp-contract=off
LIBRARIES = yaml-0.1 gsl jansson simgrid
# Expanded where used first, which is in phase 2, and kept from then on.
LIB_CFLAGS  = $(eval LIB_CFLAGS := $(shell pkg-config --cflags $(LIBRARIES) cunit))$(LIB_CFLAGS)
LIB_LDLIBS  = $(eval LIB_LDLIBS := $(shell pkg-config --libs $(LIBRARIES)))$(LIB_LDLIBS)
TEST_LDLIBS = $(eval TEST_LDLIBS := $(shell pkg-config --libs cunit))$(TEST_LDLIBS)

ALL_CFLAGS = $(LANGUAGE) $(WARNINGS) $(OPT) $(LTO) $(CFLAGS) $(LIB_CFLAGS)
LINK       = $(CC) $(OPT) $(LTO) $(if $(WERROR),-Werror) $(LDFLAGS)
LINK_TEST  = $(CC) $(OPT) $(if $(LTO),-fno-lto) $(LDFLAGS)

# ---- files -----------------------------------------------------------------------------------------------------------

LIB_SRCS   := $(sort $(wildcard src/*/*.c))
TEST_SRCS  := tests/main.c $(sort $(wildcard tests/unit/*.c tests/system/*.c))
BENCH_SRCS := $(sort $(wildcard tests/bench/*.c))
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
C_FILES    := $(LIB_SRCS) $(wildcard src/*.c) $(TEST_SRCS) $(BENCH_SRCS) $(FUZZ_NAMES:%=tests/fuzz/%.c)
HEADERS    := $(sort $(wildcard src/*/*.h tests/*.h tests/*/*.h))

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB     = $(BUILD)/libpoolsim.a
PROGRAM = $(BUILD)/poolsim
UNIT    = $(BUILD)/tests/unit
BENCH   = $(BUILD)/tests/bench
LAYOUT_SVH = $(BUILD)/hdl/pool_layout.svh
FUZZERS = $(FUZZ_NAMES:%=$(BUILD)/tests/%)

# ---- phase 1: public targets -----------------------------------------------------------------------------------------

# The second make runs on all cores unless the user chose a number with -j.
PHASE_2 = +@$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

# Flavours. LeakSanitizer and libFuzzer's instrumentation come with clang's.
ASAN = BUILD=$(BUILD)/asan CC=clang LTO= CFLAGS=-DARENA_RED_ZONE_BYTES=64 OPT="-O1 -g -fno-omit-frame-pointer \
       -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all"
COVERAGE = BUILD=$(BUILD)/coverage CC=gcc LTO= OPT="-O0 -g --coverage"

.PHONY: all demo test check bench bench-check asan test-asan coverage fuzz format install clean help
all:
	@.ci/packages run
	$(PHASE_2) $(PROGRAM)

demo: ## build, run the paper's testbed and a load sweep, say where the plots are
	@.ci/packages run
	$(PHASE_2) run-demo

test: ## check the Verilog twin, build and run every test; CUnit's summary comes last
	@.ci/packages run hdl
	$(PHASE_2) $(HDL_BRIEFLY) run-hdl
	$(PHASE_2) run-test

check: ## format, layers, headers, -Werror by gcc and clang, clang-tidy, cppcheck, and the gates' own tests
	@.ci/packages run check
	$(PHASE_2) -k -Otarget run-check
	@echo "check: all gates passed"

bench: ## speed and instruction counts of fixed scenarios
	@.ci/packages run bench
	$(PHASE_2) run-bench

bench-check: ## fail when a scenario costs more events, memory or instructions than it may
	@.ci/packages run bench
	$(PHASE_2) run-bench-check

asan: ## build everything with ASan and UBSan
	@.ci/packages run check
	$(PHASE_2) $(ASAN) build-asan

test-asan: ## replay the fuzz corpora and run every test under ASan and UBSan
	@.ci/packages run check
	$(PHASE_2) $(ASAN) run-test-asan

coverage: ## line coverage of base, pcie, pool and config as a table
	@.ci/packages run
	$(PHASE_2) $(COVERAGE) run-coverage

fuzz: ## run each fuzz target for FUZZ_SECONDS=30
	@.ci/packages run check
	$(PHASE_2) $(ASAN) run-fuzz

format: ## format every C file in place
	@.ci/packages check
	clang-format -i $(C_FILES) $(HEADERS)

install: all ## to DESTDIR and PREFIX=/usr/local
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/poolsim
	install -d $(DESTDIR)$(PREFIX)/share/poolsim/configs
	install -m 644 configs/*.yaml $(DESTDIR)$(PREFIX)/share/poolsim/configs

clean:
	rm -rf $(BUILD)

help:
	@echo "make            build $(PROGRAM)"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16
	@echo "make clean      remove $(BUILD)"
	@echo "Settings: CC=gcc|clang  WERROR=1  OPT='$(OPT)'  LTO= (off)  V=1  BUILD=$(BUILD)  JOBS=$(JOBS)"

# ---- phase 2: what they do -------------------------------------------------------------------------------------------

.PHONY: run-demo run-test run-bench run-bench-check build-asan run-test-asan run-fuzz run-coverage
run-demo: $(PROGRAM)
	$(PROGRAM) run configs/paper-testbed.yaml -o $(BUILD)/demo/run
	$(PROGRAM) sweep configs/paper-testbed.yaml -o $(BUILD)/demo/sweep

# The suites that start the program start the one of their own build.
run-test run-test-asan: export POOLSIM = $(PROGRAM)
run-test run-test-asan run-coverage: export POOL_LAYOUT_SVH = $(LAYOUT_SVH)
run-test: $(PROGRAM) $(UNIT)
	$(UNIT)

run-bench: $(BENCH) $(PROGRAM)
	tests/bench/run.sh $(BENCH)

run-bench-check: $(BENCH)
	tests/bench/run.sh $(BENCH) --check

build-asan: $(PROGRAM) $(UNIT) $(FUZZERS)

run-test-asan: export UBSAN_OPTIONS = print_stacktrace=1
run-test-asan: export LSAN_OPTIONS = suppressions=$(CURDIR)/tests/leaks.supp:print_suppressions=0
run-test-asan: build-asan
	tests/run_fuzz.sh replay $(FUZZERS)
	$(UNIT)

run-fuzz: $(FUZZERS)
	tests/run_fuzz.sh $(FUZZ_SECONDS) $(FUZZERS)

run-coverage: $(UNIT)
	tests/run_coverage.sh $(BUILD) base pcie pool config

# ---- phase 2: the gates ----------------------------------------------------------------------------------------------

# Scripts that judge the whole tree, given its root. tests/check/selftest.sh plants a violation for each.
TREE_GATES = toplevel layers calls length words suites format headers cppcheck
check-% $(BUILD)/tidy/%: export POOLSIM_CFLAGS = $(LANGUAGE) $(WARNINGS) $(LIB_CFLAGS)
.PHONY: run-check $(TREE_GATES:%=check-%) check-selftest check-tidy check-gcc check-clang
run-check: $(TREE_GATES:%=check-%) check-selftest check-gcc check-clang check-tidy

$(TREE_GATES:%=check-%): check-%:
	@tests/check/$*.sh .

check-selftest:
	@tests/check/selftest.sh

# Everything that a user may build, without a warning.
check-gcc:
	+@$(MAKE) --no-print-directory BUILD=$(BUILD)/werror-gcc CC=gcc WERROR=1 build-all
check-clang:
	+@$(MAKE) --no-print-directory BUILD=$(BUILD)/werror-clang CC=clang WERROR=1 build-all

.PHONY: build-all
build-all: $(PROGRAM) $(UNIT) $(if $(BENCH_SRCS),$(BENCH)) $(call objects,$(FUZZ_NAMES:%=tests/fuzz/%.c))

# clang-tidy sees one file a process; a stamp with the file's own dependencies says that it was clean.
TIDY_STAMPS = $(C_FILES:%.c=$(BUILD)/tidy/%.ok)
check-tidy: $(TIDY_STAMPS)
$(BUILD)/tidy/%.ok: %.c .clang-tidy tests/check/tidy.sh
	@mkdir -p $(@D)
	@tests/check/tidy.sh $<
	@$(CC) -MM -MP -MT $@ -MF $(@:.ok=.d) $(LANGUAGE) $(LIB_CFLAGS) $<
	@touch $@

# ---- phase 2: compiling ----------------------------------------------------------------------------------------------

say = $(if $(V),,@echo '$(1)' $@; )

$(PROGRAM): $(BUILD)/obj/src/main.o $(LIB)
	$(call say,LINK)$(LINK) -o $@ $^ $(LIB_LDLIBS) -lm

$(UNIT): $(call objects,$(TEST_SRCS)) $(LIB) | $(LAYOUT_SVH)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK_TEST) -o $@ $^ $(TEST_LDLIBS) $(LIB_LDLIBS) -lm

$(BENCH): $(call objects,$(BENCH_SRCS)) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK) -o $@ $^ $(LIB_LDLIBS) -lm

$(FUZZERS): $(BUILD)/tests/%: $(BUILD)/obj/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK_TEST) -fsanitize=fuzzer -o $@ $^ $(LIB_LDLIBS) -lm

# From scratch: an archive keeps the members whose source is gone. $(BUILD)/lib.list changes when a source comes or goes.
$(LIB): $(call objects,$(LIB_SRCS)) $(BUILD)/lib.list
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/obj/%.o: %.c $(BUILD)/flags.list
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The bit layout of the tables for Verilog, by the C preprocessor; strings become comments, each localparam gets a line.
$(LAYOUT_SVH): src/pool/pool_layout.svh.in src/pool/layout.def
	@mkdir -p $(@D)
	$(call say,MAKE)$(CC) -E -P -x c -Isrc -o $@.i $<
	@sed -e 's@^"\(.*\)"$$@// \1@' -e 's/; \(.\)/;\n\1/g' $@.i >$@

# Files that hold a list and get a new time only when it differs: objects depend on the flags that made them.
flags.list = $(CC) $(ALL_CFLAGS)
lib.list   = $(LIB_SRCS)
.PHONY: FORCE
$(BUILD)/%.list: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$($*.list))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$($*.list))' >$@

include $(dir $(firstword $(MAKEFILE_LIST)))hdl/hdl.mk

-include $(patsubst %.c,$(BUILD)/obj/%.d,$(C_FILES)) $(TIDY_STAMPS:.ok=.d)
