// id_map.sv - the ID re-map table as a CAM (C twin: src/pool/id_map.c; paper Fig. 6): {port, RID} to
// {port, RID, function}. All keys are compared at once, twice: with the look-up's key and, for
// duplicates, with the write's. Keys lie in flip-flops, values in a RAM that the encoded match
// addresses. Up to 64 entries per port this is the form to use (see hdl/README.md for its area).
// Latency 2 cycles: compare, then encode and read the value. One look-up per cycle; the stages move
// with en.
// Write visibility: a write in cycle T is seen by compares from T + 1 on. A look-up that had matched
// the written entry and has not delivered yet, and one that compares in T, miss: never is an old key
// answered by a new value, nor a value delivered that its key has lost. A write whose key another
// entry holds is refused (w_refused, combinational) and changes nothing: the match is encoded as the
// OR of the indices that match, which needs unique keys.
// Reset state: no look-up under way. Entries are empty, or what INIT says, which a reset keeps.
`include "tables.svh"
module id_map #(
    parameter ENTRIES = 64, // 2 or more
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
    localparam VALUE_W = 44;

    // The table twice, each with the bits that are read of it: keys at once, a value by its index.
    logic [pool_layout::ID_UP_W-1:0] keys[0:ENTRIES-1];
    logic [pool_layout::ID_UP_W-1:0] values[0:ENTRIES-1];
    logic [ENTRIES-1:0] blank_q; // the entry has not been written since the table was emptied
    logic [ENTRIES-1:0] same, clash, here, kill, match_q;
    logic [INDEX_W-1:0] hit_index;
    logic [VALUE_W-1:0] value_q;
    logic valid1_q, valid2_q, hit_q;

    initial if (INIT != "") $readmemh(INIT, keys);
    initial if (INIT != "") $readmemh(INIT, values);

    wire write = w_valid && !w_refused;

    for (genvar i = 0; i < ENTRIES; i++) begin : gen_entry
        /* verilator lint_off UNUSEDSIGNAL */
        wire [pool_layout::ID_UP_W-1:0] entry = keys[i];
        /* verilator lint_on UNUSEDSIGNAL */
        wire holds = entry[`ID_UP_VALID] && !blank_q[i];

        assign here[i] = w_index == i;
        assign same[i] = holds && entry[`ID_UP_KEY_PORT] == s_port
            && entry[`ID_UP_KEY_RID] == s_rid;
        assign clash[i] = holds && !here[i] && w_entry[`ID_UP_VALID]
            && entry[`ID_UP_KEY_PORT] == w_entry[`ID_UP_KEY_PORT]
            && entry[`ID_UP_KEY_RID] == w_entry[`ID_UP_KEY_RID];
        assign kill[i] = write && here[i];
    end

    wire [ENTRIES-1:0] live = match_q & ~kill;
    // Whether one is live is told from these: the refusal comes late, and so passes one LUT only.
    wire [ENTRIES-1:0] spared = match_q & ~here;

    always_comb begin
        hit_index = '0;
        for (int i = 0; i < ENTRIES; i++)
            hit_index = hit_index | ({INDEX_W{match_q[i]}} & INDEX_W'(i));
    end

    /* verilator lint_off UNUSEDSIGNAL */
    wire [pool_layout::ID_UP_W-1:0] read = values[hit_index];
    /* verilator lint_on UNUSEDSIGNAL */

    assign w_refused = w_valid && clash != '0;
    assign m_valid = valid2_q;
    assign m_hit = hit_q;
    assign {m_port, m_rid, m_fn} = value_q;

    // The RAM has a process of its own, without a reset.
    always_ff @(posedge clk)
        if (write)
            values[w_index] <= w_entry;

    always_ff @(posedge clk) begin
        if (en) begin
            valid1_q <= s_valid;
            valid2_q <= valid1_q;
            match_q <= same & ~kill;
            hit_q <= write ? spared != '0 : match_q != '0;
            value_q <= {read[`ID_UP_PORT], read[`ID_UP_RID], read[`ID_UP_FUNCTION]};
        end else
            match_q <= live;
        if (write) begin
            keys[w_index] <= w_entry;
            blank_q <= blank_q & ~kill;
        end
        if (rst) begin
            valid1_q <= 1'b0;
            valid2_q <= 1'b0;
            blank_q <= {ENTRIES{INIT == ""}};
        end
    end

`ifdef FORMAL
    // Isolation. For any one key: what the writes alone say about it, apart from the table. A result
    // is right in the very cycle in which it comes out: no other host's value, nor one that the key
    // has lost meanwhile.
    (* anyconst *) logic [27:0] key;
    logic past = 1'b0;
    logic has_q, asked1_q, asked2_q, quiet1_q, quiet2_q, fresh_q;
    logic [INDEX_W-1:0] at_q;
    logic [VALUE_W-1:0] says_q;
    wire hurts = write && has_q && w_index == at_q;
    wire gives = write && w_entry[`ID_UP_VALID]
        && {w_entry[`ID_UP_KEY_PORT], w_entry[`ID_UP_KEY_RID]} == key;

    always_ff @(posedge clk) begin
        past <= 1'b1;
        fresh_q <= en && !rst;
        if (en) begin
            asked1_q <= {s_port, s_rid} == key;
            asked2_q <= asked1_q;
            quiet1_q <= has_q && !write;
            quiet2_q <= quiet1_q && !write;
        end else
            quiet1_q <= quiet1_q && !write;
        if (gives) begin
            has_q <= 1'b1;
            at_q <= w_index;
            says_q <= {w_entry[`ID_UP_PORT], w_entry[`ID_UP_RID], w_entry[`ID_UP_FUNCTION]};
        end else if (hurts)
            has_q <= 1'b0;
        if (rst)
            has_q <= 1'b0;
    end

    for (genvar i = 0; i < ENTRIES; i++) begin : gen_formal
        wire holds_key = gen_entry[i].holds
            && {gen_entry[i].entry[`ID_UP_KEY_PORT], gen_entry[i].entry[`ID_UP_KEY_RID]} == key;

        always_comb
            if (past) begin
                assert (holds_key == (has_q && at_q == i));
                if (holds_key)
                    assert ({values[i][`ID_UP_PORT], values[i][`ID_UP_RID],
                        values[i][`ID_UP_FUNCTION]} == says_q);
                if (valid1_q && asked1_q && match_q[i])
                    assert (holds_key);
                if (valid1_q && asked1_q && quiet1_q && holds_key)
                    assert (match_q[i]);
            end
    end

    always_comb begin
        if (!past)
            assume (rst);
        else begin
            if (valid1_q && asked1_q && quiet1_q)
                assert (has_q);
            if (fresh_q && m_valid && asked2_q) begin
                if (m_hit)
                    assert (has_q && {m_port, m_rid, m_fn} == says_q);
                if (quiet2_q)
                    assert (m_hit);
            end
            cover (fresh_q && m_valid && asked2_q && m_hit);
            cover (fresh_q && m_valid && asked2_q && !m_hit && has_q);
            cover (write && gives && hurts);
            cover (w_refused);
        end
    end
`endif
endmodule
