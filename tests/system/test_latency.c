/* Unloaded latency of every path, to the picosecond. One operation at a time crosses an idle
 * fabric; its end is compared with what the stages on its way add up to. Everything here is
 * computed from the numbers of the Base Specification and the cycle rules of switch.h in exact
 * rational arithmetic, without the code under test. Not pinned: anything under load. */
#include "scenario.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void suite_latency(void);

__extension__ typedef unsigned __int128 wide;

enum {
    LINKS_MOST = 4,     /* device, two cascaded switches, root switch, host */
    TLPS_MOST = 64,     /* of one operation */
    TASKS_MOST = 48,    /* of one model, one after the other */
    ROUNDS = 4,         /* of all tasks, at different phases of the clock */
    FRAME_HEAD = 4,     /* start of packet and sequence number, in front of the header */
    LCRC = 4,           /* behind the payload and the digest */
    REQUEST_HEADER = 4, /* of MRd and MWr beyond the 12 bytes of 3DW, with 64-bit addresses */
};

#define SECOND_PS UINT64_C(1000000000000)

/* ---- what is simulated ---- */

enum access { DMA_WRITE, DMA_READ, MMIO_WRITE, MMIO_READ };
static const char *const op_names[] = {"dma-write", "dma-read", "mmio-write", "mmio-read"};

struct rate {
    unsigned gen, lanes;
};

/* One operation. */
struct task {
    enum access op;
    unsigned bytes;
    unsigned offset; /* of the buffer in its page */
};

/* What it runs on. */
struct setup {
    unsigned switches; /* 0: the device attaches to the host; 1: to the root switch; ... */
    bool owner;        /* the host that uses the VF is the device's Owner */
    struct rate host, device, uplink;
    uint64_t clock_hz;
    unsigned datapath;
    bool store_and_forward;
    unsigned ingress, remap, edit, crossbar; /* cycles */
    bool remap_unpipelined;
    unsigned mps, mrrs, rcb;
    bool address32, ecrc;
    bool skp, dllp;
};

static const struct setup base = {
    .switches = 1,
    .host = {3, 8},
    .device = {3, 8},
    .uplink = {3, 16},
    .clock_hz = 250000000,
    .datapath = 32,
    .ingress = 2,
    .remap = 2,
    .edit = 1,
    .crossbar = 1,
    .mps = 256,
    .mrrs = 512,
    .rcb = 64,
    .dllp = true, /* on an idle wire they cost nothing */
};

/* Distinct values, so that none can stand for another. */
static const uint64_t host_propagation_ps = 7000;
static const uint64_t device_propagation_ps = 5001;
static const uint64_t uplink_propagation_ps = 3000;
static const uint64_t read_latency_ps = 411000;
static const uint64_t write_latency_ps = 97000;
static const uint64_t mmio_read_ps = 113000;

/* Tasks begin @gap_ps apart and come round again after that times their number, and a bit. */
static const uint64_t gap_ps = 151000000;

struct tasks {
    struct task of[TASKS_MOST];
    unsigned n;
};

static void add_task(struct tasks *tasks, enum access op, unsigned bytes, unsigned offset)
{
    CHECK(tasks->n < TASKS_MOST);
    tasks->of[tasks->n++] = (struct task){op, bytes, offset};
}

