/* latency.h - where the time of one operation went: parts that sum exactly to its total.
 * Every stage that a TLP passes adds its share to one part and moves the TLP's account forward, so
 * that at any moment the sum of the parts equals (accounted-until time - time of issue). */
#ifndef POOLSIM_DES_LATENCY_H
#define POOLSIM_DES_LATENCY_H

#include <stdint.h>

enum latency_part {
    LAT_SOURCE,    /* intended arrival to issue: the requester's own queue */
    LAT_SERIALISE, /* bytes on the wire, cut-through overlap subtracted */
    LAT_PROPAGATE, /* flight time */
    LAT_CREDIT,    /* waiting for flow-control credits */
    LAT_ARBITRATE, /* waiting for a busy wire, crossbar or arbiter */
    LAT_CROSSBAR,  /* switch pipeline and crossbar without the re-map stages */
    LAT_REMAP,     /* re-map look-up and header edit */
    LAT_MEMORY,    /* root complex: memory and its queue */
    LAT_DEVICE,    /* inside the device: processing, line, flash */
    LAT_PARTS
};

extern const char *const latency_part_names[LAT_PARTS];

/* One finished operation of a workload, as the trace hands it to its readers (TR_OP_DONE). */
struct op_record {
    uint64_t born_ps; /* intended arrival */
    uint64_t done_ps; /* born_ps + sum of part_ps, exactly */
    uint64_t part_ps[LAT_PARTS];
    uint32_t flow;  /* function instance of a workload */
    uint32_t bytes; /* payload moved */
    uint8_t failed; /* completed with UR or CA */
};

#endif
