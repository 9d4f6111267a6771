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

    // Written as arms, each of which make hdl-coverage has to see.
    always_comb begin
        if (downstream) begin
            if (hit)
                case (kind)
                    `POOL_IO: verdict = `POOL_UNSUPPORTED; // a VF has no I/O space
                    `POOL_MESSAGE: verdict = `POOL_DROP; // ends at the virtual downstream port
                    default: verdict = `POOL_REMAP;
                endcase
            else if (owner && !lent)
                verdict = `POOL_PASS;
            else if (posted)
                verdict = `POOL_DROP;
            else
                verdict = `POOL_UNSUPPORTED;
        end else if (kind == `POOL_CONFIG)
            verdict = `POOL_UNSUPPORTED; // never travels upstream (7.3.3)
        else if (!hit)
            verdict = `POOL_PASS;
        else if (kind == `POOL_IO)
            verdict = `POOL_UNSUPPORTED;
        else
            verdict = `POOL_REMAP;
    end
endmodule
