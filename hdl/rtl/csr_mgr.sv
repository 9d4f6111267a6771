// csr_mgr.sv - who has which VF, and how it changes hands (C twin: src/pool/assignment.c, whose
// header draws the state machine; paper Fig. 9 and 10). For each VF: a state, its place (host port,
// slot, function), an epoch, and how many non-posted requests of its host and of itself wait for
// their completion.
// One command per cycle, judged on the state at the start of the cycle: result is combinational, its
// effect is there in the next cycle (write 1). A VF is reset, and so released, only when nothing is
// in flight (drain_ack); ABANDON alone does not wait. A place that another VF has is refused.
// Read: r_entry is the assignment table's entry of r_function, 2 cycles later; it shows the state at
// the start of the second one. admits and drain_ack are combinational on registers.
// Issues of a VF that is not admitted, and completions when nothing is in flight, are not counted.
// Reset state: all VFs free, epochs 0, nothing in flight.
`include "tables.svh"
module csr_mgr #(
    parameter FUNCTIONS = 8, // a power of two, 2 or more
    parameter COUNT_W = 12, // bits of a count of requests in flight
    parameter LANES = 1, // issues and completions of a side in one cycle, of different VFs
    localparam INDEX_W = $clog2(FUNCTIONS)
) (
    input logic clk,
    input logic rst,
    input logic [2:0] command, // enum assignment_command
    input logic [15:0] command_function,
    input logic [11:0] place_port,
    input logic [11:0] place_slot,
    input logic [15:0] place_function,
    output logic [2:0] result, // enum assignment_result
    // Requests in flight, [side * LANES + lane]; side 0: of the host, 1: of the device.
    input logic [2*LANES-1:0] issue,
    input logic [2*LANES*INDEX_W-1:0] issue_function,
    input logic [2*LANES-1:0] complete,
    input logic [2*LANES*INDEX_W-1:0] complete_function,
    output logic [FUNCTIONS-1:0] admits, // a new request may pass
    output logic [FUNCTIONS*8-1:0] epochs,
    output logic [FUNCTIONS-1:0] drain_ack, // draining, and nothing is in flight any more
    input logic [INDEX_W-1:0] r_function,
    output logic [pool_layout::ASSIGNMENT_W-1:0] r_entry
);
    localparam [2:0] FREE = 3'd0, LOADING = 3'd1, ASSIGNED = 3'd2, DRAINING = 3'd3,
        RESETTING = 3'd4, INVALIDATING = 3'd5;
    localparam [2:0] NONE = 3'd0, LOAD = 3'd1, ATTACH = 3'd2, DRAIN = 3'd3, RESET = 3'd4,
        RESET_DONE = 3'd5, RELEASE = 3'd6, ABANDON = 3'd7;
    localparam [2:0] OK = 3'd0, WRONG_STATE = 3'd1, IN_FLIGHT = 3'd2, DUPLICATE = 3'd3,
        OUT_OF_RANGE = 3'd4;
    localparam PLACE_W = 40;

    logic [FUNCTIONS*3-1:0] states;
    logic [FUNCTIONS-1:0] idle, taken;
    logic [FUNCTIONS*pool_layout::ASSIGNMENT_W-1:0] entries;

    wire [PLACE_W-1:0] place = {place_port, place_slot, place_function};
    wire [INDEX_W-1:0] index = command_function[INDEX_W-1:0];
    wire in_range = command_function < FUNCTIONS;
    wire [2:0] state = states[index*3+:3];

    // The state in which the command is accepted, and where it leads.
    logic [2:0] from, to;
    always_comb begin
        from = FREE;
        to = FREE;
        case (command)
            LOAD: to = LOADING;
            ATTACH: begin
                from = LOADING;
                to = ASSIGNED;
            end
            DRAIN: begin
                from = ASSIGNED;
                to = DRAINING;
            end
            RESET: begin
                from = DRAINING;
                to = RESETTING;
            end
            RESET_DONE: begin
                from = RESETTING;
                to = INVALIDATING;
            end
            RELEASE: from = INVALIDATING;
            default: from = FREE; // NONE, ABANDON
        endcase
    end

    always_comb begin
        if (command == NONE)
            result = OK;
        else if (!in_range)
            result = OUT_OF_RANGE;
        else if (command == ABANDON && state != FREE)
            result = OK;
        else if (command == ABANDON || state != from)
            result = WRONG_STATE;
        else if (command == RESET && !idle[index])
            result = IN_FLIGHT;
        else if (command == LOAD && taken != '0)
            result = DUPLICATE;
        else
            result = OK;
    end

    wire apply = command != NONE && result == OK;

    for (genvar f = 0; f < FUNCTIONS; f++) begin : gen_function
        logic [2:0] state_q;
        logic [PLACE_W-1:0] place_q;
        logic [7:0] epoch_q;
        logic [COUNT_W-1:0] host_q, device_q;
        wire mine = apply && index == f;
        logic [2*LANES-1:0] issues, completes; // of this VF

        for (genvar l = 0; l < 2*LANES; l++) begin : gen_lane
            assign issues[l] = issue[l] && issue_function[l*INDEX_W+:INDEX_W] == f;
            assign completes[l] = complete[l] && complete_function[l*INDEX_W+:INDEX_W] == f;
        end
        wire host_issue = issues[LANES-1:0] != '0 && state_q == ASSIGNED;
        wire device_issue = issues[2*LANES-1:LANES] != '0 && state_q == ASSIGNED;
        wire host_done = completes[LANES-1:0] != '0 && host_q != '0;
        wire device_done = completes[2*LANES-1:LANES] != '0 && device_q != '0;

        assign states[f*3+:3] = state_q;
        assign idle[f] = host_q == '0 && device_q == '0;
        assign taken[f] = state_q != FREE && place_q == place;
        assign epochs[f*8+:8] = epoch_q;
        assign admits[f] = state_q == ASSIGNED;
        assign drain_ack[f] = state_q == DRAINING && idle[f];
        assign entries[f*pool_layout::ASSIGNMENT_W+:pool_layout::ASSIGNMENT_W] =
            {16'(f), place_q, state_q, epoch_q, 1'b1};

        always_ff @(posedge clk) begin
            host_q <= host_q + COUNT_W'(host_issue) - COUNT_W'(host_done);
            device_q <= device_q + COUNT_W'(device_issue) - COUNT_W'(device_done);
            if (mine) begin
                state_q <= to;
                if (command == LOAD)
                    place_q <= place;
                if (to == FREE) begin
                    epoch_q <= epoch_q + 8'd1;
                    place_q <= '0;
                end
            end
            if (rst)
                epoch_q <= '0;
            if (rst || (mine && to == FREE)) begin
                host_q <= '0;
                device_q <= '0;
            end
            if (rst) begin
                state_q <= FREE;
                place_q <= '0;
            end
        end
    end

    logic [INDEX_W-1:0] r_function_q;
    always_ff @(posedge clk) begin
        r_function_q <= r_function;
        r_entry <= entries[r_function_q*pool_layout::ASSIGNMENT_W+:pool_layout::ASSIGNMENT_W];
    end

`ifdef FORMAL
    // For any one VF, with requests counted apart: what has been admitted and not completed. Unless
    // it is abandoned, a VF is reset, invalidated and released with nothing in flight; two VFs are
    // never seen at one place.
    (* anyconst *) logic [INDEX_W-1:0] watched, other;
    logic past = 1'b0;
    logic [COUNT_W:0] waiting_q;
    wire [1:0] mine_issue = {issue[1] && issue_function[2*INDEX_W-1:INDEX_W] == watched,
        issue[0] && issue_function[INDEX_W-1:0] == watched} & {2{admits[watched]}};
    wire [1:0] mine_done = {complete[1] && complete_function[2*INDEX_W-1:INDEX_W] == watched,
        complete[0] && complete_function[INDEX_W-1:0] == watched};
    wire [2:0] watched_state = states[watched*3+:3];
    wire command_mine = apply && index == watched;
    wire released = command_mine && to == FREE;
    logic [FUNCTIONS*PLACE_W-1:0] places;
    logic [FUNCTIONS*COUNT_W-1:0] hosts, devices;
    wire [PLACE_W-1:0] watched_place = places[watched*PLACE_W+:PLACE_W];
    wire [PLACE_W-1:0] other_place = places[other*PLACE_W+:PLACE_W];
    wire [COUNT_W-1:0] watched_host = hosts[watched*COUNT_W+:COUNT_W];
    wire [COUNT_W-1:0] watched_device = devices[watched*COUNT_W+:COUNT_W];

    for (genvar f = 0; f < FUNCTIONS; f++) begin : gen_formal
        assign places[f*PLACE_W+:PLACE_W] = gen_function[f].place_q;
        assign hosts[f*COUNT_W+:COUNT_W] = gen_function[f].host_q;
        assign devices[f*COUNT_W+:COUNT_W] = gen_function[f].device_q;
    end

    always_ff @(posedge clk) begin
        past <= 1'b1;
        if (rst || released)
            waiting_q <= '0;
        else
            waiting_q <= waiting_q + {{COUNT_W{1'b0}}, mine_issue[0]}
                + {{COUNT_W{1'b0}}, mine_issue[1]}
                - {{COUNT_W{1'b0}}, mine_done[0] && watched_host != '0}
                - {{COUNT_W{1'b0}}, mine_done[1] && watched_device != '0};
    end

    always_comb begin
        assume (watched != other);
        assume (watched_host != '1 && watched_device != '1); // fewer tags than counts
        if (!past)
            assume (rst);
        else begin
            assert ({1'b0, watched_host} + {1'b0, watched_device} == waiting_q);
            assert (watched_state <= INVALIDATING);
            if (watched_state == FREE || watched_state == LOADING || watched_state == RESETTING
                || watched_state == INVALIDATING)
                assert (waiting_q == '0);
            if (released && command != ABANDON)
                assert (waiting_q == '0);
            if (drain_ack[watched])
                assert (waiting_q == '0);
            if (watched_state != FREE && states[other*3+:3] != FREE)
                assert (watched_place != other_place);
            cover (result == IN_FLIGHT && index == watched);
            cover (released && command == RELEASE);
            cover (result == DUPLICATE);
        end
    end
`endif
endmodule
