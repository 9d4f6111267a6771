// recv_buf.sv - the receive buffer of one ingress port, with a virtual output queue for each egress and
// class (C twin: the queues of src/fabric/switch_crossbar.c, and src/fabric/pick.c).
// A TLP takes a slot of BEATS beats from its first beat in until its last beat out. For each egress
// the buffer offers the oldest head of a queue that has credits and may pass all older TLPs for the
// same egress (Base Spec 2.4.1, table 2-40, as src/pcie/order.c has it: posted passes everything;
// the others pass posted only by RO (completions) or by IDO when the ID differs).
// The order is kept as bits: for each slot, which slots are younger, and which of them may not pass it.
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
    logic [3*SLOTS-1:0] class_q, class_of; // [class][slot]
    logic [SLOTS*SLOTS-1:0] after_q, after; // [slot][other]: the other is younger
    logic [SLOTS*SLOTS-1:0] holds_q, holds; // [slot][other]: the other may not pass it
    logic [SLOTS*9-1:0] units_q, units;
    logic [SLOTS-1:0] same_id, same_to, blocked;
    logic [PORTS*SLOTS-1:0] to_q, pick; // [egress][slot]
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

    assign s_ready = !s_sop || free_q != '0;

    always_comb begin
        new_slot = '0;
        for (int s = 0; s < SLOTS; s++)
            new_slot = new_slot | ({SLOT_W{alloc[s]}} & SLOT_W'(s));
    end

    // What the TLP that arrives must not pass: older posted ones for the same egress.
    wire lifted = s_class == `CLASS_POSTED || (s_class == `CLASS_COMPLETION && s_beat[`TLP_RO]);
    wire [SLOTS-1:0] new_wait = lifted ? '0
        : queued_q & class_q[SLOTS-1:0] & same_to & (s_beat[`TLP_IDO] ? same_id : '1);

    for (genvar s = 0; s < SLOTS; s++) begin : gen_slot
        logic [15:0] id_q; // requester of a request, completer of a completion

        assign same_id[s] = id_q == s_beat[`TLP_REQUESTER];
        always_ff @(posedge clk)
            if (arrives[s])
                id_q <= s_beat[`TLP_REQUESTER];
    end

    // The state with the TLP that arrives.
    wire [SLOTS-1:0] waits = queued_q | arrives;
    always_comb begin
        same_to = '0;
        for (int e = 0; e < PORTS; e++)
            same_to = same_to | (to_q[e*SLOTS+:SLOTS] & {SLOTS{s_to[e]}});
        for (int c = 0; c < 3; c++)
            class_of[c*SLOTS+:SLOTS] = (class_q[c*SLOTS+:SLOTS] & ~arrives)
                | (arrives & {SLOTS{s_class == 2'(c)}});
        blocked = '0;
        for (int s = 0; s < SLOTS; s++) begin
            units[s*9+:9] = arrives[s] ? s_units : units_q[s*9+:9];
            after[s*SLOTS+:SLOTS] = arrives[s] ? '0
                : after_q[s*SLOTS+:SLOTS] | (arrives & {SLOTS{queued_q[s]}});
            holds[s*SLOTS+:SLOTS] = arrives[s] ? '0
                : (holds_q[s*SLOTS+:SLOTS] & ~arrives) | (arrives & {SLOTS{new_wait[s]}});
            blocked = blocked | (holds[s*SLOTS+:SLOTS] & {SLOTS{queued_q[s]}});
        end
    end

    always_ff @(posedge clk) begin
        class_q <= class_of;
        units_q <= units;
        after_q <= after;
        holds_q <= holds;
    end

    // ---- the choice for each egress ----

    for (genvar e = 0; e < PORTS; e++) begin : gen_egress
        wire [SLOTS-1:0] to =
            (to_q[e*SLOTS+:SLOTS] & ~arrives) | (arrives & {SLOTS{s_to[e]}});
        logic [3*SLOTS-1:0] queue, head; // [class][slot]
        logic [SLOTS-1:0] go, later, younger;
        logic [26:0] sum;

        always_comb begin
            for (int c = 0; c < 3; c++) begin
                queue[c*SLOTS+:SLOTS] = waits & to & class_of[c*SLOTS+:SLOTS];
                later = '0;
                for (int s = 0; s < SLOTS; s++)
                    later = later | (after[s*SLOTS+:SLOTS] & {SLOTS{queue[c*SLOTS+s]}});
                head[c*SLOTS+:SLOTS] = queue[c*SLOTS+:SLOTS] & ~later;
                sum[c*9+:9] = '0;
                for (int s = 0; s < SLOTS; s++)
                    sum[c*9+:9] = sum[c*9+:9] | ({9{head[c*SLOTS+s]}} & units[s*9+:9]);
            end
        end
        always_comb begin
            go = '0;
            for (int c = 0; c < 3; c++)
                go = go | (head[c*SLOTS+:SLOTS] & {SLOTS{allow[e*3+c]}});
            go = go & ~blocked;
            younger = '0;
            for (int s = 0; s < SLOTS; s++)
                younger = younger | (after[s*SLOTS+:SLOTS] & {SLOTS{go[s]}});
        end
        assign head_units[e*27+:27] = sum;
        assign pick[e*SLOTS+:SLOTS] = go & ~younger;
        assign m_req[e] = reading_q ? r_to_q[e] && follows : go != '0;

        always_ff @(posedge clk)
            to_q[e*SLOTS+:SLOTS] <= to;
    end

    // ---- out ----

    logic [SLOT_W-1:0] r_slot_q, chosen_slot;
    logic [IDX_W-1:0] r_idx_q;
    logic [1:0] r_class_q, chosen_class;
    logic [8:0] r_units_q, chosen_units;
    logic [SLOTS-1:0] chosen;

    // The beat to be read is the next to come in.
    wire at_writer = writing_q && w_slot_q == r_slot_q && w_idx_q == r_idx_q;
    wire follows = !at_writer || (s_valid && !s_sop);

    always_comb begin
        chosen = '0;
        for (int e = 0; e < PORTS; e++)
            chosen = chosen | ({SLOTS{m_take[e]}} & pick[e*SLOTS+:SLOTS]);
        chosen_slot = '0;
        chosen_class = (chosen & class_of[SLOTS-1:0]) != '0 ? `CLASS_POSTED
            : (chosen & class_of[2*SLOTS-1:SLOTS]) != '0 ? `CLASS_NONPOSTED : `CLASS_COMPLETION;
        chosen_units = '0;
        for (int s = 0; s < SLOTS; s++) begin
            chosen_slot = chosen_slot | ({SLOT_W{chosen[s]}} & SLOT_W'(s));
            chosen_units = chosen_units | ({9{chosen[s]}} & units[s*9+:9]);
        end
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

    logic [SLOTS-1:0] released;
    always_comb begin
        released = '0;
        for (int s = 0; s < SLOTS; s++)
            released[s] = taken && m_eop && r_slot == SLOT_W'(s);
    end

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
