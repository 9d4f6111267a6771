// id_map_srl.sv - the ID re-map table of id_map.sv for many entries (C twin: src/pool/id_map_pipe.c):
// the same ports and answers, but keys lie in shift registers that a look-up addresses (SRL32). Each
// slice of SLICE_W key bits of an entry is a shift register of 2**SLICE_W bits, of which the bit that
// the slice's value names is set: one LUT compares five bits of key and stores them too. A second bank
// of them compares the keys of writes.
// Latency 2 cycles: compare, then encode and read the value. One look-up per cycle; the stages move
// with en.
// Write visibility: a write in cycle T kills matches of its entry that are in flight, as in id_map.
// Freeing an entry is seen by compares from T + 1 on. A new key is shifted in during 2**SLICE_W
// cycles; the entry misses meanwhile and is seen by compares from T + 1 + 2**SLICE_W on. Meanwhile
// other keys are refused (w_refused, combinational), as are keys that another entry holds; entries
// are freed at any time, also the one that is being loaded.
// Reset state: no look-up under way. Entries are empty, or what INIT says, which a reset keeps:
// they are then loaded one after the other, which takes ENTRIES * (2**SLICE_W + 1) cycles at most.
`include "tables.svh"
module id_map_srl #(
    parameter ENTRIES = 256, // 2 or more
    parameter SLICE_W = 5, // key bits of one shift register: 5 on Xilinx, fewer for proofs
    parameter INIT = "", // .memh with all entries
    localparam INDEX_W = $clog2(ENTRIES)
) (
    input logic clk,
    input logic rst,
    input logic en,
    input logic s_valid,
    input logic [11:0] s_port,
    input logic [15:0] s_rid,
    output logic m_valid,
    output logic m_hit,
    output logic [11:0] m_port,
    output logic [15:0] m_rid,
    output logic [15:0] m_fn,
    input logic w_valid,
    input logic [INDEX_W-1:0] w_index,
    input logic [pool_layout::ID_UP_W-1:0] w_entry,
    output logic w_refused
);
    localparam KEY_W = 28;
    localparam VALUE_W = 44;
    localparam SLICES = (KEY_W + SLICE_W - 1) / SLICE_W;
    localparam DEPTH = 1 << SLICE_W;

    logic [pool_layout::ID_UP_W-1:0] mem[0:ENTRIES-1];
    logic [ENTRIES-1:0] live_q; // the entry holds a key, and it is wholly there
    logic [ENTRIES-1:0] same, clash, kill, match_q;
    logic [INDEX_W-1:0] hit_index;
    logic [VALUE_W-1:0] value_q;
    logic valid1_q, valid2_q, hit_q;

    // Loading of one entry's key, of which the position count_q is shifted in next.
    logic load_q;
    logic [INDEX_W-1:0] load_index_q;
    logic [KEY_W-1:0] load_key_q;
    logic [SLICE_W-1:0] count_q;
    logic [SLICES-1:0] load_bit;
    logic scan_q; // entries that a reset has kept are loaded

    initial if (INIT != "") $readmemh(INIT, mem);

    wire [SLICES*SLICE_W-1:0] s_slices = (SLICES*SLICE_W)'({s_port, s_rid});
    wire [SLICES*SLICE_W-1:0] w_slices =
        (SLICES*SLICE_W)'({w_entry[`ID_UP_KEY_PORT], w_entry[`ID_UP_KEY_RID]});
    wire [SLICES*SLICE_W-1:0] load_slices = (SLICES*SLICE_W)'(load_key_q);
    wire write = w_valid && !w_refused;

    for (genvar s = 0; s < SLICES; s++) begin : gen_load
        assign load_bit[s] = load_slices[s*SLICE_W+:SLICE_W] == count_q;
    end

    for (genvar i = 0; i < ENTRIES; i++) begin : gen_entry
        logic [SLICES-1:0] found, checked;
        wire here = w_index == i;
        wire shift = load_q && load_index_q == i;

        for (genvar s = 0; s < SLICES; s++) begin : gen_slice
            // The bank that checks writes holds complements: equal ones would be merged.
            logic [DEPTH-1:0] find_q, check_q;

            always_ff @(posedge clk)
                if (shift) begin
                    find_q <= {find_q[DEPTH-2:0], load_bit[s]};
                    check_q <= {check_q[DEPTH-2:0], !load_bit[s]};
                end
            assign found[s] = find_q[s_slices[s*SLICE_W+:SLICE_W]];
            assign checked[s] = check_q[w_slices[s*SLICE_W+:SLICE_W]];
        end
        assign same[i] = live_q[i] && found == '1;
        assign clash[i] = live_q[i] && !here && checked == '0;
        assign kill[i] = write && here;
    end

    wire [ENTRIES-1:0] live = match_q & ~kill;

    always_comb begin
        hit_index = '0;
        for (int i = 0; i < ENTRIES; i++)
            hit_index = hit_index | ({INDEX_W{match_q[i]}} & INDEX_W'(i));
    end

    assign w_refused = w_valid && w_entry[`ID_UP_VALID] && (load_q || scan_q || clash != '0);
    assign m_valid = valid2_q;
    assign m_hit = hit_q;
    assign {m_port, m_rid, m_fn} = value_q;

    /* verilator lint_off UNUSEDSIGNAL */
    wire [pool_layout::ID_UP_W-1:0] entry = mem[hit_index];
    /* verilator lint_on UNUSEDSIGNAL */

    always_ff @(posedge clk)
        if (write)
            mem[w_index] <= w_entry;

    always_ff @(posedge clk) begin
        if (en) begin
            valid1_q <= s_valid;
            valid2_q <= valid1_q;
            match_q <= same & ~kill;
            hit_q <= live != '0;
            value_q <= {entry[`ID_UP_PORT], entry[`ID_UP_RID], entry[`ID_UP_FUNCTION]};
        end else
            match_q <= live;
        if (rst) begin
            valid1_q <= 1'b0;
            valid2_q <= 1'b0;
        end
    end

    // A write that frees the entry which is being loaded ends its loading.
    wire freed = write && w_index == load_index_q;
    wire whole = load_q && count_q == '0 && !freed;

    always_ff @(posedge clk) begin
        live_q <= live_q & ~kill;
        if (whole)
            live_q[load_index_q] <= 1'b1;
        if (rst)
            live_q <= '0;
    end

    if (INIT == "") begin : gen_empty
        assign scan_q = 1'b0;

        always_ff @(posedge clk) begin
            count_q <= count_q - 1'b1;
            if (freed || whole)
                load_q <= 1'b0;
            if (write && w_entry[`ID_UP_VALID]) begin
                load_q <= 1'b1;
                load_index_q <= w_index;
                load_key_q <= {w_entry[`ID_UP_KEY_PORT], w_entry[`ID_UP_KEY_RID]};
                count_q <= '1;
            end
            if (rst)
                load_q <= 1'b0;
        end
    end else begin : gen_init
        // Behind a reset each entry is fetched in turn and loaded if it holds a key.
        logic [pool_layout::ID_UP_W-1:0] kept;
        wire fetch = scan_q && !load_q;
        wire next = scan_q && (load_q ? freed || whole : !kept[`ID_UP_VALID]);

        assign kept = mem[load_index_q];

        always_ff @(posedge clk) begin
            count_q <= count_q - 1'b1;
            if (freed || whole)
                load_q <= 1'b0;
            if (fetch) begin
                load_q <= kept[`ID_UP_VALID] && !freed;
                load_key_q <= {kept[`ID_UP_KEY_PORT], kept[`ID_UP_KEY_RID]};
                count_q <= '1;
            end
            if (next) begin
                load_index_q <= load_index_q + 1'b1;
                scan_q <= load_index_q != INDEX_W'(ENTRIES - 1);
            end
            if (write && w_entry[`ID_UP_VALID]) begin
                load_q <= 1'b1;
                load_index_q <= w_index;
                load_key_q <= {w_entry[`ID_UP_KEY_PORT], w_entry[`ID_UP_KEY_RID]};
                count_q <= '1;
            end
            if (rst) begin
                load_q <= 1'b0;
                scan_q <= 1'b1;
                load_index_q <= '0;
            end
        end
    end

`ifdef FORMAL
    // Isolation, as in id_map.sv: for any one key, what the writes alone say about it, apart from the
    // table. A result is right in the very cycle in which it comes out.
    (* anyconst *) logic [KEY_W-1:0] key;
    logic past = 1'b0;
    logic has_q, asked1_q, asked2_q, quiet1_q, quiet2_q, fresh_q;
    logic [INDEX_W-1:0] at_q;
    logic [VALUE_W-1:0] says_q;
    logic [SLICE_W:0] left_q; // cycles until the key is whole
    wire hurts = write && has_q && w_index == at_q;
    wire gives = write && w_entry[`ID_UP_VALID]
        && {w_entry[`ID_UP_KEY_PORT], w_entry[`ID_UP_KEY_RID]} == key;

    always_ff @(posedge clk) begin
        past <= 1'b1;
        fresh_q <= en && !rst;
        if (en) begin
            asked1_q <= {s_port, s_rid} == key;
            asked2_q <= asked1_q;
            quiet1_q <= has_q && left_q == '0 && !write;
            quiet2_q <= quiet1_q && !write;
        end else
            quiet1_q <= quiet1_q && !write;
        if (left_q != '0)
            left_q <= left_q - 1'b1;
        if (gives) begin
            has_q <= 1'b1;
            at_q <= w_index;
            says_q <= {w_entry[`ID_UP_PORT], w_entry[`ID_UP_RID], w_entry[`ID_UP_FUNCTION]};
            left_q <= (SLICE_W+1)'(DEPTH);
        end else if (hurts)
            has_q <= 1'b0;
        if (rst)
            has_q <= 1'b0;
    end

    for (genvar i = 0; i < ENTRIES; i++) begin : gen_formal
        wire [pool_layout::ID_UP_W-1:0] mine = mem[i];
        wire [KEY_W-1:0] my_key = {mine[`ID_UP_KEY_PORT], mine[`ID_UP_KEY_RID]};
        wire [SLICES*SLICE_W-1:0] my_slices = (SLICES*SLICE_W)'(my_key);
        wire loading = load_q && load_index_q == i;
        wire holds_key = (live_q[i] || loading) && my_key == key;

        always_comb
            if (past) begin
                assert (!(live_q[i] && loading));
                assert (holds_key == (has_q && at_q == i));
                if (holds_key) begin
                    assert ({mine[`ID_UP_PORT], mine[`ID_UP_RID], mine[`ID_UP_FUNCTION]} == says_q);
                    assert (left_q == (loading ? {1'b0, count_q} + 1'b1 : '0));
                end
                if (loading)
                    assert (load_key_q == my_key);
                if (valid1_q && asked1_q && match_q[i])
                    assert (live_q[i] && holds_key);
                if (valid1_q && asked1_q && quiet1_q && holds_key)
                    assert (match_q[i]);
            end

        // What has been shifted in so far: all positions above count_q.
        for (genvar s = 0; s < SLICES; s++) begin : gen_shifted
            wire [DEPTH-1:0] one = DEPTH'(1) << my_slices[s*SLICE_W+:SLICE_W];
            wire [DEPTH-1:0] above = one >> count_q >> 1;
            wire [DEPTH-1:0] gap = {DEPTH{1'b1}} >> count_q >> 1;

            always_comb
                if (past) begin
                    if (live_q[i])
                        assert (gen_entry[i].gen_slice[s].find_q == one
                            && gen_entry[i].gen_slice[s].check_q == ~one);
                    if (loading)
                        assert ((gen_entry[i].gen_slice[s].find_q & gap) == above
                            && (~gen_entry[i].gen_slice[s].check_q & gap) == above);
                end
        end
    end

    always_comb begin
        assume (w_index < ENTRIES);
        if (!past)
            assume (rst);
        else begin
            if (valid1_q && asked1_q && quiet1_q)
                assert (has_q && left_q == '0);
            if (fresh_q && m_valid && asked2_q) begin
                if (m_hit)
                    assert (has_q && {m_port, m_rid, m_fn} == says_q);
                if (quiet2_q)
                    assert (m_hit);
            end
            cover (fresh_q && m_valid && asked2_q && m_hit);
            cover (write && gives && hurts);
            cover (w_refused && !load_q);
            cover (freed && load_q);
        end
    end
`endif
endmodule