static struct config *load(const struct setup *s, const struct tasks *tasks)
{
    char workloads[TASKS_MOST * 128];
    int length = 0;
    for (unsigned i = 0; i < tasks->n; i++)
        length += snprintf(workloads + length, sizeof workloads - (size_t)length,
                           "- {op: %s, host: user, vf: 1, arrival: constant, rate: %" PRIu64
                           "ops, start: %" PRIu64 "ps, size: %uB}\n",
                           op_names[tasks->of[i].op], SECOND_PS / (gap_ps * tasks->n),
                           1000 + i * gap_ps, tasks->of[i].bytes);
    char switches[2048] = "";
    int used = 0;
    for (unsigned i = 0; i < s->switches; i++) {
        used +=
            snprintf(switches + used, sizeof switches - (size_t)used,
                     "%s- {name: sw%u, clock: %" PRIu64
                     "Hz, datapath: %uB, mode: %s, max_payload: 4KiB, egress_buffer: %uB, credits: "
                     "{posted: {header: 127, "
                     "data: 32752B}, completion: {header: 127, data: 32752B}}, pipeline: {ingress: "
                     "%u, remap: %u, edit: %u, crossbar: %u, remap_pipelined: %s}",
                     i ? "" : "switches:\n", i, s->clock_hz, s->datapath,
                     s->store_and_forward ? "store-and-forward" : "cut-through",
                     s->mps <= 512 ? 1024U : 8192U, s->ingress, s->remap, s->edit, s->crossbar,
                     s->remap_unpipelined ? "false" : "true");
        if (i)
            used += snprintf(switches + used, sizeof switches - (size_t)used,
                             ", parent: sw%u, uplink: {rate: gen%ux%u, propagation: %" PRIu64
                             "ps, skp: %s, dllp: %s}",
                             i - 1, s->uplink.gen, s->uplink.lanes, uplink_propagation_ps,
                             s->skp ? "true" : "false", s->dllp ? "true" : "false");
        used += snprintf(switches + used, sizeof switches - (size_t)used, "}\n");
    }
    char place[64];
    if (s->switches)
        snprintf(place, sizeof place, "switch: sw%u, owner: %s", s->switches - 1,
                 s->owner ? "user" : "other");
    else
        snprintf(place, sizeof place, "host: user");
    return scenario_load(
        "pcie: {mps: %uB, mrrs: %uB, rcb: %uB, address: %d, ecrc: %s}\n"
        "hosts:\n"
        "%s"
        "- {name: user, max_payload: 4KiB, link: {rate: gen%ux%u, propagation: %" PRIu64
        "ps, skp: %s, dllp: %s}, memory: {latency: %" PRIu64 "ps, write_latency: %" PRIu64 "ps}}\n"
        "%s"
        "devices:\n"
        "- {name: d, %s, max_payload: 4KiB, vfs: 2, link: {rate: gen%ux%u, propagation: %" PRIu64
        "ps, skp: %s, dllp: %s}, mmio_read: %" PRIu64 "ps}\n"
        "%s"
        "workloads:\n%s",
        s->mps, s->mrrs, s->rcb, s->address32 ? 32 : 64, s->ecrc ? "true" : "false",
        s->switches ? "- {name: other, max_payload: 4KiB}\n" : "", s->host.gen, s->host.lanes,
        host_propagation_ps, s->skp ? "true" : "false", s->dllp ? "true" : "false", read_latency_ps,
        write_latency_ps, switches, place, s->device.gen, s->device.lanes, device_propagation_ps,
        s->skp ? "true" : "false", s->dllp ? "true" : "false", mmio_read_ps,
        s->switches && !s->owner ? "lend: [{device: d, vf: 1, to: user}]\n" : "", workloads);
}

/* ---- what it must take: one wire ---- */

/* A direction of a link: a byte takes num / den ps. It is busy with @bytes from @anchor_ps on. */
struct wire {
    uint64_t num, den;
    uint64_t propagation_ps;
    uint64_t anchor_ps, bytes;
};

static struct wire wire_of(struct rate rate, uint64_t propagation_ps)
{
    static const uint64_t transfers_per_s[] = {0,          2500000000,  5000000000,
                                               8000000000, 16000000000, 32000000000};
    const bool ten_bits = rate.gen <= 2; /* 8b/10b, later 128b/130b */
    return (struct wire){
        .num = 8 * SECOND_PS * (ten_bits ? 10 : 130),
        .den = transfers_per_s[rate.gen] * rate.lanes * (ten_bits ? 8 : 128),
        .propagation_ps = propagation_ps,
    };
}

/* Whole picoseconds that @bytes take, rounded up. */
static uint64_t bytes_ps(const struct wire *wire, uint64_t bytes)
{
    return (uint64_t)(((wide)bytes * wire->num + wire->den - 1) / wire->den);
}

struct span {
    uint64_t begin_ps, end_ps;
};

