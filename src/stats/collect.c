#include "stats/collect.h"
#include "base/check.h"
#include "stats/summary.h"

#include <stdlib.h>
#include <string.h>

enum {
    TOTAL_BATCHES = 4096,
    WORKLOAD_BATCHES = 1024,
    HOST_BATCHES = 512,
    FIRST_BIN_SHIFT = 14, /* 16 ns: shorter than any operation needs */
};

/* All that collect_op must know about a flow, on one line. */
struct route {
    uint32_t cell;
    uint32_t workload;
    uint32_t host;
    uint32_t row; /* the host's timeline */
};

struct cell {
    uint32_t workload;
    uint32_t host;
    struct collect_account account;
};

struct collect {
    uint64_t from_ps, to_ps; /* the window */
    uint64_t drained;
    uint32_t n_flows, n_cells, n_workloads, n_hosts;
    struct route *route; /* of each flow */
    struct cell *cell;   /* by workload, then host */
    struct converge total;
    struct converge *workload;
    struct converge *host;
    uint64_t origin_ps; /* of the timeline */
    uint32_t bin_shift; /* bins are 2^bin_shift ps wide */
    uint32_t n_bins;    /* up to the last that is used */
    struct collect_bin bin[COLLECT_BINS];
    uint32_t n_rows;
    uint32_t *row;                        /* of each host in the next, UINT32_MAX: it has no flow */
    uint64_t (*host_bytes)[COLLECT_BINS]; /* NULL: too many hosts */
};

/* Zeroed memory for @n things, or a failed CHECK; never NULL, also for none. */
static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n > 0 ? n : 1, size);

    CHECK(memory);
    return memory;
}

/* ---- Cells ---- */

struct keyed_flow {
    uint64_t key; /* workload, host */
    uint32_t flow;
};

