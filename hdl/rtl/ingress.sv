// ingress.sv - one port's way into the switch (C twin: src/fabric/switch.c, switch_lookup.c and
// switch_config.c): skid, parse, look-up, edit, and what is answered instead of passed on.
// A TLP that comes in cycle c0 is at m_ in c0 + 5; with m_sop comes where it goes (one-hot), its
// class and its data credits. Requests that are refused are answered one cycle later at a_ with UR;
// what the emulator answers comes 4 cycles later than it would be at m_, and it begins every fourth
// cycle. Answers have one beat; a refusal waits a cycle when the emulator's answer goes. One beat
// per cycle.
// A configuration request for a function that is lent to the host goes on to the VF when the shadow
// says so, in the switch's own name and under a tag of proxy_tag.sv, and to the emulator too, which
// keeps its part of it. Its completion gets its old header back.
// HOST 1: an upstream port (addr_map, id_down, the Owner's routes, emulated functions), 0: a
// downstream one (id_up).
// Write visibility: as the tables' modules say. Reset state: nothing under way, answers none.
`include "tlp_header.svh"
`include "tables.svh"
module ingress #(
    parameter HOST = 1,
    parameter UP = 2,
    parameter DOWN = 2,
    parameter ID_UP_ENTRIES = 16,
    parameter ID_UP_SRL = 0,
    parameter ID_DOWN_ENTRIES = 16,
    parameter ADDR_ENTRIES = 8,
    parameter LENT_ENTRIES = 8,
    parameter WINDOWS = 4,
    parameter FUNCTIONS = 16,
    parameter EMULATED = 4,
    parameter EMULATED_DWS = 128,
    localparam integer PORTS = UP + DOWN,
    localparam FUNCTION_W = $clog2(FUNCTIONS)
) (
    input logic clk,
    input logic rst,
    input logic [2:0] mps,
    input logic [11:0] number, // of the port: does not change
    input logic s_valid,
    output logic s_ready,
    input logic s_sop,
    input logic s_eop,
    input logic [`TLP_BEAT_W-1:0] s_beat,
    // To the receive buffer.
    output logic m_valid,
    input logic m_ready,
    output logic m_sop,
    output logic m_eop,
    output logic [`TLP_BEAT_W-1:0] m_beat,
    output logic [PORTS-1:0] m_to,
    output logic [1:0] m_class,
    output logic [8:0] m_units,
    // Answers.
    output logic a_valid,
    input logic a_ready,
    output logic [127:0] a_hdr,
    output logic [31:0] a_data,
    // Configuration requests for bridges of the switch, held until taken.
    output logic l_valid,
    input logic l_ready,
    output logic [127:0] l_hdr,
    output logic [31:0] l_data,
    // A TLP has ended here: its part of the receive buffer is free from this cycle on.
    output logic freed_valid,
    output logic [1:0] freed_class,
    output logic [8:0] freed_data,
    // What is lent behind a device port (lent_ids.sv).
    output logic [11:0] lent_port,
    output logic [15:0] lent_rid,
    /* verilator lint_off UNUSEDSIGNAL */
    input logic lent_id,
    /* verilator lint_on UNUSEDSIGNAL */
    /* verilator lint_off UNUSEDSIGNAL */
    // Device ports: [port - UP].
    input logic [DOWN*16-1:0] proxy_rids,
    input logic [DOWN*8-1:0] device_buses,
    // Requests for VFs (proxy_tag.sv): a tag is wanted at a device port, and taken.
    output logic t_want,
    output logic t_take,
    output logic [11:0] t_port,
    output logic [77:0] t_entry,
    input logic t_available,
    input logic [9:0] t_tag,
    output logic merge_valid,
    output logic [11:0] merge_port,
    output logic [9:0] merge_tag,
    output logic [31:0] merge_mask,
    output logic [31:0] merge_data,
    // An Owner has written to its device, which takes its bus number from that.
    output logic bus_valid,
    output logic [11:0] bus_port,
    output logic [7:0] bus_number,
    // A device port's own registers, and completions of requests passed on (proxy_tag.sv).
    input logic owner_valid,
    input logic [11:0] owner_port,
    input logic [15:0] proxy_rid,
    output logic c_valid,
    output logic [9:0] c_tag,
    output logic c_lent,
    output logic [15:0] c_function,
    input logic [15:0] c_epoch_of,
    output logic [7:0] c_epoch,
    input logic c_matches,
    input logic c_own,
    input logic [11:0] c_port,
    input logic [15:0] c_requester,
    input logic [9:0] c_old_tag,
    input logic [15:0] c_completer,
    input logic [31:0] c_mask,
    input logic [31:0] c_data,
    /* verilator lint_on UNUSEDSIGNAL */
    // Who may use which VF (csr_mgr.sv).
    input logic counting,
    input logic [FUNCTIONS-1:0] admits,
    input logic [FUNCTIONS*8-1:0] epochs,
    output logic issue,
    output logic complete,
    output logic [FUNCTION_W-1:0] function_of,
    input logic [EMULATED-1:0] present,
    input logic [EMULATED-1:0] ready,
    // Writes of this port's tables.
    input logic w_valid,
    input logic [2:0] w_table,
    /* verilator lint_off UNUSEDSIGNAL */
    input logic [15:0] w_index,
    /* verilator lint_on UNUSEDSIGNAL */
    /* verilator lint_off UNUSEDSIGNAL */
    input logic [pool_layout::ADDR_MAP_W-1:0] w_entry,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic w_refused,
    // Events to count.
    output logic is_unsupported,
    output logic is_dropped,
    output logic is_malformed,
    output logic is_stale,
    output logic is_undrained
);
    // What becomes of a TLP.
    localparam [2:0] FORWARD = 3'd0, REFUSE = 3'd1, EMULATE = 3'd2, LOCAL = 3'd3, SINK = 3'd4;
    localparam W = `TLP_BEAT_W + 2;

    logic stall, en; // of all stages before the editor's register
    logic en_x; // of the editor's register

    // ---- skid, parse ----

    logic k_valid, k_sop, k_eop;
    logic [`TLP_BEAT_W-1:0] k_beat;
    logic p_valid, p_sop, p_eop, p_has_data, p_malformed;
    logic [`TLP_BEAT_W-1:0] p_beat;
    logic [1:0] p_class;
    logic [2:0] p_kind;
    logic [10:0] p_length;
    /* verilator lint_off UNUSEDSIGNAL */
    logic [1:0] p_route;
    logic p_four_dw;
    /* verilator lint_on UNUSEDSIGNAL */

    tlp_skid #(.W(W)) u_skid (
        .clk, .rst, .s_valid, .s_ready, .s_beat({s_sop, s_eop, s_beat}),
        .m_valid(k_valid), .m_ready(en), .m_beat({k_sop, k_eop, k_beat})
    );
    tlp_parse u_parse (
        .clk, .rst, .en, .mps, .s_valid(k_valid), .s_sop(k_sop), .s_eop(k_eop), .s_beat(k_beat),
        .m_valid(p_valid), .m_sop(p_sop), .m_eop(p_eop), .m_beat(p_beat), .m_class(p_class),
        .m_kind(p_kind), .m_route(p_route), .m_has_data(p_has_data), .m_four_dw(p_four_dw),
        .m_length_dw(p_length), .m_malformed(p_malformed)
    );

    // ---- beside the look-up: two stages ----

    localparam SIDE_W = `TLP_BEAT_W + 2 + 2 + 3 + 1 + 1 + 9;
    logic valid1_q, valid2_q;
    logic [SIDE_W-1:0] side1_q, side2_q;
    logic q_sop, q_eop, q_has_data, q_malformed;
    logic [`TLP_BEAT_W-1:0] q_beat;
    logic [1:0] q_class;
    logic [2:0] q_kind;
    logic [8:0] q_units;
    /* verilator lint_off UNUSEDSIGNAL */
    wire [10:0] p_rounded = p_length + 11'd3; // four dwords are a unit of data credits
    /* verilator lint_on UNUSEDSIGNAL */
    wire [8:0] p_units = p_has_data ? p_rounded[10:2] : '0;

    assign {q_sop, q_eop, q_beat, q_class, q_kind, q_has_data, q_malformed, q_units} = side2_q;

    always_ff @(posedge clk) begin
        if (en) begin
            valid1_q <= p_valid;
            valid2_q <= valid1_q;
            side1_q <= {p_sop, p_eop, p_beat, p_class, p_kind, p_has_data, p_malformed, p_units};
            side2_q <= side1_q;
        end
        if (rst) begin
            valid1_q <= 1'b0;
            valid2_q <= 1'b0;
        end
    end

    wire [127:0] q_hdr = q_beat[127:0];
    wire is_cpl = q_kind == `POOL_COMPLETION;
    wire is_request = !is_cpl;
    wire q_first = valid2_q && q_sop;

    // ---- what the tables say ----

    logic hit, owner, lent;
    logic [11:0] egress;
    logic [15:0] new_rid;
    /* verilator lint_off UNUSEDSIGNAL */
    logic [15:0] function_index;
    /* verilator lint_on UNUSEDSIGNAL */
    logic [63:0] new_address;
    // Configuration requests of a host.
    logic config_local, config_owned, config_retype, config_type;
    // And those for functions that it is lent: which emulated function, and whether its VF is asked.
    logic config_user, to_vf, vf_type;
    /* verilator lint_off UNUSEDSIGNAL */
    logic [15:0] emulated;
    /* verilator lint_on UNUSEDSIGNAL */
    logic [15:0] vf_proxy_rid;
    // A completion of such a request.
    logic reheads;

    /* verilator lint_off UNUSEDSIGNAL */
    wire [63:0] p_address = p_beat[`TLP_FMT_4DW] ? p_beat[63:0] : {32'd0, p_beat[`TLP_DW2]};
    /* verilator lint_on UNUSEDSIGNAL */

    if (HOST != 0) begin : gen_host
        logic map_hit, down_hit, window, lent_address, bus, map_refused, down_refused;
        logic [11:0] map_port, down_port, window_port;
        logic [15:0] map_fn, down_fn, down_rid;
        /* verilator lint_off UNUSEDSIGNAL */
        logic [63:0] map_address;
        logic [pool_layout::BUS_W-1:0] bus_entry;
        /* verilator lint_on UNUSEDSIGNAL */
        /* verilator lint_off UNUSEDSIGNAL */
        logic map_valid, down_valid;
        /* verilator lint_on UNUSEDSIGNAL */
        wire w_map = w_valid && w_table == `POOL_TABLE_ADDR_MAP;
        wire w_down = w_valid && w_table == `POOL_TABLE_ID_DOWN;
        wire w_lent = w_valid && w_table == `POOL_TABLE_LENT;
        wire w_window = w_valid && w_table == `POOL_TABLE_WINDOW;
        wire w_bus = w_valid && w_table == `POOL_TABLE_BUS;

        addr_map #(.ENTRIES(ADDR_ENTRIES)) u_addr_map (
            .clk, .rst, .en, .s_valid(p_valid && p_sop), .s_port(number),
            .s_address({p_address[63:2], 2'b00}),
            .m_valid(map_valid), .m_hit(map_hit), .m_port(map_port), .m_fn(map_fn),
            .m_address(map_address), .w_valid(w_map),
            .w_index(w_index[$clog2(ADDR_ENTRIES)-1:0]), .w_entry, .w_refused(map_refused)
        );
        id_down #(.ENTRIES(ID_DOWN_ENTRIES)) u_id_down (
            .clk, .rst, .en, .s_valid(p_valid && p_sop), .s_port(number),
            .s_rid(p_beat[`TLP_TARGET]),
            .m_valid(down_valid), .m_hit(down_hit), .m_port(down_port), .m_rid(down_rid),
            .m_fn(down_fn), .w_valid(w_down), .w_index(w_index[$clog2(ID_DOWN_ENTRIES)-1:0]),
            .w_entry(w_entry[pool_layout::ID_DOWN_W-1:0]), .w_refused(down_refused)
        );
        route #(.WINDOWS(WINDOWS), .LENT(LENT_ENTRIES)) u_route (
            .clk, .rst, .en, .s_address(p_address), .s_bus(p_beat[63:56]), .m_window(window),
            .m_window_port(window_port), .m_lent(lent_address), .m_bus(bus),
            .m_bus_entry(bus_entry), .w_window,
            .w_window_index(w_index[(WINDOWS > 1 ? $clog2(WINDOWS) : 1)-1:0]), .w_bus,
            .w_bus_index(w_index[7:0]), .w_lent,
            .w_lent_index(w_index[(LENT_ENTRIES > 1 ? $clog2(LENT_ENTRIES) : 1)-1:0]), .w_entry
        );

        wire by_address = q_kind == `POOL_MEM_READ || q_kind == `POOL_MEM_WRITE;
        wire owned_bus = bus && bus_entry[`BUS_KIND] == 2'd0;
        wire by_id = q_kind == `POOL_COMPLETION || q_kind == `POOL_CONFIG
            || (q_kind == `POOL_MESSAGE && q_hdr[`TLP_MSG_ROUTING] == 3'd2);

        wire by_user_id = is_cpl || (q_kind == `POOL_CONFIG && config_user);

        assign lent_port = bus_entry[`BUS_PORT];
        assign lent_rid = q_hdr[`TLP_TARGET];
        assign hit = by_address ? map_hit : is_cpl && down_hit;
        assign owner = by_address ? window : by_id && owned_bus;
        assign lent = by_address ? lent_address : lent_id;
        assign egress = by_address ? (map_hit ? map_port : window_port)
            : by_user_id && down_hit ? down_port : bus_entry[`BUS_PORT];
        assign new_rid = down_rid;
        assign new_address = {map_address[63:2], q_hdr[`TLP_FMT_4DW] ? q_hdr[1:0] : q_hdr[33:32]};
        assign function_index = by_address ? map_fn : down_fn;

        // Type 0 requests are for the switch's own functions, unless it has none.
        wire as_it_came = bus_entry[`BUS_TYPE] == 2'd2;
        assign config_local = !q_hdr[`TLP_TYPE_ONE] ? !(owned_bus && as_it_came)
            : bus && bus_entry[`BUS_KIND] == 2'd2;
        assign config_owned = owned_bus && !lent_id;
        assign config_retype = !as_it_came;
        assign config_type = bus_entry[`BUS_TYPE] == 2'd1;

        // Of each dword of each emulated function: it passes to the VF.
        logic pass[0:EMULATED*EMULATED_DWS-1];
        localparam EMULATED_W = $clog2(EMULATED);
        localparam DW_W = $clog2(EMULATED_DWS);
        wire [15:0] w_function = w_entry[`CFG_SHADOW_KEY_FUNCTION];
        wire [9:0] w_dw = w_entry[`CFG_SHADOW_KEY_DW];
        wire w_in_range = w_function < EMULATED && {1'b0, w_dw} < EMULATED_DWS;
        wire [9:0] dw = q_hdr[`TLP_REGISTER];
        wire [15:0] of_slot = {8'd0, q_hdr[55:48]}; // the target's device and function
        wire there = emulated < EMULATED && {1'b0, dw} < EMULATED_DWS
            && present[emulated[EMULATED_W-1:0]] && ready[emulated[EMULATED_W-1:0]];

        always_ff @(posedge clk)
            if (w_shadow && shadow_ready && w_in_range)
                pass[{w_function[EMULATED_W-1:0], w_dw[DW_W-1:0]}] <= w_entry[`CFG_SHADOW_PASS];
        assign config_user = bus && bus_entry[`BUS_KIND] == 2'd1 && bus_entry[`BUS_TYPE] == 2'd0
            && {1'b0, of_slot[7:0]} < bus_entry[`BUS_N_FUNCTIONS];
        assign emulated = bus_entry[`BUS_FIRST_FUNCTION] + of_slot;
        assign to_vf = there && pass[{emulated[EMULATED_W-1:0], dw[DW_W-1:0]}] && down_hit;

        // How it arrives at the device: Type 0 on the device's own bus, Type 1 behind it.
        logic [7:0] device_bus;
        always_comb begin
            device_bus = '0;
            vf_proxy_rid = '0;
            for (int d = 0; d < DOWN; d++)
                if (down_port == 12'(UP + d)) begin
                    device_bus = device_bus | device_buses[d*8+:8];
                    vf_proxy_rid = vf_proxy_rid | proxy_rids[d*16+:16];
                end
        end
        assign vf_type = down_rid[15:8] != device_bus;
        assign t_port = down_port;
        assign t_entry = {number, q_hdr[`TLP_REQUESTER], q_hdr[`TLP_T9], q_hdr[`TLP_T8],
            q_hdr[`TLP_TAG], q_hdr[`TLP_TARGET], down_fn, epochs[index*8+:8]};
        assign reheads = 1'b0;
        assign c_valid = 1'b0;
        assign c_tag = '0;
        assign c_lent = 1'b0;
        assign c_function = '0;
        assign c_epoch = '0;

        assign w_refused = w_valid && (map_refused || down_refused
            || !(w_map || w_down || w_lent || w_window || w_bus || w_shadow)
            || (w_shadow && !shadow_ready));
    end else begin : gen_device
        logic [11:0] up_port;
        logic up_hit, up_refused;
        /* verilator lint_off UNUSEDSIGNAL */
        logic up_valid;
        /* verilator lint_on UNUSEDSIGNAL */
        wire w_up = w_valid && w_table == `POOL_TABLE_ID_UP;

        if (ID_UP_SRL != 0) begin : gen_srl
            id_map_srl #(.ENTRIES(ID_UP_ENTRIES)) u_id_map (
                .clk, .rst, .en, .s_valid(p_valid && p_sop), .s_port(number),
                .s_rid(p_beat[`TLP_REQUESTER]),
                .m_valid(up_valid), .m_hit(up_hit), .m_port(up_port), .m_rid(new_rid),
                .m_fn(function_index), .w_valid(w_up),
                .w_index(w_index[$clog2(ID_UP_ENTRIES)-1:0]),
                .w_entry(w_entry[pool_layout::ID_UP_W-1:0]), .w_refused(up_refused)
            );
        end else begin : gen_register
            id_map #(.ENTRIES(ID_UP_ENTRIES)) u_id_map (
                .clk, .rst, .en, .s_valid(p_valid && p_sop), .s_port(number),
                .s_rid(p_beat[`TLP_REQUESTER]),
                .m_valid(up_valid), .m_hit(up_hit), .m_port(up_port), .m_rid(new_rid),
                .m_fn(function_index), .w_valid(w_up),
                .w_index(w_index[$clog2(ID_UP_ENTRIES)-1:0]),
                .w_entry(w_entry[pool_layout::ID_UP_W-1:0]), .w_refused(up_refused)
            );
        end

        assign hit = up_hit;
        assign owner = owner_valid;
        assign lent = 1'b0;
        assign egress = reheads ? c_port : up_hit ? up_port : owner_port;
        assign new_address = '0;
        assign lent_port = '0;
        assign lent_rid = '0;
        assign config_local = 1'b0;
        assign config_owned = 1'b0;
        assign config_retype = 1'b0;
        assign config_type = 1'b0;
        assign config_user = 1'b0;
        assign emulated = '1;
        assign to_vf = 1'b0;
        assign vf_type = 1'b0;
        assign vf_proxy_rid = '0;
        assign t_port = '0;
        assign t_entry = '0;

        // The epoch of the VF that was asked tells whether the answer is late.
        logic [7:0] epoch;
        assign reheads = is_cpl && owner_valid && q_hdr[`TLP_CPL_REQUESTER] == proxy_rid;
        assign c_valid = reheads && q_first && en && !q_malformed;
        assign c_tag = {q_hdr[`TLP_T9], q_hdr[`TLP_T8], q_hdr[`TLP_CPL_TAG]};
        assign c_lent = up_hit;
        assign c_function = function_index;
        always_comb begin
            epoch = '0;
            for (int f = 0; f < FUNCTIONS; f++)
                if (c_epoch_of[FUNCTION_W-1:0] == FUNCTION_W'(f))
                    epoch = epoch | epochs[f*8+:8];
        end
        assign c_epoch = epoch;
        assign w_refused = w_valid && (up_refused || !w_up);
    end

    // ---- what becomes of it ----

    logic [1:0] verdict;
    classify u_classify (
        .downstream(HOST != 0), .kind(q_kind), .hit, .owner, .lent, .verdict
    );

    // Messages by what they are for (look_up_message of switch_config.c).
    wire [7:0] code = q_hdr[`TLP_MSG_CODE];
    wire of_port = code == 8'h00 || code == 8'h14 || code == 8'h19 || code == 8'h50;
    wire of_error = code == 8'h30 || code == 8'h31 || code == 8'h33;
    wire of_pme = code == 8'h18 || code == 8'h1b;
    wire of_intx = code[7:3] == 5'b00100;
    wire message_down = owner && !lent && !of_error && !of_pme && !of_intx;
    wire message_up = !of_port && !(of_intx && hit) && (hit || owner);
    wire message_ends = HOST != 0 && of_port; // at the host's own virtual port, as it should

    // A requester without an Owner is nobody's.
    wire nobody = HOST == 0 && !hit && !owner;
    wire non_posted = q_class == `CLASS_NONPOSTED;
    wire [FUNCTION_W-1:0] index =
        reheads ? c_epoch_of[FUNCTION_W-1:0] : function_index[FUNCTION_W-1:0];
    wire remap = q_kind == `POOL_MESSAGE ? HOST == 0 && hit : verdict == `POOL_REMAP && !reheads;
    wire asks_vf = q_kind == `POOL_CONFIG && !config_local && config_user && to_vf;
    wire proxied = asks_vf && t_available && !not_admitted && to != '0;
    wire counted = counting && ((remap && q_kind != `POOL_MESSAGE) || asks_vf || reheads);
    wire not_admitted = counted && is_request && non_posted && !admits[index];
    wire [PORTS-1:0] to = egress < 12'(PORTS) ? PORTS'(1) << egress : '0;

    logic [2:0] outcome;
    always_comb begin
        if (q_malformed)
            outcome = SINK;
        else if (q_kind == `POOL_CONFIG)
            outcome = config_local ? LOCAL
                : proxied || (config_owned && to != '0) ? FORWARD : EMULATE;
        else if (reheads)
            outcome = c_matches && !c_own && to != '0 ? FORWARD : SINK;
        else if (q_kind == `POOL_IO)
            outcome = EMULATE;
        else if (to == '0 || nobody)
            outcome = non_posted ? REFUSE : SINK;
        else if (q_kind == `POOL_MESSAGE)
            outcome = (HOST != 0 ? message_down : message_up) ? FORWARD : SINK;
        else if (verdict == `POOL_DROP)
            outcome = SINK;
        else
            outcome = verdict == `POOL_UNSUPPORTED || not_admitted ? REFUSE : FORWARD;
    end

    // The last completion of its request (2.2.9): what it has is all that is left.
    wire [12:0] byte_count = {q_hdr[`TLP_CPL_BYTES] == '0, q_hdr[`TLP_CPL_BYTES]};
    wire [12:0] has_bytes =
        {q_hdr[`TLP_LENGTH] == '0, q_hdr[`TLP_LENGTH], 2'b00} - {11'd0, q_hdr[33:32]};
    wire is_last = !q_has_data || has_bytes >= byte_count;

    assign issue = q_first && en && counted && is_request && non_posted && outcome == FORWARD;
    assign complete =
        q_first && en && counted && is_cpl && (is_last || reheads) && outcome == FORWARD;
    assign t_want = q_first && asks_vf && !not_admitted && !q_malformed;
    assign t_take = q_first && en && proxied && outcome == FORWARD;
    assign bus_valid = q_first && en && outcome == FORWARD && q_kind == `POOL_CONFIG && !proxied
        && q_has_data && !(config_retype ? config_type : q_hdr[`TLP_TYPE_ONE]);
    assign bus_port = egress;
    assign bus_number = q_hdr[63:56];
    assign function_of = index;

    // ---- edit ----

    logic x_valid, x_sop, x_eop;
    logic [2:0] x_outcome;
    logic [PORTS-1:0] x_to;
    logic [1:0] x_class;
    logic [8:0] x_units;
    logic x_malformed, x_undrained, x_stale, x_drop;
    wire edits = outcome == FORWARD && remap;
    wire named = outcome == FORWARD && (proxied || reheads); // gets another name

    // What the shadow has of a dword takes its place in the VF's.
    wire merges = reheads && q_sop && q_has_data;
    wire [31:0] merged = (q_beat[159:128] & ~c_mask) | c_data;
    wire [`TLP_BEAT_W-1:0] beat =
        {q_beat[`TLP_BEAT_W-1:160], merges ? merged : q_beat[159:128], q_beat[127:0]};

    hdr_edit u_edit (
        .clk, .rst, .en(en_x), .s_valid(valid2_q && !stall), .s_sop(q_sop), .s_eop(q_eop),
        .s_beat(beat), .edit_source((edits && HOST == 0) || named),
        .edit_target((edits && HOST != 0 && is_cpl) || named),
        .edit_address(edits && HOST != 0 && is_request), .edit_tag(named),
        .edit_type(outcome == FORWARD && q_kind == `POOL_CONFIG && (proxied || config_retype)),
        .source(proxied ? vf_proxy_rid : reheads ? c_completer : new_rid),
        .target(reheads ? c_requester : new_rid), .tag(reheads ? c_old_tag : t_tag),
        .type_one(proxied ? vf_type : config_type),
        .address(new_address), .m_valid(x_valid), .m_sop(x_sop), .m_eop(x_eop), .m_beat(m_beat)
    );

    always_ff @(posedge clk)
        if (en && q_first) begin
            x_outcome <= outcome;
            x_to <= to;
            x_class <= q_class;
            x_units <= q_units;
            x_malformed <= q_malformed;
            x_undrained <= not_admitted && (outcome == REFUSE || outcome == EMULATE);
            x_stale <= reheads && !c_matches && !q_malformed;
            x_drop <= outcome == SINK && (q_malformed
                || !(reheads || (q_kind == `POOL_MESSAGE && message_ends)));
        end

    // ---- answers ----

    logic [127:0] emu_hdr_q;
    logic emu_vf_q, emu_again_q;
    logic [11:0] emu_port_q;
    logic [9:0] emu_tag_q;
    logic emu_valid, emu_ready, gen_ready, gen_data_q;
    logic [2:0] emu_status;
    logic [31:0] emu_data, gen_value_q;
    wire w_shadow = w_valid && w_table == `POOL_TABLE_CFG_SHADOW;
    /* verilator lint_off UNUSEDSIGNAL */
    logic shadow_ready;
    /* verilator lint_on UNUSEDSIGNAL */
    // Asked for an answer, or for its part of what goes on to the VF.
    wire asks_emu = q_first && (outcome == EMULATE || (outcome == FORWARD && proxied));
    wire emu_take = asks_emu && en_x && emu_ready;
    // No tag is free, or the VF is not assigned: try again.
    wire emu_again = asks_vf && outcome == EMULATE;
    wire emu_goes = emu_vf_q || gen_ready; // its result, when it has one
    wire emu_answers = emu_valid && !emu_vf_q;
    wire emu_has_data = emu_status == '0 && emu_hdr_q[124:121] == 4'b0010
        && !emu_hdr_q[`TLP_FMT_DATA];
    wire is_config = emu_hdr_q[124:121] == 4'b0010;
    wire refuses = x_valid && x_sop && x_outcome == REFUSE && !emu_answers;

    // What is before the one that waits for the emulator goes on: the emulator's answers may wait for
    // the rest of a TLP that is half through the crossbar.
    assign stall = asks_emu && !emu_ready;

    always_ff @(posedge clk) begin
        if (emu_take) begin
            emu_hdr_q <= q_hdr;
            emu_vf_q <= outcome == FORWARD;
            emu_again_q <= emu_again;
            emu_port_q <= egress;
            emu_tag_q <= t_tag;
        end
    end

    if (HOST != 0) begin : gen_emulator
        logic cfg_ready;
        logic [2:0] cfg_outcome;
        cfg_emu #(.FUNCTIONS(EMULATED), .DWS(EMULATED_DWS)) u_cfg_emu (
            .clk, .rst, .present, .ready, .s_valid(emu_take), .s_ready(cfg_ready),
            .s_function(q_kind == `POOL_CONFIG && config_user && !emu_again ? emulated : 16'hffff),
            .s_dw(q_hdr[`TLP_REGISTER]), .s_write(q_has_data),
            .s_byte_enables(q_hdr[`TLP_FIRST_BE]), .s_data(q_beat[159:128]), .m_valid(emu_valid),
            .m_ready(emu_goes), .m_outcome(cfg_outcome), .m_data(emu_data),
            .m_mask(merge_mask),
            .w_valid(w_shadow), .w_ready(shadow_ready),
            .w_entry(w_entry[pool_layout::CFG_SHADOW_W-1:0])
        );
        assign emu_ready = cfg_ready && !w_shadow;
        assign emu_status =
            emu_again_q || cfg_outcome == 3'd4 ? 3'd2 : cfg_outcome == 3'd0 ? 3'd0 : 3'd1;
        assign merge_valid = emu_valid && emu_vf_q && !emu_hdr_q[`TLP_FMT_DATA]
            && cfg_outcome == 3'd2;
        assign merge_port = emu_port_q;
        assign merge_tag = emu_tag_q;
        assign merge_data = emu_data;
    end else begin : gen_no_emulator
        logic [3:0] step_q;

        always_ff @(posedge clk) begin
            if (!emu_valid || emu_goes)
                step_q <= {step_q[2:0], emu_take};
            if (rst)
                step_q <= '0;
        end
        assign emu_ready = step_q == '0 || (emu_valid && emu_goes);
        assign emu_valid = step_q[3];
        assign emu_status = 3'd1;
        assign emu_data = '0;
        assign shadow_ready = 1'b0;
        assign merge_valid = 1'b0;
        assign merge_port = '0;
        assign merge_tag = '0;
        assign merge_mask = '0;
        assign merge_data = '0;
        /* verilator lint_off UNUSEDSIGNAL */
        wire unused = &{present, ready, w_shadow, emu_again_q, emu_port_q, emu_tag_q};
        /* verilator lint_on UNUSEDSIGNAL */
    end

    logic [127:0] gen_hdr;
    cpl_gen u_cpl_gen (
        .clk, .rst, .s_valid(emu_answers || refuses), .s_ready(gen_ready),
        .s_hdr(emu_answers ? emu_hdr_q : m_beat[127:0]),
        .s_status(emu_answers ? emu_status : 3'd1),
        .completer(emu_answers && is_config ? emu_hdr_q[`TLP_TARGET] : '0),
        .m_valid(a_valid), .m_ready(a_ready), .m_hdr(gen_hdr)
    );
    always_ff @(posedge clk)
        if (gen_ready) begin
            gen_data_q <= emu_answers && emu_has_data;
            gen_value_q <= emu_data;
        end
    always_comb begin
        a_hdr = gen_hdr;
        if (gen_data_q) begin
            a_hdr[`TLP_FMT_DATA] = 1'b1;
            a_hdr[`TLP_LENGTH] = 10'd1;
        end
    end
    assign a_data = gen_data_q ? gen_value_q : '0;

    // ---- out ----

    logic x_ready;
    always_comb begin
        case (x_outcome)
            FORWARD: x_ready = m_ready;
            REFUSE: x_ready = !x_sop || (gen_ready && !emu_answers);
            LOCAL: x_ready = !x_sop || l_ready;
            default: x_ready = 1'b1;
        endcase
    end

    wire x_ends = x_valid && x_sop && x_ready && x_outcome != FORWARD;

    assign en_x = x_ready || !x_valid;
    assign en = en_x && !stall;
    assign m_valid = x_valid && x_outcome == FORWARD;
    assign m_sop = x_sop;
    assign m_eop = x_eop;
    assign m_to = x_to;
    assign m_class = x_class;
    assign m_units = x_units;
    assign l_valid = x_valid && x_sop && x_outcome == LOCAL;
    assign l_hdr = m_beat[127:0];
    assign l_data = m_beat[159:128];
    assign freed_valid = x_ends;
    assign freed_class = x_class;
    assign freed_data = x_units;
    assign is_unsupported = (x_ends && x_outcome == REFUSE)
        || (emu_answers && gen_ready && emu_status == 3'd1);
    assign is_dropped = x_ends && x_drop;
    assign is_malformed = x_ends && x_malformed;
    assign is_stale = x_ends && x_stale;
    assign is_undrained = x_ends && x_undrained;
endmodule