/* A TLP that is ready at @ready_ps: when its first and last byte arrive. */
static struct span wire_send(struct wire *wire, uint64_t ready_ps, uint32_t bytes)
{
    bool idle = ready_ps >= wire->anchor_ps &&
                (wide)(ready_ps - wire->anchor_ps) * wire->den >= (wide)wire->bytes * wire->num;
    if (idle) {
        wire->anchor_ps = ready_ps;
        wire->bytes = 0;
    }
    struct span span;
    span.begin_ps = wire->anchor_ps + bytes_ps(wire, wire->bytes) + wire->propagation_ps;
    wire->bytes += bytes;
    span.end_ps = wire->anchor_ps + bytes_ps(wire, wire->bytes) + wire->propagation_ps;
    return span;
}

/* ---- one switch ---- */

static uint64_t edge_ps(const struct setup *s, uint64_t cycle)
{
    return (uint64_t)((wide)cycle * SECOND_PS / s->clock_hz);
}

static uint64_t first_edge_from(const struct setup *s, uint64_t ps)
{
    uint64_t cycle = (uint64_t)((wide)ps * s->clock_hz / SECOND_PS);
    while (edge_ps(s, cycle) < ps)
        cycle++;
    return cycle;
}

struct tlp_shape {
    uint32_t header; /* with its framing, up to the first payload byte */
    uint32_t payload;
    uint32_t tail; /* digest and LCRC */
};

static uint32_t shape_bytes(const struct tlp_shape *shape)
{
    return shape->header + shape->payload + shape->tail;
}

/* Ingress and crossbar of the one path through a switch. */
struct stage {
    uint64_t entry_free, lookup_free, crossbar_free; /* cycles */
};