static int compare_keys(const void *a, const void *b)
{
    const struct keyed_flow *x = a;
    const struct keyed_flow *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

/* One cell per pair of workload and host that occurs, found by sorting the flows. */
static void make_cells(struct collect *collect, const struct collect_flow *flow)
{
    struct keyed_flow *sorted = allocate(collect->n_flows, sizeof(*sorted));

    for (uint32_t i = 0; i < collect->n_flows; i++) {
        CHECK(flow[i].workload < collect->n_workloads && flow[i].host < collect->n_hosts);
        sorted[i] = (struct keyed_flow){(uint64_t)flow[i].workload << 32 | flow[i].host, i};
    }
    qsort(sorted, collect->n_flows, sizeof(*sorted), compare_keys);
    for (uint32_t i = 0; i < collect->n_flows; i++)
        collect->n_cells += i == 0 || sorted[i].key != sorted[i - 1].key;

    collect->cell = allocate(collect->n_cells, sizeof(*collect->cell));
    uint32_t n = 0;
    for (uint32_t i = 0; i < collect->n_flows; i++) {
        const struct collect_flow *at = &flow[sorted[i].flow];
        if (i == 0 || sorted[i].key != sorted[i - 1].key)
            collect->cell[n++] = (struct cell){.workload = at->workload, .host = at->host};
        collect->route[sorted[i].flow] = (struct route){n - 1, at->workload, at->host, 0};
    }
    free(sorted);
}

/* One row of the hosts' timelines per host with flows, if they are few. */
static void make_rows(struct collect *collect)
{
    collect->row = allocate(collect->n_hosts, sizeof(*collect->row));
    for (uint32_t i = 0; i < collect->n_hosts; i++)
        collect->row[i] = UINT32_MAX;
    for (uint32_t i = 0; i < collect->n_flows; i++) {
        struct route *route = &collect->route[i];
        if (collect->row[route->host] == UINT32_MAX)
            collect->row[route->host] = collect->n_rows++;
        route->row = collect->row[route->host];
    }
    if (collect->n_rows <= COLLECT_TIMELINE_HOSTS)
        collect->host_bytes = allocate(collect->n_rows, sizeof(*collect->host_bytes));
}

struct collect *collect_new(uint32_t n_flows, const struct collect_flow *flow, uint32_t n_workloads,
                            uint32_t n_hosts)
{
    struct collect *collect = allocate(1, sizeof(*collect));

    collect->to_ps = UINT64_MAX;
    collect->bin_shift = FIRST_BIN_SHIFT;
    collect->n_flows = n_flows;
    collect->n_workloads = n_workloads;
    collect->n_hosts = n_hosts;
    collect->route = allocate(n_flows, sizeof(*collect->route));
    make_cells(collect, flow);
    make_rows(collect);
    converge_init(&collect->total, TOTAL_BATCHES);
    collect->workload = allocate(n_workloads, sizeof(*collect->workload));
    for (uint32_t i = 0; i < n_workloads; i++)
        converge_init(&collect->workload[i], WORKLOAD_BATCHES);
    collect->host = allocate(n_hosts, sizeof(*collect->host));
    for (uint32_t i = 0; i < n_hosts; i++)
        converge_init(&collect->host[i], HOST_BATCHES);
    return collect;
}

void collect_free(struct collect *collect)
{
    if (!collect)
        return;
    for (uint32_t i = 0; i < collect->n_cells; i++)
        collect_account_fini(&collect->cell[i].account);
    for (uint32_t i = 0; i < collect->n_workloads; i++)
        converge_fini(&collect->workload[i]);
    for (uint32_t i = 0; i < collect->n_hosts; i++)
        converge_fini(&collect->host[i]);
    converge_fini(&collect->total);
    free(collect->workload);
    free(collect->host);
    free(collect->route);
    free(collect->row);
    free(collect->host_bytes);
    free(collect->cell);
    free(collect);
}

/* ---- One operation ---- */

/* Halves the number of a host's bins that are used, as widen_bins does. */
static void fold_bytes(uint64_t bytes[COLLECT_BINS])
{
    for (size_t i = 0; i < COLLECT_BINS / 2; i++)
        bytes[i] = bytes[2 * i] + bytes[2 * i + 1];
    memset(bytes + COLLECT_BINS / 2, 0, COLLECT_BINS / 2 * sizeof(*bytes));
}

/* Doubles the width of the bins until @time_ps after their origin has one. */
static void widen_bins(struct collect *collect, uint64_t time_ps)
{
    struct collect_bin *bin = collect->bin;

    while (time_ps >> collect->bin_shift >= COLLECT_BINS) {
        for (size_t i = 0; i < COLLECT_BINS / 2; i++)
            bin[i] = (struct collect_bin){
                .ops = bin[2 * i].ops + bin[2 * i + 1].ops,
                .bytes = bin[2 * i].bytes + bin[2 * i + 1].bytes,
                .latency_ps = bin[2 * i].latency_ps + bin[2 * i + 1].latency_ps,
            };
        memset(bin + COLLECT_BINS / 2, 0, COLLECT_BINS / 2 * sizeof(*bin));
        for (uint32_t row = 0; collect->host_bytes && row < collect->n_rows; row++)
            fold_bytes(collect->host_bytes[row]);
        collect->n_bins = (collect->n_bins + 1) / 2;
        collect->bin_shift++;
    }
}

static void add_to_timeline(struct collect *collect, const struct route *route,
                            const struct op_record *op, uint64_t latency_ps)
{
    if (op->done_ps < collect->origin_ps)
        return;
    const uint64_t time_ps = op->done_ps - collect->origin_ps;
    if (__builtin_expect(time_ps >> collect->bin_shift >= COLLECT_BINS, 0))
        widen_bins(collect, time_ps);
    const uint32_t i = (uint32_t)(time_ps >> collect->bin_shift);
    collect->bin[i].ops++;
    collect->bin[i].bytes += op->bytes;
    collect->bin[i].latency_ps += latency_ps;
    if (collect->host_bytes)
        collect->host_bytes[route->row][i] += op->bytes;
    if (collect->n_bins <= i)
        collect->n_bins = i + 1;
}

static uint64_t sum_of_parts(const struct op_record *op)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < LAT_PARTS; i++)
        sum += op->part_ps[i];
    return sum;
}

static void add_latency(struct collect *collect, const struct route *route,
                        const struct op_record *op, uint64_t latency_ps)
{
    struct collect_account *account = &collect->cell[route->cell].account;
    const double value = (double)latency_ps;

    for (unsigned i = 0; i < LAT_PARTS; i++)
        account->part_ps[i] += op->part_ps[i];
    histogram_record(&account->latency, latency_ps);
    histogram_record(&account->fabric, latency_ps - op->part_ps[LAT_SOURCE]);
    converge_add(&collect->total, op->done_ps, value);
    converge_add(&collect->workload[route->workload], op->done_ps, value);
    converge_add(&collect->host[route->host], op->done_ps, value);
}

void collect_op(struct collect *collect, const struct op_record *op)
{
    CHECK(op->flow < collect->n_flows);
    const struct route *route = &collect->route[op->flow];
    struct collect_account *account = &collect->cell[route->cell].account;
    const uint64_t latency_ps = op->done_ps - op->born_ps;
    const uint64_t width_ps = collect->to_ps - collect->from_ps;
    const bool finished_inside = op->done_ps - collect->from_ps < width_ps; /* wraps before from */
    const bool born_inside = op->born_ps - collect->from_ps < width_ps;

    CHECK(op->done_ps >= op->born_ps && sum_of_parts(op) == latency_ps);
    collect->drained += born_inside;
    if (op->failed) {
        account->failed += finished_inside;
        return;
    }
    account->ops += finished_inside;
    account->bytes += finished_inside ? op->bytes : 0;
    add_to_timeline(collect, route, op, latency_ps);
    if (born_inside)
        add_latency(collect, route, op, latency_ps);
}

