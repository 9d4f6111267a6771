// pool_switch.sv - the multi-root switch (C twin: src/fabric/switch.c with switch_lookup.c,
// switch_config.c and switch_crossbar.c in their default configuration: virtual output queues, round
// robin, one VC, cut-through). Ports 0 to UP - 1 are upstream ports, behind which hosts are; the DOWN
// others are downstream ports, behind which devices are.
//
// A TLP whose first beat is taken at s_ in cycle c0 is granted the crossbar in c0 + 5 at the earliest,
// and leaves at m_ in the cycle behind the grant: skid 1, parse 1, look-up 2, edit 1, crossbar 1. A
// completion that the switch makes itself for a refused request is one cycle later. One beat per
// cycle and port, without a gap between TLPs.
//
// Behind the editor a TLP waits in the receive buffer of its ingress, by egress and class. In each
// cycle every egress that can start a TLP grants the first ingress from its pointer on that has one
// for it with credits; an ingress accepts one grant (tlp_xbar). Of the TLPs of one ingress for one
// egress the oldest goes that has credits and may pass all that are older (table 2-40). A TLP keeps
// its ingress and its egress until its last beat. s_ready stalls when the buffer is full, which
// senders that have only credits for SLOTS TLPs do not see.
//
// Tables are written by w_*, one entry per cycle, seen by look-ups that begin in the next cycle; a
// write kills look-ups under way that matched its entry (id_map.sv). Reset state: no TLP inside, no
// credits, tables empty, or as their files say.
`include "tlp_header.svh"
`include "tables.svh"
module pool_switch #(
    parameter UP = 2, // upstream (host) ports, 1 or more
    parameter DOWN = 2, // downstream (device) ports, 1 or more
    parameter ID_UP_ENTRIES = 16, // of a downstream port
    parameter ID_UP_SRL = 0, // 1: id_map_srl instead of id_map
    parameter ID_DOWN_ENTRIES = 16, // of an upstream port, a power of two
    parameter ADDR_ENTRIES = 8, // of an upstream port
    parameter LENT_ENTRIES = 8, // of an upstream port
    parameter WINDOWS = 4, // of an upstream port
    parameter FUNCTIONS = 16, // VFs in the pool, a power of two
    parameter EMULATED = 4, // emulated functions of an upstream port, a power of two
    parameter EMULATED_DWS = 128, // dwords of each that have a row, a power of two
    parameter TAGS = 16, // proxy tags of a downstream port
    parameter SLOTS = 16, // TLPs that a receive buffer holds
    parameter BEATS = 8, // of the largest TLP
    parameter ANSWERS = 8, // completions of its own that a port holds
    localparam integer PORTS = UP + DOWN,
    localparam FUNCTION_W = $clog2(FUNCTIONS)
) (
    input logic clk,
    input logic rst,
    input logic [2:0] mps, // Max_Payload_Size is 128 << mps bytes
    // TLPs in and out, [port]: see hdl/README.md, "The stream".
    input logic [PORTS-1:0] s_valid,
    output logic [PORTS-1:0] s_ready,
    input logic [PORTS-1:0] s_sop,
    input logic [PORTS-1:0] s_eop,
    input logic [PORTS*`TLP_BEAT_W-1:0] s_beat,
    output logic [PORTS-1:0] m_valid,
    input logic [PORTS-1:0] m_ready,
    output logic [PORTS-1:0] m_sop,
    output logic [PORTS-1:0] m_eop,
    output logic [PORTS*`TLP_BEAT_W-1:0] m_beat,
    // What is behind an egress can take another TLP: looked at when one is to be granted.
    input logic [PORTS-1:0] m_room,
    // Credits of the receivers behind the egress ports (credit.sv): InitFC and UpdateFC.
    input logic [PORTS-1:0] init_valid,
    input logic [PORTS*2-1:0] init_class,
    input logic [PORTS*8-1:0] init_header,
    input logic [PORTS*12-1:0] init_data,
    input logic [PORTS*3-1:0] update_valid, // [port * 3 + class]
    input logic [PORTS*24-1:0] update_header,
    input logic [PORTS*36-1:0] update_data,
    // Receive buffers that have become free in the cycle before, one header and so many data units
    // each. [port * 2]: its TLP has left through the crossbar; [port * 2 + 1]: it was refused,
    // answered or dropped.
    output logic [PORTS*2-1:0] freed_valid,
    output logic [PORTS*4-1:0] freed_class,
    output logic [PORTS*18-1:0] freed_data,
    // Tables: entry w_index of table w_table of port w_port; entries lie at the low end of w_entry.
    // A write is refused (combinational) as the tables' modules say.
    input logic w_valid,
    input logic [2:0] w_table, // POOL_TABLE_*
    input logic [11:0] w_port,
    input logic [15:0] w_index,
    input logic [pool_layout::ADDR_MAP_W-1:0] w_entry,
    output logic w_refused,
    // Who has which VF (csr_mgr.sv). Requests are admitted and counted while counting is set.
    input logic counting,
    input logic [2:0] command,
    input logic [15:0] command_function,
    input logic [11:0] place_port,
    input logic [11:0] place_slot,
    input logic [15:0] place_function,
    output logic [2:0] result,
    output logic [FUNCTIONS-1:0] drain_ack,
    input logic [FUNCTION_W-1:0] r_function,
    output logic [pool_layout::ASSIGNMENT_W-1:0] r_entry,
    // Emulated functions of upstream ports (cfg_emu.sv).
    input logic [UP*EMULATED-1:0] present,
    input logic [UP*EMULATED-1:0] ready,
    // Configuration requests of hosts for bridges of the switch (Type 0, and buses of KIND 2): header
    // and data, held until taken. Their answers come as TLPs of the switch's own.
    output logic [UP-1:0] local_valid,
    input logic [UP-1:0] local_ready,
    output logic [UP*128-1:0] local_hdr,
    output logic [UP*32-1:0] local_data,
    // TLPs of the switch's own for an egress port, of one beat with one dword of data at most.
    input logic [PORTS-1:0] own_valid,
    output logic [PORTS-1:0] own_ready,
    input logic [PORTS*128-1:0] own_hdr,
    input logic [PORTS*32-1:0] own_data,
    // Counters since the reset, of all ports.
    output logic [31:0] count_unsupported, // requests answered UR
    output logic [31:0] count_dropped, // TLPs dropped
    output logic [31:0] count_malformed, // of them: malformed
    output logic [31:0] count_stale, // of them: late completions of requests passed on
    output logic [31:0] count_undrained // requests refused as their VF is not assigned
);
    localparam W = `TLP_BEAT_W + 1; // with sop

    logic [PORTS*PORTS-1:0] req, take;
    logic [PORTS-1:0] x_eop;
    logic [PORTS*W-1:0] x_beat, y_beat;
    // [ingress]: what the crossbar takes of a port.
    logic [PORTS-1:0] first;
    logic [PORTS*2-1:0] first_class;
    logic [PORTS*9-1:0] first_units;
    // [ingress * PORTS + egress]: queries of credits, and what is allowed.
    logic [PORTS*PORTS*3*9-1:0] head_units;
    logic [PORTS*PORTS*3-1:0] allow;
    logic [PORTS*2-1:0] answer_class;
    logic [PORTS-1:0] answer_data, answer_allow;
    // Tables, VFs.
    logic [PORTS-1:0] w_accepted, w_rejected;
    logic [UP*12-1:0] lent_port;
    logic [UP*16-1:0] lent_rid;
    logic [UP-1:0] lent_id;
    logic [FUNCTIONS-1:0] admits;
    logic [2*PORTS-1:0] issue, complete;
    logic [PORTS*FUNCTION_W-1:0] function_of;
    logic [FUNCTIONS*8-1:0] epochs;
    logic [PORTS-1:0] is_unsupported, is_dropped, is_malformed, is_stale, is_undrained;
    // Device ports, and what hosts ask of their VFs, [host].
    logic [DOWN-1:0] owner_valid_q;
    logic [DOWN*12-1:0] owner_port_q;
    logic [DOWN*16-1:0] proxy_rid_q;
    logic [DOWN*8-1:0] device_bus_q;
    logic [UP-1:0] t_want, t_take, t_available, merge_valid, bus_valid;
    logic [UP*12-1:0] t_port, merge_port, bus_port;
    logic [UP*78-1:0] t_entry;
    logic [UP*10-1:0] t_tag, merge_tag;
    logic [UP*32-1:0] merge_mask, merge_data;
    logic [UP*8-1:0] bus_number;
    logic [DOWN*UP-1:0] offered; // [device][host]
    logic [DOWN*UP*10-1:0] offered_tag;

    for (genvar p = 0; p < PORTS; p++) begin : gen_port
        logic in_valid, in_ready, in_sop, in_eop;
        logic [`TLP_BEAT_W-1:0] in_beat, buf_beat;
        logic [PORTS-1:0] in_to, buf_req, buf_take;
        logic [1:0] in_class, buf_class;
        logic [8:0] in_units, buf_units;
        logic buf_sop, buf_eop;
        logic gen_valid, gen_ready, answer_valid, answer_take;
        logic [127:0] gen_hdr, answer_hdr;
        logic [31:0] gen_data, answer_value;
        logic left_q;
        logic [1:0] left_class_q;
        logic [8:0] left_units_q;
        logic port_issue, port_complete;
        localparam HOST = p < UP ? 1 : 0;
        wire w_mine = w_valid && w_port == p;
        wire w_of_port = w_mine && w_table == `POOL_TABLE_PORT && HOST == 0;

        assign w_accepted[p] = w_mine && (!w_rejected[p] || w_of_port);
        assign issue[HOST != 0 ? p : PORTS + p] = port_issue;
        assign issue[HOST != 0 ? PORTS + p : p] = 1'b0;
        assign complete[HOST != 0 ? PORTS + p : p] = port_complete;
        assign complete[HOST != 0 ? p : PORTS + p] = 1'b0;

        if (HOST != 0) begin : gen_host
            /* verilator lint_off UNUSEDSIGNAL */
            logic none, no_lent;
            logic [9:0] no_tag;
            logic [15:0] no_function;
            logic [7:0] no_epoch;
            /* verilator lint_on UNUSEDSIGNAL */
            ingress #(
                .HOST(1), .UP(UP), .DOWN(DOWN), .ID_DOWN_ENTRIES(ID_DOWN_ENTRIES),
                .ADDR_ENTRIES(ADDR_ENTRIES), .LENT_ENTRIES(LENT_ENTRIES), .WINDOWS(WINDOWS),
                .FUNCTIONS(FUNCTIONS), .EMULATED(EMULATED), .EMULATED_DWS(EMULATED_DWS)
            ) u_ingress (
                .clk, .rst, .mps, .number(12'(p)), .s_valid(s_valid[p]), .s_ready(s_ready[p]),
                .s_sop(s_sop[p]), .s_eop(s_eop[p]),
                .s_beat(s_beat[p*`TLP_BEAT_W+:`TLP_BEAT_W]),
                .m_valid(in_valid), .m_ready(in_ready), .m_sop(in_sop), .m_eop(in_eop),
                .m_beat(in_beat), .m_to(in_to), .m_class(in_class), .m_units(in_units),
                .a_valid(gen_valid), .a_ready(gen_ready), .a_hdr(gen_hdr), .a_data(gen_data),
                .l_valid(local_valid[p]), .l_ready(local_ready[p]),
                .l_hdr(local_hdr[p*128+:128]), .l_data(local_data[p*32+:32]),
                .freed_valid(freed_valid[p*2+1]), .freed_class(freed_class[p*4+2+:2]),
                .freed_data(freed_data[p*18+9+:9]), .lent_port(lent_port[p*12+:12]),
                .lent_rid(lent_rid[p*16+:16]), .lent_id(lent_id[p]), .proxy_rids(proxy_rid_q),
                .device_buses(device_bus_q), .t_want(t_want[p]), .t_take(t_take[p]),
                .t_port(t_port[p*12+:12]), .t_entry(t_entry[p*78+:78]),
                .t_available(t_available[p]), .t_tag(t_tag[p*10+:10]),
                .merge_valid(merge_valid[p]), .merge_port(merge_port[p*12+:12]),
                .merge_tag(merge_tag[p*10+:10]), .merge_mask(merge_mask[p*32+:32]),
                .merge_data(merge_data[p*32+:32]), .bus_valid(bus_valid[p]),
                .bus_port(bus_port[p*12+:12]), .bus_number(bus_number[p*8+:8]),
                .owner_valid(1'b0), .owner_port(12'd0), .proxy_rid(16'd0), .c_valid(none),
                .c_tag(no_tag), .c_lent(no_lent), .c_function(no_function),
                .c_epoch_of(16'd0), .c_epoch(no_epoch), .c_matches(1'b0), .c_own(1'b0),
                .c_port(12'd0), .c_requester(16'd0), .c_old_tag(10'd0), .c_completer(16'd0),
                .c_mask(32'd0), .c_data(32'd0), .counting, .admits, .epochs,
                .issue(port_issue), .complete(port_complete),
                .function_of(function_of[p*FUNCTION_W+:FUNCTION_W]),
                .present(present[p*EMULATED+:EMULATED]), .ready(ready[p*EMULATED+:EMULATED]),
                .w_valid(w_mine), .w_table, .w_index, .w_entry, .w_refused(w_rejected[p]),
                .is_unsupported(is_unsupported[p]), .is_dropped(is_dropped[p]),
                .is_malformed(is_malformed[p]), .is_stale(is_stale[p]),
                .is_undrained(is_undrained[p])
            );
        end else begin : gen_device
            /* verilator lint_off UNUSEDSIGNAL */
            logic none;
            logic [127:0] no_hdr;
            logic [31:0] no_data;
            logic [11:0] no_port;
            logic [15:0] no_rid;
            logic no_want, no_take, no_merge, no_bus;
            logic [11:0] no_t_port, no_merge_port, no_bus_port;
            logic [77:0] no_entry;
            logic [9:0] no_tag;
            logic [31:0] no_mask, no_bits;
            logic [7:0] no_number;
            /* verilator lint_on UNUSEDSIGNAL */
            localparam D = p - UP;
            logic c_valid, c_lent, c_matches, c_own;
            logic [9:0] c_tag, c_old_tag;
            logic [15:0] c_function, c_epoch_of, c_requester, c_completer;
            logic [7:0] c_epoch;
            logic [11:0] c_port;
            logic [31:0] c_mask, c_data;
            logic [UP-1:0] wanted, takes, merges, writes_bus;
            logic [7:0] new_bus;

            for (genvar u = 0; u < UP; u++) begin : gen_of_host
                assign wanted[u] = t_want[u] && t_port[u*12+:12] == p;
                assign takes[u] = t_take[u] && t_port[u*12+:12] == p;
                assign merges[u] = merge_valid[u] && merge_port[u*12+:12] == p;
                assign writes_bus[u] = bus_valid[u] && bus_port[u*12+:12] == p;
            end
            proxy_tag #(.TAGS(TAGS), .LANES(UP)) u_proxy_tag (
                .clk, .rst, .want(wanted), .available(offered[D*UP+:UP]),
                .tag(offered_tag[D*UP*10+:UP*10]), .take(takes), .s_entry(t_entry),
                .merge_valid(merges), .merge_tag, .merge_mask, .merge_data,
                .own_valid(own_valid[p] && own_ready[p] && own_hdr[p*128+124-:4] == 4'b0010
                    && own_hdr[p*128+80+:16] == proxy_rid_q[D*16+:16]),
                .own_tag({own_hdr[p*128+119], own_hdr[p*128+115], own_hdr[p*128+72+:8]}), .c_valid,
                .c_tag, .c_lent, .c_function, .c_epoch_of, .c_epoch, .c_matches, .c_own, .c_port,
                .c_requester, .c_old_tag, .c_completer, .c_mask, .c_data
            );

            always_comb begin
                new_bus = '0;
                for (int u = 0; u < UP; u++)
                    new_bus = new_bus | (bus_number[u*8+:8] & {8{writes_bus[u]}});
            end
            always_ff @(posedge clk) begin
                if (w_of_port) begin
                    owner_valid_q[D] <= w_entry[`PORT_VALID];
                    owner_port_q[D*12+:12] <= w_entry[`PORT_OWNER_PORT];
                    proxy_rid_q[D*16+:16] <= w_entry[`PORT_PROXY_RID];
                    device_bus_q[D*8+:8] <= w_entry[`PORT_DEVICE_BUS];
                end
                if (writes_bus != '0)
                    device_bus_q[D*8+:8] <= new_bus;
                if (rst) begin
                    owner_valid_q[D] <= 1'b0;
                    proxy_rid_q[D*16+:16] <= '0;
                    device_bus_q[D*8+:8] <= '0;
                end
            end
            ingress #(
                .HOST(0), .UP(UP), .DOWN(DOWN), .ID_UP_ENTRIES(ID_UP_ENTRIES),
                .ID_UP_SRL(ID_UP_SRL), .FUNCTIONS(FUNCTIONS), .EMULATED(EMULATED)
            ) u_ingress (
                .clk, .rst, .mps, .number(12'(p)), .s_valid(s_valid[p]), .s_ready(s_ready[p]),
                .s_sop(s_sop[p]), .s_eop(s_eop[p]),
                .s_beat(s_beat[p*`TLP_BEAT_W+:`TLP_BEAT_W]),
                .m_valid(in_valid), .m_ready(in_ready), .m_sop(in_sop), .m_eop(in_eop),
                .m_beat(in_beat), .m_to(in_to), .m_class(in_class), .m_units(in_units),
                .a_valid(gen_valid), .a_ready(gen_ready), .a_hdr(gen_hdr), .a_data(gen_data),
                .l_valid(none), .l_ready(1'b1), .l_hdr(no_hdr), .l_data(no_data),
                .freed_valid(freed_valid[p*2+1]), .freed_class(freed_class[p*4+2+:2]),
                .freed_data(freed_data[p*18+9+:9]), .lent_port(no_port), .lent_rid(no_rid),
                .lent_id(1'b0), .proxy_rids(proxy_rid_q), .device_buses(device_bus_q),
                .t_want(no_want), .t_take(no_take), .t_port(no_t_port), .t_entry(no_entry),
                .t_available(1'b0), .t_tag(10'd0), .merge_valid(no_merge),
                .merge_port(no_merge_port), .merge_tag(no_tag), .merge_mask(no_mask),
                .merge_data(no_bits), .bus_valid(no_bus), .bus_port(no_bus_port),
                .bus_number(no_number), .owner_valid(owner_valid_q[D]),
                .owner_port(owner_port_q[D*12+:12]), .proxy_rid(proxy_rid_q[D*16+:16]), .c_valid,
                .c_tag, .c_lent, .c_function, .c_epoch_of, .c_epoch, .c_matches, .c_own, .c_port,
                .c_requester, .c_old_tag, .c_completer, .c_mask, .c_data, .counting, .admits,
                .epochs,
                .issue(port_issue), .complete(port_complete),
                .function_of(function_of[p*FUNCTION_W+:FUNCTION_W]),
                .present({EMULATED{1'b0}}), .ready({EMULATED{1'b0}}),
                .w_valid(w_mine), .w_table, .w_index, .w_entry, .w_refused(w_rejected[p]),
                .is_unsupported(is_unsupported[p]), .is_dropped(is_dropped[p]),
                .is_malformed(is_malformed[p]), .is_stale(is_stale[p]),
                .is_undrained(is_undrained[p])
            );
        end

        recv_buf #(.PORTS(PORTS), .SLOTS(SLOTS), .BEATS(BEATS)) u_buf (
            .clk, .rst, .s_valid(in_valid), .s_ready(in_ready), .s_sop(in_sop), .s_eop(in_eop),
            .s_beat(in_beat), .s_to(in_to), .s_class(in_class), .s_units(in_units),
            .head_units(head_units[p*PORTS*27+:PORTS*27]), .allow(allow[p*PORTS*3+:PORTS*3]),
            .m_req(buf_req), .m_take(buf_take), .m_sop(buf_sop), .m_eop(buf_eop),
            .m_beat(buf_beat), .m_class(buf_class), .m_units(buf_units)
        );

        answer_queue #(.DEPTH(ANSWERS)) u_answers (
            .clk, .rst, .s_valid(gen_valid), .s_ready(gen_ready), .s_hdr(gen_hdr),
            .s_data(gen_data), .own_valid(own_valid[p]), .own_ready(own_ready[p]),
            .own_hdr(own_hdr[p*128+:128]), .own_data(own_data[p*32+:32]), .m_valid(answer_valid),
            .m_ready(answer_take), .m_hdr(answer_hdr), .m_data(answer_value),
            .m_class(answer_class[p*2+:2]), .m_has_data(answer_data[p])
        );

        // Answers go back where their requests came from, behind what the buffer has for there.
        wire answer_goes = buf_sop && answer_valid && answer_allow[p] && !buf_req[p];

        for (genvar e = 0; e < PORTS; e++) begin : gen_egress
            assign req[p*PORTS+e] =
                (buf_req[e] || (e == p && answer_goes)) && (!buf_sop || m_room[e]);
        end
        assign answer_take = take[p*PORTS+p] && answer_goes;
        assign buf_take = take[p*PORTS+:PORTS] & buf_req;
        assign first[p] = buf_sop && take[p*PORTS+:PORTS] != '0;
        assign first_class[p*2+:2] = answer_take ? answer_class[p*2+:2] : buf_class;
        assign first_units[p*9+:9] = answer_take ? {8'd0, answer_data[p]} : buf_units;
        assign x_eop[p] = answer_take || buf_eop;
        assign x_beat[p*W+:W] = answer_take
            ? {1'b1, 7'd0, answer_data[p], 224'd0, answer_value, answer_hdr}
            : {buf_sop, buf_beat};

        // What has left gives its credits back, but for what the switch made itself.
        always_ff @(posedge clk) begin
            left_q <= buf_take != '0 && buf_eop;
            left_class_q <= buf_class;
            left_units_q <= buf_units;
            if (rst)
                left_q <= 1'b0;
        end
        assign freed_valid[p*2] = left_q;
        assign freed_class[p*4+:2] = left_class_q;
        assign freed_data[p*18+:9] = left_units_q;
    end

    tlp_xbar #(.PORTS(PORTS), .W(W)) u_xbar (
        .clk, .rst, .s_req(req), .s_take(take), .s_eop(x_eop), .s_beat(x_beat), .m_valid, .m_ready,
        .m_eop, .m_beat(y_beat)
    );

    // ---- credits of each egress ----

    for (genvar e = 0; e < PORTS; e++) begin : gen_credit
        localparam QUERIES = PORTS * 3 + 1;
        logic [QUERIES*2-1:0] query_class;
        logic [QUERIES*12-1:0] query_data;
        logic [QUERIES-1:0] allowed;
        logic taken;
        logic [1:0] taken_class;
        logic [8:0] taken_units;

        for (genvar i = 0; i < PORTS; i++) begin : gen_ingress
            for (genvar c = 0; c < 3; c++) begin : gen_class
                assign query_class[(i*3+c)*2+:2] = 2'(c);
                assign query_data[(i*3+c)*12+:12] =
                    {3'd0, head_units[((i*PORTS+e)*3+c)*9+:9]};
            end
            assign allow[(i*PORTS+e)*3+:3] = allowed[i*3+:3];
        end
        assign query_class[PORTS*6+:2] = answer_class[e*2+:2];
        assign query_data[PORTS*36+:12] = {11'd0, answer_data[e]};
        assign answer_allow[e] = allowed[PORTS*3];

        always_comb begin
            taken = 1'b0;
            taken_class = '0;
            taken_units = '0;
            for (int i = 0; i < PORTS; i++)
                if (take[i*PORTS+e] && first[i]) begin
                    taken = 1'b1;
                    taken_class = taken_class | first_class[i*2+:2];
                    taken_units = taken_units | first_units[i*9+:9];
                end
        end

        credit #(.QUERIES(QUERIES)) u_credit (
            .clk, .rst, .init_valid(init_valid[e]), .init_class(init_class[e*2+:2]),
            .init_header(init_header[e*8+:8]), .init_data(init_data[e*12+:12]),
            .update_valid(update_valid[e*3+:3]), .update_header(update_header[e*24+:24]),
            .update_data(update_data[e*36+:36]),
            .take_valid(taken), .take_class(taken_class), .take_data({3'd0, taken_units}),
            .query_class, .query_data, .allow(allowed)
        );
        assign m_sop[e] = y_beat[e*W+W-1];
        assign m_beat[e*`TLP_BEAT_W+:`TLP_BEAT_W] = y_beat[e*W+:`TLP_BEAT_W];
    end

    // ---- tables and VFs ----

    for (genvar u = 0; u < UP; u++) begin : gen_offer
        logic available;
        logic [9:0] tag;

        always_comb begin
            available = 1'b0;
            tag = '0;
            for (int d = 0; d < DOWN; d++)
                if (t_port[u*12+:12] == 12'(UP + d)) begin
                    available = available | offered[d*UP+u];
                    tag = tag | offered_tag[(d*UP+u)*10+:10];
                end
        end
        assign t_available[u] = available;
        assign t_tag[u*10+:10] = tag;
    end

    assign w_refused = w_valid && (w_accepted == '0);

    lent_ids #(.UP(UP), .DOWN(DOWN), .ENTRIES(ID_UP_ENTRIES)) u_lent_ids (
        .clk, .rst, .s_port(lent_port), .s_rid(lent_rid), .m_lent(lent_id),
        .w_valid(w_table == `POOL_TABLE_ID_UP ? w_accepted[PORTS-1:UP] : '0),
        .w_index(w_index[$clog2(ID_UP_ENTRIES)-1:0]), .w_entry(w_entry[pool_layout::ID_UP_W-1:0])
    );

    csr_mgr #(.FUNCTIONS(FUNCTIONS), .LANES(PORTS)) u_csr_mgr (
        .clk, .rst, .command, .command_function, .place_port, .place_slot, .place_function,
        .result, .issue, .issue_function({function_of, function_of}), .complete,
        .complete_function({function_of, function_of}), .admits, .epochs, .drain_ack, .r_function,
        .r_entry
    );

    // ---- counters ----

    logic [31:0] sum_unsupported, sum_dropped, sum_malformed, sum_stale, sum_undrained;
    always_comb begin
        sum_unsupported = count_unsupported;
        sum_dropped = count_dropped;
        sum_malformed = count_malformed;
        sum_stale = count_stale;
        sum_undrained = count_undrained;
        for (int p = 0; p < PORTS; p++) begin
            sum_unsupported = sum_unsupported + {31'd0, is_unsupported[p]};
            sum_dropped = sum_dropped + {31'd0, is_dropped[p]};
            sum_malformed = sum_malformed + {31'd0, is_malformed[p]};
            sum_stale = sum_stale + {31'd0, is_stale[p]};
            sum_undrained = sum_undrained + {31'd0, is_undrained[p]};
        end
    end
    always_ff @(posedge clk) begin
        count_unsupported <= rst ? '0 : sum_unsupported;
        count_dropped <= rst ? '0 : sum_dropped;
        count_malformed <= rst ? '0 : sum_malformed;
        count_stale <= rst ? '0 : sum_stale;
        count_undrained <= rst ? '0 : sum_undrained;
    end
endmodule