static uint32_t least(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

static uint64_t max_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* First cycle from which all beats can enter, one per cycle. */
static uint64_t enter(const struct setup *s, struct stage *stage, const struct wire *in,
                      const struct tlp_shape *shape, uint64_t beats, struct span span)
{
    uint64_t stream_ps = span.end_ps;
    if (!s->store_and_forward) {
        uint64_t rest_ps = edge_ps(s, beats - 1);
        stream_ps = span.end_ps > rest_ps ? span.end_ps - rest_ps : 0;
        for (uint64_t beat = 0; beat + 1 < beats || beat == 0; beat++) {
            uint64_t bytes = least((beat + 1) * s->datapath, shape->payload);
            uint64_t there_ps = span.begin_ps + bytes_ps(in, shape->header + bytes);
            if (there_ps > stream_ps + edge_ps(s, beat))
                stream_ps = there_ps - edge_ps(s, beat);
        }
    }
    uint64_t cycle = max_of(first_edge_from(s, stream_ps), stage->entry_free);
    stage->entry_free = cycle + beats;
    return cycle;
}

/* Through the switch: when the TLP is ready for the wire @out. */
static uint64_t pass(const struct setup *s, struct stage *stage, const struct wire *in,
                     const struct wire *out, const struct tlp_shape *shape, struct span span)
{
    uint64_t beats = (shape->payload + s->datapath - 1) / s->datapath;
    if (!beats)
        beats = 1;
    uint64_t entered = enter(s, stage, in, shape, beats, span);
    uint64_t lookup = max_of(entered + s->ingress, stage->lookup_free);
    stage->lookup_free = lookup + (s->remap_unpipelined ? s->remap : 1);
    uint64_t grant = max_of(lookup + s->remap + s->edit, stage->crossbar_free);
    stage->crossbar_free = grant + beats;
    uint64_t first_ps = edge_ps(s, grant + s->crossbar);
    if (beats == 1)
        return first_ps;
    /* The last beat must have left the crossbar when the wire comes to it. */
    uint64_t last_ps = edge_ps(s, grant + s->crossbar + beats - 1);
    uint64_t before_ps = bytes_ps(out, shape->header + (beats - 1) * s->datapath);
    return max_of(first_ps, last_ps > before_ps ? last_ps - before_ps : 0);
}

/* ---- a whole path ---- */

struct path {
    const struct setup *setup;
    unsigned n_links;
    struct wire wires[LINKS_MOST];
    struct stage stages[LINKS_MOST - 1];
};

/* @up: from the device to the host. */
static struct path path_of(const struct setup *s, bool up)
{
    struct path path = {.setup = s, .n_links = s->switches + 1};
    for (unsigned i = 0; i < path.n_links; i++) {
        unsigned from_device = up ? i : s->switches - i;
        if (from_device == 0)
            path.wires[i] = wire_of(s->device, device_propagation_ps);
        else if (from_device == s->switches)
            path.wires[i] = wire_of(s->host, host_propagation_ps);
        else
            path.wires[i] = wire_of(s->uplink, uplink_propagation_ps);
    }
    return path;
}

/* When the last byte of a TLP arrives that is ready at @ready_ps. TLPs of a path come in order. */
static uint64_t path_send(struct path *path, uint64_t ready_ps, const struct tlp_shape *shape)
{
    for (unsigned i = 0;; i++) {
        struct span span = wire_send(&path->wires[i], ready_ps, shape_bytes(shape));
        if (i + 1 == path->n_links)
            return span.end_ps;
        ready_ps =
            pass(path->setup, &path->stages[i], &path->wires[i], &path->wires[i + 1], shape, span);
    }
}

static struct tlp_shape request_shape(const struct setup *s, uint32_t payload)
{
    return (struct tlp_shape){FRAME_HEAD + 12 + (s->address32 ? 0 : REQUEST_HEADER), payload,
                              (s->ecrc ? 4U : 0U) + LCRC};
}

static struct tlp_shape completion_shape(const struct setup *s, uint32_t payload)
{
    return (struct tlp_shape){FRAME_HEAD + 12, payload, (s->ecrc ? 4U : 0U) + LCRC};
}

/* Payload in whole dwords: what lies before @address in its dword and behind the end travels too.
 */
static uint32_t dwords_bytes(uint32_t address, uint32_t bytes)
{
    return (address % 4 + bytes + 3) / 4 * 4;
}

static uint64_t dma_write_end(const struct setup *s, const struct task *task, uint64_t born_ps)
{
    struct path path = path_of(s, true);
    uint64_t end_ps = 0;
    for (uint32_t at = task->offset, left = task->bytes; left;) {
        uint32_t bytes = least(left, least(s->mps - at % 4, 4096 - at % 4096));
        struct tlp_shape shape = request_shape(s, dwords_bytes(at, bytes));
        end_ps = path_send(&path, born_ps, &shape);
        at += bytes;
        left -= bytes;
    }
    return end_ps + write_latency_ps;
}

/* The completions of one read, from memory that has the data at @ready_ps. */
static uint64_t complete_read(const struct setup *s, struct path *down, uint64_t ready_ps,
                              uint32_t at, uint32_t left)
{
    uint64_t end_ps = 0;
    while (left) {
        uint32_t bytes = left;
        if (left > s->mps - at % 4)
            bytes = (at - at % 4 + s->mps) / s->rcb * s->rcb - at;
        struct tlp_shape shape = completion_shape(s, dwords_bytes(at, bytes));
        end_ps = path_send(down, ready_ps, &shape);
        at += bytes;
        left -= bytes;
    }
    return end_ps;
}

static uint64_t dma_read_end(const struct setup *s, const struct task *task, uint64_t born_ps)
{
    struct path up = path_of(s, true);
    struct path down = path_of(s, false);
    uint64_t end_ps = 0;
    for (uint32_t at = task->offset, left = task->bytes; left;) {
        uint32_t bytes = least(left, least(s->mrrs - at % 4, 4096 - at % 4096));
        struct tlp_shape shape = request_shape(s, 0);
        uint64_t arrived_ps = path_send(&up, born_ps, &shape);
        end_ps = complete_read(s, &down, arrived_ps + read_latency_ps, at, bytes);
        at += bytes;
        left -= bytes;
    }
    return end_ps;
}

static uint64_t mmio_end(const struct setup *s, const struct task *task, uint64_t born_ps)
{
    struct path down = path_of(s, false);
    struct path up = path_of(s, true);
    const bool read = task->op == MMIO_READ;
    struct tlp_shape request = request_shape(s, read ? 0 : dwords_bytes(0, task->bytes));
    uint64_t arrived_ps = path_send(&down, born_ps, &request);
    if (!read)
        return arrived_ps;
    struct tlp_shape completion = completion_shape(s, dwords_bytes(0, task->bytes));
    return path_send(&up, arrived_ps + mmio_read_ps, &completion);
}

static uint64_t expected_end(const struct setup *s, const struct task *task, uint64_t born_ps)
{
    switch (task->op) {
    case DMA_WRITE:
        return dma_write_end(s, task, born_ps);
    case DMA_READ:
        return dma_read_end(s, task, born_ps);
    case MMIO_WRITE:
    case MMIO_READ:
        return mmio_end(s, task, born_ps);
    }
    CHECK(false);
}

/* ---- comparison ---- */

static void simulate(const struct setup *s, const struct tasks *tasks, struct scenario_ops *out)
{
    struct config *config = load(s, tasks);
    struct model *model = scenario_build(config);
    CU_ASSERT_EQUAL_FATAL(model->traffic.n_flows, tasks->n);
    for (unsigned i = 0; i < tasks->n; i++)
        model->flows[i].buffer_address += tasks->of[i].offset;
    scenario_collect_ops(model, out);
    scenario_simulate(model, ROUNDS * (SECOND_PS / (SECOND_PS / (gap_ps * tasks->n))));
    scenario_finish(model);
    CU_ASSERT_EQUAL(out->n, ROUNDS * tasks->n);
    config_free(config);
}

static void describe(const struct setup *s, const struct task *task, const struct op_record *op)
{
    fprintf(stderr,
            "%s of %u B at offset %u over %u switches (%s VF), host gen%ux%u, device gen%ux%u, "
            "uplink gen%ux%u, %" PRIu64 " Hz x %u B, %s, cycles %u %u%s %u %u, MPS %u MRRS %u RCB "
            "%u, %s%s: born %" PRIu64 ", takes %" PRIu64 " ps, expected %" PRIu64 "\n",
            op_names[task->op], task->bytes, task->offset, s->switches,
            s->owner ? "Owner's" : "User's", s->host.gen, s->host.lanes, s->device.gen,
            s->device.lanes, s->uplink.gen, s->uplink.lanes, s->clock_hz, s->datapath,
            s->store_and_forward ? "store-and-forward" : "cut-through", s->ingress, s->remap,
            s->remap_unpipelined ? " (one at a time)" : "", s->edit, s->crossbar, s->mps, s->mrrs,
            s->rcb, s->address32 ? "3DW" : "4DW", s->ecrc ? " with digest" : "", op->born_ps,
            op->done_ps - op->born_ps, expected_end(s, task, op->born_ps) - op->born_ps);
}

/* Every operation ends when it must, and is accounted without a gap. */
static void check(const struct setup *s, const struct tasks *tasks)
{
    struct scenario_ops ops = {0};
    bool told = false;
    simulate(s, tasks, &ops);
    for (size_t i = 0; i < ops.n; i++) {
        const struct op_record *op = &ops.ops[i];
        const struct task *task = &tasks->of[op->flow];
        uint64_t parts_ps = 0;
        for (int part = 0; part < LAT_PARTS; part++)
            parts_ps += op->part_ps[part];
        CU_ASSERT_EQUAL(op->failed, 0);
        CU_ASSERT_EQUAL(op->done_ps - op->born_ps, parts_ps);
        CU_ASSERT_EQUAL(op->done_ps, expected_end(s, task, op->born_ps));
        if (op->done_ps != expected_end(s, task, op->born_ps) && !told) {
            describe(s, task, op);
            told = true;
        }
    }
    scenario_ops_fini(&ops);
}

static const unsigned payloads[] = {4, 8, 32, 36, 64, 100, 256, 1000, 2048, 4096};
enum { PAYLOADS = sizeof payloads / sizeof payloads[0] };

/* @s with every operation and payload; MMIO is one TLP of at most MPS. */
static void check_operations(const struct setup *s)
{
    struct tasks tasks = {.n = 0};
    for (int op = DMA_WRITE; op <= MMIO_READ; op++)
        for (size_t i = 0; i < PAYLOADS; i++)
            if (op < MMIO_WRITE || payloads[i] <= s->mps)
                add_task(&tasks, (enum access)op, payloads[i], 0);
    check(s, &tasks);
}

static const struct rate rates[] = {{1, 1},  {1, 4}, {2, 2}, {2, 8},  {3, 1}, {3, 4},  {3, 8},
                                    {3, 16}, {4, 4}, {4, 8}, {4, 16}, {5, 4}, {5, 16}, {5, 12}};
enum { RATES = sizeof rates / sizeof rates[0] };

static void test_direct(void)
{
    struct setup s = base;
    s.switches = 0;
    for (size_t i = 0; i < RATES; i++) {
        s.device = rates[i];
        check_operations(&s);
    }
}

static void test_pooled_rates(void)
{
    struct setup s = base;
    for (size_t i = 0; i < RATES; i++) {
        s.device = rates[i];
        s.host = rates[i];
        check_operations(&s);
        s.host = base.host;
        check_operations(&s);
    }
}

static void test_switch_clocks(void)
{
    static const uint64_t clocks_hz[] = {100000000, 156250000, 250000000, 300000000,
                                         333333333, 644531250, 1000000000};
    struct setup s = base;
    for (size_t i = 0; i < sizeof clocks_hz / sizeof clocks_hz[0]; i++) {
        s.clock_hz = clocks_hz[i];
        s.store_and_forward = false;
        check_operations(&s);
        s.store_and_forward = true;
        check_operations(&s);
    }
}

static void test_remap_cycles(void)
{
    struct setup s = base;
    for (s.remap = 0; s.remap <= 16; s.remap++) {
        s.remap_unpipelined = s.remap % 3 == 2;
        s.owner = s.remap % 2;
        check_operations(&s);
    }
}

static void test_cascades(void)
{
    struct setup s = base;
    for (s.switches = 2; s.switches <= 3; s.switches++) {
        for (int variant = 0; variant < 4; variant++) {
            s.owner = variant & 1;
            s.store_and_forward = variant & 2;
            check_operations(&s);
        }
    }
}

/* Completions are cut at the RCB, requests at 4 KiB, whatever the address. */
static void test_unaligned_buffers(void)
{
    static const unsigned offsets[] = {1, 4, 60, 63, 68, 100, 2047, 4000, 4095};
    struct setup s = base;
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        for (s.switches = 0; s.switches <= 1; s.switches++) {
            for (s.rcb = 64; s.rcb <= 128; s.rcb *= 2) {
                struct tasks tasks = {.n = 0};
                for (unsigned bytes = 1; bytes <= 4096; bytes = 3 * bytes + 1) {
                    add_task(&tasks, DMA_READ, bytes, offsets[i]);
                    add_task(&tasks, DMA_WRITE, bytes, offsets[i]);
                }
                check(&s, &tasks);
            }
        }
    }
}

