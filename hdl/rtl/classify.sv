// classify.sv - owner or user packet, and what becomes of it (C twin: src/pool/classify.c; paper
// Fig. 5). Combinational, no state, latency 0: it stands in the look-up's second stage.
`include "tlp_header.svh"
module classify (
    input logic downstream, // from a host towards the devices
    input logic [2:0] kind, // enum pool_kind
    input logic hit, // the User's table holds the target (downstream) or the source (upstream)
    input logic owner, // downstream: the host owns the device routed to
    input logic lent, // downstream: the Owner's target is a function that is lent to a User
    output logic [1:0] verdict // enum pool_verdict
);
    wire posted = kind == `POOL_MEM_WRITE || kind == `POOL_MESSAGE || kind == `POOL_COMPLETION;
    wire [1:0] refuse = posted ? `POOL_DROP : `POOL_UNSUPPORTED;

    always_comb begin
        if (downstream) begin
            if (hit)
                case (kind)
                    `POOL_IO: verdict = `POOL_UNSUPPORTED; // a VF has no I/O space
                    `POOL_MESSAGE: verdict = `POOL_DROP; // ends at the virtual downstream port
                    default: verdict = `POOL_REMAP;
                endcase
            else
                verdict = owner && !lent ? `POOL_PASS : refuse;
        end else
            case (kind)
                `POOL_CONFIG: verdict = `POOL_UNSUPPORTED; // never travels upstream (7.3.3)
                `POOL_IO: verdict = hit ? `POOL_UNSUPPORTED : `POOL_PASS;
                default: verdict = hit ? `POOL_REMAP : `POOL_PASS;
            endcase
    end
endmodule
