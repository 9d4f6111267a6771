// tlp_header.svh - where the fields of a TLP header lie in hdr[127:0] (Base Spec 2.2; the C twin is
// src/pcie/tlp_header.c). DW0 is [127:96]; headers of 3 dwords have a zero DW3.
// A macro is a bit or a range: hdr[`TLP_TAG].
`ifndef POOLSIM_TLP_HEADER_SVH
`define POOLSIM_TLP_HEADER_SVH

// One beat of a stream: {strb 8, data 256, hdr 128}. sop and eop travel beside it.
`define TLP_HDR_W 128
`define TLP_DATA_W 256
`define TLP_STRB_W 8
`define TLP_BEAT_W 392

// DW0
`define TLP_FMT_DATA 126
`define TLP_FMT_4DW 125
`define TLP_FMT 127:125
`define TLP_TYPE 124:120
`define TLP_TYPE_ONE 120 // of configuration requests: Type 1
`define TLP_T9 119
`define TLP_TC 118:116
`define TLP_T8 115
`define TLP_IDO 114
`define TLP_TH 112
`define TLP_TD 111
`define TLP_EP 110
`define TLP_RO 109
`define TLP_NS 108
`define TLP_LENGTH 105:96
// DW1 of requests
`define TLP_REQUESTER 95:80
`define TLP_TAG 79:72
`define TLP_LAST_BE 71:68
`define TLP_FIRST_BE 67:64
// DW1 of completions
`define TLP_COMPLETER 95:80
`define TLP_CPL_STATUS 79:77
`define TLP_CPL_BYTES 75:64
// DW2 of completions
`define TLP_CPL_REQUESTER 63:48
`define TLP_CPL_TAG 47:40
`define TLP_CPL_LOWER 38:32
// DW0 and DW1 of messages
`define TLP_MSG_ROUTING 122:120
`define TLP_MSG_CODE 71:64
// DW2 of configuration requests and of messages by ID
`define TLP_TARGET 63:48
`define TLP_REGISTER 43:34
// DW2 and DW3 of memory requests
`define TLP_DW2 63:32
`define TLP_DW3 31:0

// Ordering and credit class (enum tlp_class)
`define CLASS_POSTED 2'd0
`define CLASS_NONPOSTED 2'd1
`define CLASS_COMPLETION 2'd2

// What the pooling logic distinguishes (enum pool_kind)
`define POOL_MEM_READ 3'd0
`define POOL_MEM_WRITE 3'd1
`define POOL_COMPLETION 3'd2
`define POOL_CONFIG 3'd3
`define POOL_IO 3'd4
`define POOL_MESSAGE 3'd5

// What it does (enum pool_verdict)
`define POOL_PASS 2'd0
`define POOL_REMAP 2'd1
`define POOL_UNSUPPORTED 2'd2
`define POOL_DROP 2'd3

// How a TLP is routed (enum tlp_routing)
`define ROUTE_BY_ADDRESS 2'd0
`define ROUTE_BY_ID 2'd1
`define ROUTE_BY_MESSAGE 2'd2

`endif