/* ---- random cases ---- */

static uint64_t next_random(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static unsigned below(uint64_t *state, unsigned n)
{
    return (unsigned)(next_random(state) % n);
}

/* Everything at once. Without DLLPs: between the many completions of a long read on a slow wire
 * those of its requests would go. */
static struct setup random_setup(uint64_t *state)
{
    return (struct setup){
        .switches = below(state, 4),
        .owner = below(state, 2),
        .host = rates[below(state, RATES)],
        .device = rates[below(state, RATES)],
        .uplink = rates[below(state, RATES)],
        .clock_hz = 50000000 + (uint64_t)below(state, 1200000) * 1000,
        .datapath = 8U << below(state, 6),
        .store_and_forward = below(state, 3) == 0,
        .ingress = below(state, 5),
        .remap = below(state, 17),
        .remap_unpipelined = below(state, 2),
        .edit = below(state, 3),
        .crossbar = 1 + below(state, 3),
        .mps = 128U << below(state, 5),
        .mrrs = 128U << below(state, 5),
        .rcb = 64U << below(state, 2),
        .address32 = below(state, 2),
        .ecrc = below(state, 2),
    };
}

static struct tasks random_tasks(uint64_t *state, const struct setup *s)
{
    struct tasks tasks = {.n = 0};
    for (unsigned i = 0; i < 8; i++) {
        enum access op = (enum access)(i % 4);
        unsigned most = op == MMIO_WRITE ? s->mps : op == MMIO_READ ? least(s->mps, s->mrrs) : 4096;
        add_task(&tasks, op, 1 + below(state, most), op < MMIO_WRITE ? below(state, 4096) : 0);
    }
    return tasks;
}

static void test_random_cases(void)
{
    uint64_t state = 1;
    for (int i = 0; i < 250; i++) {
        struct setup s = random_setup(&state);
        struct tasks tasks = random_tasks(&state, &s);
        check(&s, &tasks);
    }
}

/* ---- pooling against direct attachment ---- */

/* Switch and re-map stages of one pass, with aligned clocks: the switch's cycles and the way from
 * the first byte's arrival to the edge at which all beats can enter. */
static void test_pooling_adds_its_stages(void)
{
    struct setup direct = base;
    direct.switches = 0;
    struct scenario_ops direct_ops = {0};
    struct tasks one = {.n = 0};
    add_task(&one, DMA_WRITE, 256, 0);
    simulate(&direct, &one, &direct_ops);
    for (unsigned remap = 0; remap <= 16; remap++) {
        struct setup pooled = base;
        struct scenario_ops ops = {0};
        pooled.remap = remap;
        simulate(&pooled, &one, &ops);
        for (size_t i = 0; i < ops.n && i < direct_ops.n; i++) {
            const uint64_t *part = ops.ops[i].part_ps;
            const uint64_t *direct_part = direct_ops.ops[i].part_ps;
            uint64_t added = ops.ops[i].done_ps - direct_ops.ops[i].done_ps;
            /* Of the device's wire, cut-through leaves what comes before the switch can begin. */
            uint64_t overlap = part[LAT_SERIALISE] - direct_part[LAT_SERIALISE];
            CU_ASSERT_EQUAL(ops.ops[i].born_ps, direct_ops.ops[i].born_ps);
            CU_ASSERT_EQUAL(part[LAT_REMAP], (remap + base.edit) * UINT64_C(4000));
            CU_ASSERT(part[LAT_CROSSBAR] >= (base.ingress + base.crossbar) * UINT64_C(4000));
            CU_ASSERT(part[LAT_CROSSBAR] < (base.ingress + base.crossbar + 1) * UINT64_C(4000));
            CU_ASSERT_EQUAL(part[LAT_MEMORY], direct_part[LAT_MEMORY]);
            CU_ASSERT_EQUAL(part[LAT_PROPAGATE] - direct_part[LAT_PROPAGATE], host_propagation_ps);
            CU_ASSERT_EQUAL(part[LAT_ARBITRATE] + part[LAT_CREDIT] + part[LAT_SOURCE], 0);
            CU_ASSERT_EQUAL(added,
                            part[LAT_REMAP] + part[LAT_CROSSBAR] + overlap + host_propagation_ps);
        }
        scenario_ops_fini(&ops);
    }
    scenario_ops_fini(&direct_ops);
}

/* SKP ordered sets cost an idle wire nothing. */
static void test_skp_on_an_idle_wire(void)
{
    struct setup s = base;
    struct tasks tasks = {.n = 0};
    s.skp = true;
    for (int op = DMA_WRITE; op <= MMIO_READ; op++)
        add_task(&tasks, (enum access)op, 256, 0);
    check(&s, &tasks);
}

void suite_latency(void)
{
    CU_pSuite suite = CU_add_suite("latency", NULL, NULL);
    CU_add_test(suite, "direct attachment, by rate and payload", test_direct);
    CU_add_test(suite, "one switch, by rate and payload", test_pooled_rates);
    CU_add_test(suite, "switch clocks, both modes", test_switch_clocks);
    CU_add_test(suite, "re-map cycles 0..16, Owner and User", test_remap_cycles);
    CU_add_test(suite, "cascaded switches", test_cascades);
    CU_add_test(suite, "unaligned buffers", test_unaligned_buffers);
    CU_add_test(suite, "random cases", test_random_cases);
    CU_add_test(suite, "pooling adds its stages", test_pooling_adds_its_stages);
    CU_add_test(suite, "SKP on an idle wire", test_skp_on_an_idle_wire);
}
