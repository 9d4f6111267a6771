#include "config/schema_rows.h"

/* ---- words ---- */

static const struct schema_name deal_names[] = {
    {"blocks", false}, {"round-robin", true}, {NULL, 0}};
static const struct schema_name op_names[] = {
    {"dma-write", OP_DMA_WRITE}, {"dma-read", OP_DMA_READ}, {"mmio-write", OP_MMIO_WRITE},
    {"mmio-read", OP_MMIO_READ}, {"transmit", OP_TRANSMIT}, {"receive", OP_RECEIVE},
    {"read", OP_READ},           {"write", OP_WRITE},       {NULL, 0}};
static const struct schema_name arrival_names[] = {
    {"constant", ARRIVAL_CONSTANT}, {"poisson", ARRIVAL_POISSON}, {"on-off", ARRIVAL_ONOFF},
    {"trace", ARRIVAL_TRACE},       {"closed", ARRIVAL_CLOSED},   {NULL, 0}};
static const struct schema_name period_names[] = {{"exponential", PERIOD_EXPONENTIAL},
                                                  {"pareto", PERIOD_PARETO},
                                                  {"constant", PERIOD_CONSTANT},
                                                  {NULL, 0}};

/* ---- lends ---- */

static const struct schema_key lend_keys[] = {
    {"device", TYPE_NAMES, WHERE(struct block_lend, device_ref), .required = true,
     .help = "devices: d, d0..d15, [d0, d2..d4], or the stem of a group"},
    {"vf", TYPE_RANGE, WHERE(struct block_lend, vf_ref),
     .help = "VFs of each device: 3 or 0..7; when absent: all"},
    {"to", TYPE_NAMES, WHERE(struct block_lend, host_ref), .required = true,
     .help = "hosts; all VFs, device by device, are dealt to them in equal shares"},
    {"deal", TYPE_ENUM, FIELD(struct block_lend, round_robin), .fallback = "blocks",
     .names = deal_names, .help = "contiguous blocks, or one VF at a time"},
    {"weight", TYPE_COUNT, FIELD(struct block_lend, weight), .fallback = "1", .min = 1,
     .max = 65535, .help = "share of each of these VFs in weighted arbitration"},
    {"slot", TYPE_COUNT, FIELD(struct block_lend, slot), .fallback = "0", .max = 31,
     .help = "which of the host's slots for this device; a slot holds 8 functions, with ARI 256"},
    END};
const struct schema_section schema_lend = {"lend", "VFs lent to hosts", NULL, lend_keys};

/* ---- workloads ---- */

#define PERIOD_SECTION(id)                                                                         \
    static const struct schema_key id##_keys[] = {                                                 \
        {"mean", TYPE_PS, FIELD(struct block_workload, workload.id##_ps), .fallback = "10us",      \
         .min = 1, .max = HOUR, .help = "mean length"},                                            \
        {"kind", TYPE_ENUM, FIELD(struct block_workload, workload.id##_kind),                      \
         .fallback = "exponential", .names = period_names, .help = "distribution of the length"},  \
        END};                                                                                      \
    static const struct schema_section id##_section = {                                            \
        "period", "on or off periods; short form: their mean", "mean", id##_keys}

PERIOD_SECTION(on);
PERIOD_SECTION(off);

static const struct schema_key workload_keys[] = {
    {"name", TYPE_NAME, WHERE(struct block_workload, workload.name),
     .help = "a unique name; w0, w1, ... by position when absent"},
    {"op", TYPE_ENUM, FIELD(struct block_workload, workload.op), .required = true,
     .names = op_names,
     .help = "what each function does; transmit and receive on a nic, read and write on an nvme"},
    {"host", TYPE_NAMES, WHERE(struct block_workload, host_ref),
     .help = "hosts whose functions run it; when absent: every host with a lent or direct VF"},
    {"device", TYPE_NAMES, WHERE(struct block_workload, device_ref),
     .help = "devices whose functions run it; when absent: all of the kind that op needs"},
    {"vf", TYPE_RANGE, WHERE(struct block_workload, vf_ref), .help = "VFs; when absent: all"},
    {"arrival", TYPE_ENUM, WHERE(struct block_workload, arrival), .optional = true,
     .names = arrival_names,
     .help = "when operations come; when absent: trace or closed if trace or depth is given, else "
             "poisson"},
    {"rate", TYPE_OPS, WHERE(struct block_workload, ops), .optional = true, .min = 1,
     .max = UINT64_C(1000000000000000), .help = "operations per second of each function"},
    {"bandwidth", TYPE_BPS, WHERE(struct block_workload, bps), .optional = true, .min = 1,
     .max = UINT64_C(100000000000000), .help = "payload bits per second of each function"},
    {"load", TYPE_PPM, WHERE(struct block_workload, load), .optional = true, .min = 1,
     .max = 4000000,
     .help = "share of the device's link, divided equally among this workload's functions on it"},
    {"depth", TYPE_COUNT, WHERE(struct block_workload, depth), .optional = true, .min = 1,
     .max = 65536, .help = "closed loop: operations kept in flight by each function"},
    {"think", TYPE_PS, FIELD(struct block_workload, workload.think_ps), .fallback = "0ns",
     .max = HOUR, .help = "closed loop: pause before the next operation"},
    {"on", TYPE_SECTION, .section = &on_section, .help = "on-off: lengths of on periods"},
    {"off", TYPE_SECTION, .section = &off_section, .help = "on-off: lengths of off periods"},
    {"pareto_shape", TYPE_MILLI, FIELD(struct block_workload, workload.pareto_shape_milli),
     .fallback = "1.5", .min = 1001, .max = 100000, .help = "shape of pareto periods, above 1"},
    {"trace", TYPE_PATH, WHERE(struct block_workload, workload.trace_path),
     AUX(struct block_workload, workload.trace_mark),
     .help = "CSV file of operations: time_ns,bytes"},
    {"size", TYPE_DIST_BYTES, WHERE(struct block_workload, workload.size_bytes),
     AUX(struct block_workload, workload.size_yaml), .fallback = "256B", .min = 1, .max = 16 << 20,
     .help = "bytes of an operation"},
    {"start", TYPE_PS, FIELD(struct block_workload, workload.start_ps), .fallback = "0ns",
     .max = HOUR, .help = "when it begins"},
    {"stop", TYPE_PS, FIELD(struct block_workload, workload.stop_ps), .fallback = "end",
     .zero_word = "end", .min = 1, .max = 10 * HOUR, .help = "when it ends"},
    {"traffic_class", TYPE_COUNT, FIELD(struct block_workload, workload.traffic_class),
     .fallback = "0", .max = 7, .help = "traffic class of its TLPs"},
    END};
const struct schema_section schema_workload = {
    "workload", "traffic; every function that it selects runs its own copy", NULL, workload_keys};
