// recv_buf.sv - the receive buffer of one ingress port, with a virtual output queue for each egress and
// class (C twin: the queues of src/fabric/switch_crossbar.c, and src/fabric/pick.c).
// A TLP takes a slot of BEATS beats from its first beat in until its last beat out. For each egress
// the buffer offers the oldest head of a queue that has credits and may pass all older TLPs for the
// same egress (Base Spec 2.4.1, table 2-40, as src/pcie/order.c has it: posted passes everything;
// the others pass posted only by RO (completions) or by IDO when the ID differs).
// The order is kept as bits: for each slot, which slots are older, and which of them it may not pass.
// Latency 0: a beat that comes in can go out in the same cycle when nothing is before it, and follows
// its TLP's first one as soon as it is there. One beat in and one out per cycle. s_ready is a
// register's and falls when no slot is free; it matters to first beats alone.
// Reset state: empty.
`include "tlp_header.svh"
module recv_buf #(
    parameter PORTS = 4, // egress ports
    parameter SLOTS = 16, // TLPs, a power of two, 2 or more
    parameter BEATS = 8 // of the largest TLP, a power of two, 2 or more
) (
    input logic clk,
    input logic rst,
    input logic s_valid,
    output logic s_ready,
    input logic s_sop,
    input logic s_eop,
    input logic [`TLP_BEAT_W-1:0] s_beat,
    input logic [PORTS-1:0] s_to, // egress, one-hot; with the first beat, as the next two
    input logic [1:0] s_class,
    input logic [8:0] s_units, // of data credits
    // Heads of the queues, [egress * 3 + class]: their data credits, and whether they may be spent.
    output logic [PORTS*3*9-1:0] head_units,
    input logic [PORTS*3-1:0] allow,
    // To the crossbar (tlp_xbar.sv): what is requested, and what of it is taken.
    output logic [PORTS-1:0] m_req,
    input logic [PORTS-1:0] m_take, // one-hot, or 0
    output logic m_sop,
    output logic m_eop,
    output logic [`TLP_BEAT_W-1:0] m_beat,
    output logic [1:0] m_class, // of the TLP taken
    output logic [8:0] m_units
);
    localparam SLOT_W = $clog2(SLOTS);
    localparam IDX_W = $clog2(BEATS);

    logic [`TLP_BEAT_W:0] mem[0:SLOTS*BEATS-1]; // {eop, beat}
    logic [SLOTS-1:0] free_q, queued_q;
    logic [SLOTS-1:0] is_posted, same_id, same_to, blocked;
    logic [9*SLOTS-1:0] units_of; // [bit][slot]
    logic [2*SLOTS-1:0] class_of; // [bit][slot]
    logic reading_q; // a TLP has begun to leave and not ended
    logic [PORTS-1:0] r_to_q;

    // ---- in ----

    logic [SLOT_W-1:0] w_slot_q, new_slot;
    logic [IDX_W-1:0] w_idx_q; // beats of the TLP that have come
    logic writing_q;

    wire first = s_valid && s_ready && s_sop;
    wire write = s_valid && s_ready;
    wire [SLOTS-1:0] alloc = free_q & (~free_q + 1'b1);
    wire [SLOTS-1:0] arrives = first ? alloc : '0;
    wire [SLOT_W-1:0] w_slot = s_sop ? new_slot : w_slot_q;
    wire [IDX_W-1:0] w_idx = s_sop ? '0 : w_idx_q;
    wire [SLOTS-1:0] waits = queued_q | arrives;

    assign s_ready = !s_sop || free_q != '0;

    // What the TLP that arrives must not pass: older posted ones for the same egress.
    wire lifted = s_class == `CLASS_POSTED || (s_class == `CLASS_COMPLETION && s_beat[`TLP_RO]);
    wire [SLOTS-1:0] new_behind = lifted ? '0
        : queued_q & is_posted & same_to & (s_beat[`TLP_IDO] ? same_id : '1);

    for (genvar s = 0; s < SLOTS; s++) begin : gen_slot
        logic [15:0] id_q; // requester of a request, completer of a completion
        logic [PORTS-1:0] to_q;
        logic [1:0] class_q;
        logic [8:0] units_q;
        // [other]: it came before this one, and this one may not pass it.
        logic [SLOTS-1:0] older_q, behind_q;

        // With the TLP that arrives.
        wire [PORTS-1:0] to = arrives[s] ? s_to : to_q;
        wire [1:0] class_now = arrives[s] ? s_class : class_q;
        wire [8:0] units = arrives[s] ? s_units : units_q;
        wire [SLOTS-1:0] older = arrives[s] ? queued_q : older_q & ~arrives;
        wire [SLOTS-1:0] behind = arrives[s] ? new_behind : behind_q & ~arrives;

        assign is_posted[s] = class_q == `CLASS_POSTED;
        assign same_id[s] = id_q == s_beat[`TLP_REQUESTER];
        assign same_to[s] = (to_q & s_to) != '0;
        assign blocked[s] = (behind & queued_q) != '0;
        for (genvar b = 0; b < 9; b++) begin : gen_units
            assign units_of[b*SLOTS+s] = units[b];
        end
        for (genvar b = 0; b < 2; b++) begin : gen_class
            assign class_of[b*SLOTS+s] = class_now[b];
        end

        always_ff @(posedge clk) begin
            if (arrives[s])
                id_q <= s_beat[`TLP_REQUESTER];
            to_q <= to;
            class_q <= class_now;
            units_q <= units;
            older_q <= older;
            behind_q <= behind;
        end
    end

    // ---- the choice for each egress ----

    for (genvar e = 0; e < PORTS; e++) begin : gen_egress
        logic [SLOTS-1:0] go, pick;

        for (genvar c = 0; c < 3; c++) begin : gen_queue
            logic [SLOTS-1:0] queue, head;

            for (genvar s = 0; s < SLOTS; s++) begin : gen_head
                assign queue[s] = waits[s] && gen_slot[s].to[e] && gen_slot[s].class_now == c;
                assign head[s] = queue[s] && (queue & gen_slot[s].older) == '0;
            end
            for (genvar b = 0; b < 9; b++) begin : gen_units
                assign head_units[(e*3+c)*9+b] = (head & units_of[b*SLOTS+:SLOTS]) != '0;
            end
        end

        assign go = ~blocked & ((gen_queue[0].head & {SLOTS{allow[e*3]}})
            | (gen_queue[1].head & {SLOTS{allow[e*3+1]}})
            | (gen_queue[2].head & {SLOTS{allow[e*3+2]}}));
        for (genvar s = 0; s < SLOTS; s++) begin : gen_pick
            assign pick[s] = go[s] && (go & gen_slot[s].older) == '0;
        end
        assign m_req[e] = reading_q ? r_to_q[e] && follows : go != '0;
    end

    // ---- out ----

    logic [SLOT_W-1:0] r_slot_q, chosen_slot;
    logic [IDX_W-1:0] r_idx_q;
    logic [1:0] r_class_q, chosen_class;
    logic [8:0] r_units_q, chosen_units;
    logic [SLOTS-1:0] chosen, released;

    // The beat to be read is the next to come in.
    wire at_writer = writing_q && w_slot_q == r_slot_q && w_idx_q == r_idx_q;
    wire follows = !at_writer || (s_valid && !s_sop);

    for (genvar s = 0; s < SLOTS; s++) begin : gen_chosen
        logic [PORTS-1:0] may;

        for (genvar e = 0; e < PORTS; e++) begin : gen_may
            assign may[e] = gen_egress[e].pick[s];
        end
        assign chosen[s] = (m_take & may) != '0;
        assign released[s] = taken && m_eop && r_slot == s;
    end
    for (genvar b = 0; b < SLOT_W; b++) begin : gen_number
        logic [SLOTS-1:0] with_bit; // slots that have the bit in their number

        for (genvar s = 0; s < SLOTS; s++) begin : gen_bit
            assign with_bit[s] = s / (1 << b) % 2 != 0;
        end
        assign new_slot[b] = (alloc & with_bit) != '0;
        assign chosen_slot[b] = (chosen & with_bit) != '0;
    end
    for (genvar b = 0; b < 9; b++) begin : gen_chosen_units
        assign chosen_units[b] = (chosen & units_of[b*SLOTS+:SLOTS]) != '0;
    end
    for (genvar b = 0; b < 2; b++) begin : gen_chosen_class
        assign chosen_class[b] = (chosen & class_of[b*SLOTS+:SLOTS]) != '0;
    end

    wire [SLOT_W-1:0] r_slot = reading_q ? r_slot_q : chosen_slot;
    wire [IDX_W-1:0] r_idx = reading_q ? r_idx_q : '0;
    wire through = reading_q ? at_writer : (chosen & arrives) != '0;
    wire [`TLP_BEAT_W:0] kept = mem[{r_slot, r_idx}];
    wire taken = m_take != '0;

    assign m_sop = !reading_q;
    assign {m_eop, m_beat} = through ? {s_eop, s_beat} : kept;
    assign m_class = reading_q ? r_class_q : chosen_class;
    assign m_units = reading_q ? r_units_q : chosen_units;

    always_ff @(posedge clk)
        if (write)
            mem[{w_slot, w_idx}] <= {s_eop, s_beat};

    always_ff @(posedge clk) begin
        if (write) begin
            writing_q <= !s_eop;
            w_slot_q <= w_slot;
            w_idx_q <= w_idx + 1'b1;
        end
        if (taken) begin
            reading_q <= !m_eop;
            r_slot_q <= r_slot;
            r_idx_q <= r_idx + 1'b1;
            r_to_q <= m_take;
            r_class_q <= m_class;
            r_units_q <= m_units;
        end
        free_q <= (free_q & ~arrives) | released;
        queued_q <= (queued_q | arrives) & ~(reading_q ? '0 : chosen);
        if (rst) begin
            writing_q <= 1'b0;
            reading_q <= 1'b0;
            free_q <= '1;
            queued_q <= '0;
        end
    end
endmodule
