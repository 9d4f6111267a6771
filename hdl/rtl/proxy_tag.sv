// proxy_tag.sv - configuration requests that the switch has passed on to VFs behind one device port, in
// its own name and under tags of its own (C twin: src/pool/proxy_tag.c). An entry keeps what the
// completion needs to find its way back, and what the shadow has of a dword that both hold.
// Lanes that want a tag get the lowest free ones, lower lanes first: combinational. What is taken
// is seen from the next cycle on. A TLP of the switch's own brings its tag along (own_*).
// A completion (c_*) is judged combinationally: it matches when the VF that was asked answers under
// the epoch of the request; under another epoch it is late, and frees the tag all the same.
// One completion and one request a lane per cycle. Reset state: all tags free.
module proxy_tag #(
    parameter TAGS = 16, // 2 to 512
    parameter LANES = 2 // host ports
) (
    input logic clk,
    input logic rst,
    input logic [LANES-1:0] want,
    output logic [LANES-1:0] available,
    output logic [LANES*10-1:0] tag,
    input logic [LANES-1:0] take, // of those that want and may
    input logic [LANES*78-1:0] s_entry, // host port, requester, tag, completer, VF, epoch
    // The shadow's bits of what a request reads.
    input logic [LANES-1:0] merge_valid,
    input logic [LANES*10-1:0] merge_tag,
    input logic [LANES*32-1:0] merge_mask,
    input logic [LANES*32-1:0] merge_data,
    input logic own_valid,
    input logic [9:0] own_tag,
    // Completions.
    input logic c_valid, // it goes on: the tag is freed
    input logic [9:0] c_tag,
    input logic c_lent, // its completer is lent, and is VF c_function
    input logic [15:0] c_function,
    output logic [15:0] c_epoch_of, // VF whose epoch is wanted:
    input logic [7:0] c_epoch,
    output logic c_matches,
    output logic c_own, // it answers the switch itself
    output logic [11:0] c_port,
    output logic [15:0] c_requester,
    output logic [9:0] c_old_tag,
    output logic [15:0] c_completer,
    output logic [31:0] c_mask,
    output logic [31:0] c_data
);
    logic [TAGS-1:0] busy_q, taken, named;
    logic [LANES*TAGS-1:0] offer; // [lane][tag]
    logic [TAGS*143-1:0] kept; // own, entry, mask, data
    logic [142:0] entry;

    // ---- tags for requests ----

    for (genvar l = 0; l < LANES; l++) begin : gen_lane
        logic [TAGS-1:0] free;
        /* verilator lint_off UNUSEDSIGNAL */
        logic [TAGS-1:0] rest; // for the next lane
        /* verilator lint_on UNUSEDSIGNAL */
        wire [TAGS-1:0] lowest = free & (~free + 1'b1);

        if (l == 0) begin : gen_first
            assign free = ~busy_q;
        end else begin : gen_next
            assign free = gen_lane[l-1].rest;
        end
        assign rest = free & ~(want[l] ? lowest : '0);
        assign offer[l*TAGS+:TAGS] = lowest;
        assign available[l] = free != '0;
        for (genvar b = 0; b < 10; b++) begin : gen_bit
            logic [TAGS-1:0] with_bit; // of the number
            for (genvar t = 0; t < TAGS; t++) begin : gen_number
                assign with_bit[t] = lowest[t] && (t >> b) % 2 != 0;
            end
            assign tag[l*10+b] = with_bit != '0;
        end
    end

    for (genvar t = 0; t < TAGS; t++) begin : gen_tag
        logic [77:0] entry_q, entry_d;
        logic own_q;
        logic [31:0] mask_q, data_q, mask_d, data_d;
        logic [LANES-1:0] takes, merges;
        wire owns = own_valid && own_tag == t;

        for (genvar l = 0; l < LANES; l++) begin : gen_of_lane
            assign takes[l] = take[l] && offer[l*TAGS+t];
            assign merges[l] = merge_valid[l] && merge_tag[l*10+:10] == t;
        end
        always_comb begin
            entry_d = '0;
            mask_d = '0;
            data_d = '0;
            for (int l = 0; l < LANES; l++) begin
                entry_d = entry_d | ({78{takes[l]}} & s_entry[l*78+:78]);
                mask_d = mask_d | ({32{merges[l]}} & merge_mask[l*32+:32]);
                data_d = data_d | ({32{merges[l]}} & merge_data[l*32+:32]);
            end
        end
        assign taken[t] = takes != '0 || owns;
        assign named[t] = c_tag == t;
        assign kept[t*143+:143] = {own_q, entry_q, mask_q, data_q};

        always_ff @(posedge clk) begin
            if (taken[t]) begin
                own_q <= owns;
                entry_q <= entry_d;
                mask_q <= '0;
                data_q <= '0;
            end else if (merges != '0) begin
                mask_q <= mask_d;
                data_q <= data_d;
            end
        end
    end

    // ---- completions ----

    always_comb begin
        entry = '0;
        for (int t = 0; t < TAGS; t++)
            entry = entry | ({143{named[t]}} & kept[t*143+:143]);
    end

    logic [15:0] entry_function;
    logic [7:0] entry_epoch;
    wire is_busy = (named & busy_q) != '0;
    wire [7:0] epoch_now = c_epoch + {7'd0, !c_lent};
    wire same = is_busy && (c_own || entry_function == c_epoch_of);

    assign {c_own, c_port, c_requester, c_old_tag, c_completer, entry_function, entry_epoch, c_mask,
        c_data} = entry;
    assign c_epoch_of = c_lent ? c_function : entry_function;
    assign c_matches = same && (c_own || entry_epoch == epoch_now);

    always_ff @(posedge clk) begin
        // A tag may be freed and taken by the switch itself in one cycle.
        busy_q <= (busy_q & ~(c_valid && same ? named : '0)) | taken;
        if (rst)
            busy_q <= '0;
    end

`ifdef FORMAL
    // For any one tag: it goes to one lane, which has it until a completion frees it or the switch
    // takes it for itself, and only a completion under the epoch of its request matches.
    (* anyconst *) logic [9:0] watched;
    logic past = 1'b0;
    logic held_q; // a lane has the tag
    logic [7:0] held_epoch_q;
    logic [LANES-1:0] gets; // the tag, in this cycle
    wire mine = c_tag == watched;
    wire own_takes = own_valid && own_tag == watched;

    for (genvar l = 0; l < LANES; l++) begin : gen_formal
        assign gets[l] = take[l] && tag[l*10+:10] == watched;
        always_comb begin
            assume (!take[l] || (want[l] && available[l]));
            if (past && gets[l])
                assert (!busy_q[watched]);
        end
    end

    always_ff @(posedge clk) begin
        past <= 1'b1;
        if (rst || own_takes || (mine && c_valid && same))
            held_q <= 1'b0;
        if (!rst && !own_takes && gets != '0) begin
            held_q <= 1'b1;
            for (int l = 0; l < LANES; l++)
                if (gets[l])
                    held_epoch_q <= s_entry[l*78+:8];
        end
    end

    always_comb begin
        assume (watched < TAGS);
        if (!past)
            assume (rst);
        else begin
            assert ((gets & (gets - 1'b1)) == '0);
            if (held_q) begin
                assert (busy_q[watched]);
                assert (!kept[watched*143+142]);
                assert (kept[watched*143+64+:8] == held_epoch_q);
                if (mine)
                    assert (!c_matches || epoch_now == held_epoch_q);
            end
            cover (held_q && mine && c_matches);
            cover (held_q && mine && c_valid && same && !c_matches);
        end
    end
`endif
endmodule