/* ---- The window ---- */

void collect_begin(struct collect *collect, uint64_t from_ps)
{
    collect->from_ps = from_ps;
    collect->to_ps = UINT64_MAX;
    collect->drained = 0;
    for (uint32_t i = 0; i < collect->n_cells; i++) {
        struct collect_account *account = &collect->cell[i].account;
        account->ops = account->failed = account->bytes = 0;
        memset(account->part_ps, 0, sizeof(account->part_ps));
        histogram_reset(&account->latency);
        histogram_reset(&account->fabric);
    }
    converge_reset(&collect->total);
    for (uint32_t i = 0; i < collect->n_workloads; i++)
        converge_reset(&collect->workload[i]);
    for (uint32_t i = 0; i < collect->n_hosts; i++)
        converge_reset(&collect->host[i]);
}

void collect_end(struct collect *collect, uint64_t to_ps)
{
    CHECK(to_ps >= collect->from_ps);
    collect->to_ps = to_ps;
}

uint64_t collect_drained(const struct collect *collect)
{
    return collect->drained;
}

/* ---- Results ---- */

void collect_warmup(const struct collect *collect, struct converge_result *out)
{
    converge_evaluate(&collect->total, out);
}

void collect_interval(const struct collect *collect, uint32_t workload, uint32_t host,
                      struct converge_result *out)
{
    const struct converge *series = &collect->total;

    CHECK(workload == COLLECT_ANY || host == COLLECT_ANY);
    if (workload != COLLECT_ANY) {
        CHECK(workload < collect->n_workloads);
        series = &collect->workload[workload];
    } else if (host != COLLECT_ANY) {
        CHECK(host < collect->n_hosts);
        series = &collect->host[host];
    }
    converge_interval(series, out);
}

void collect_sum(const struct collect *collect, uint32_t workload, uint32_t host,
                 struct collect_account *out)
{
    for (uint32_t i = 0; i < collect->n_cells; i++) {
        const struct cell *cell = &collect->cell[i];
        if (workload != COLLECT_ANY && cell->workload != workload)
            continue;
        if (host != COLLECT_ANY && cell->host != host)
            continue;
        out->ops += cell->account.ops;
        out->failed += cell->account.failed;
        out->bytes += cell->account.bytes;
        for (unsigned p = 0; p < LAT_PARTS; p++)
            out->part_ps[p] += cell->account.part_ps[p];
        histogram_merge(&out->latency, &cell->account.latency);
        histogram_merge(&out->fabric, &cell->account.fabric);
    }
}

void collect_account_fini(struct collect_account *account)
{
    histogram_fini(&account->latency);
    histogram_fini(&account->fabric);
    *account = (struct collect_account){0};
}

double collect_fairness(const struct collect *collect)
{
    double *bytes = allocate(collect->n_hosts, sizeof(*bytes));
    bool *busy = allocate(collect->n_hosts, sizeof(*busy));
    size_t n = 0;

    for (uint32_t i = 0; i < collect->n_cells; i++) {
        const struct cell *cell = &collect->cell[i];
        bytes[cell->host] += (double)cell->account.bytes;
        busy[cell->host] |= cell->account.ops > 0 || cell->account.failed > 0;
    }
    for (uint32_t i = 0; i < collect->n_hosts; i++)
        if (busy[i])
            bytes[n++] = bytes[i];
    const double index = summary_jain(n, bytes);
    free(bytes);
    free(busy);
    return index;
}

void collect_begin_timeline(struct collect *collect, uint64_t origin_ps)
{
    collect->origin_ps = origin_ps;
    collect->bin_shift = FIRST_BIN_SHIFT;
    collect->n_bins = 0;
    memset(collect->bin, 0, sizeof(collect->bin));
    if (collect->host_bytes)
        memset(collect->host_bytes, 0, collect->n_rows * sizeof(*collect->host_bytes));
}

const struct collect_bin *collect_timeline(const struct collect *collect, size_t *out_n,
                                           uint64_t *out_width_ps)
{
    *out_n = collect->n_bins;
    *out_width_ps = UINT64_C(1) << collect->bin_shift;
    return collect->bin;
}

const uint64_t *collect_host_timeline(const struct collect *collect, uint32_t host)
{
    CHECK(host < collect->n_hosts);
    if (!collect->host_bytes || collect->row[host] == UINT32_MAX)
        return NULL;
    return collect->host_bytes[collect->row[host]];
}
