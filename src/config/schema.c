#include "config/schema_rows.h"
#include <string.h>

/* ---- words ---- */

static const struct schema_name address_names[] = {{"32", false}, {"64", true}, {NULL, 0}};
static const struct schema_name rcb_names[] = {
    {"64B", 64}, {"128B", 128}, {"64", 64}, {"128", 128}, {NULL, 0}};

/* ---- run and pcie ---- */

static const struct schema_key run_keys[] = {
    {"seed", TYPE_COUNT, FIELD(struct cfg_run, seed), .fallback = "1",
     .help = "master seed; every component draws from a stream of its own"},
    {"warmup", TYPE_PS, FIELD(struct cfg_run, warmup_ps), AUX(struct cfg_run, warmup_auto),
     .auto_word = "auto", .fallback = "auto", .max = HOUR,
     .help = "time that is not measured; auto finds it from the results (MSER-5)"},
    {"duration", TYPE_PS, FIELD(struct cfg_run, duration_ps), .fallback = "1ms", .min = 1,
     .max = HOUR, .help = "simulated time that is measured at least"},
    {"max_duration", TYPE_PS, FIELD(struct cfg_run, max_duration_ps), .min = 1, .max = 10 * HOUR,
     .help = "goes on until the precision is met or so long; 10 x duration when absent"},
    {"precision", TYPE_PPM, FIELD(struct cfg_run, precision_ppm), .fallback = "1%", .max = 1000000,
     .help = "relative half-width of the 95 % interval of mean latency; 0% runs for duration only"},
    {"progress_limit", TYPE_PS, FIELD(struct cfg_run, progress_limit_ps), .fallback = "1ms",
     .min = NS, .max = HOUR,
     .help = "waiting TLPs of which none moves for so long are reported as a deadlock"},
    END};
static const struct schema_section run_section = {"run", "how long and how exactly to simulate",
                                                  NULL, run_keys};

static const struct schema_key pcie_keys[] = {
    {"mps", TYPE_BYTES, FIELD(struct cfg_pcie, mps_bytes), .fallback = "256B", .min = 128,
     .max = 4096, .power_of_2 = true, .help = "Max_Payload_Size programmed in every function"},
    {"mrrs", TYPE_BYTES, FIELD(struct cfg_pcie, mrrs_bytes), .fallback = "512B", .min = 128,
     .max = 4096, .power_of_2 = true, .help = "Max_Read_Request_Size programmed in every function"},
    {"rcb", TYPE_ENUM, FIELD(struct cfg_pcie, rcb_bytes), .fallback = "64B", .names = rcb_names,
     .help = "Read Completion Boundary of the root complexes"},
    {"address", TYPE_ENUM, FIELD(struct cfg_pcie, address64), .fallback = "64",
     .names = address_names, .help = "bits of memory addresses: 32 (3DW headers) or 64 (4DW)"},
    {"ecrc", TYPE_BOOL, FIELD(struct cfg_pcie, ecrc), .fallback = "false",
     .help = "every TLP carries a digest"},
    {"relaxed_ordering", TYPE_BOOL, FIELD(struct cfg_pcie, relaxed_ordering), .fallback = "false",
     .help = "DMA requests carry the relaxed-ordering attribute"},
    {"id_based_ordering", TYPE_BOOL, FIELD(struct cfg_pcie, id_based_ordering), .fallback = "false",
     .help = "DMA requests carry the ID-based-ordering attribute"},
    {"vcs", TYPE_COUNT, FIELD(struct cfg_pcie, vcs), .fallback = "1", .min = 1, .max = 8,
     .help = "virtual channels; traffic class t travels on VC t mod vcs"},
    {"completion_timeout", TYPE_PS, FIELD(struct cfg_pcie, completion_timeout_ps),
     .fallback = "50ms", .zero_word = "never", .min = US, .max = 64 * SECOND,
     .help = "patience of the hosts with a request that nobody completes"},
    {"aer", TYPE_BOOL, FIELD(struct cfg_pcie, aer), .fallback = "true",
     .help = "errors are logged in AER and reported to the host"},
    END};
static const struct schema_section pcie_section = {
    "pcie", "what firmware programs in every function", NULL, pcie_keys};

/* ---- sweep ---- */

static const struct schema_key axis_keys[] = {
    {"key", TYPE_TEXT, WHERE(struct block_axis, axis.key), .required = true,
     .help = "swept key, written as for --set: workloads.0.load, hosts.user.link.rate"},
    {"values", TYPE_TEXTS, .required = true, .help = "its values, one point each"},
    END};
const struct schema_section schema_axis = {
    "axis", "one swept key; the points are the axes' cross product", NULL, axis_keys};

static const struct schema_key plot_keys[] = {
    {"x", TYPE_TEXT, WHERE(struct cfg_sweep, x), .help = "swept key on x; when absent: the first"},
    {"y", TYPE_TEXT, WHERE(struct cfg_sweep, y), .fallback = "latency_mean_ns",
     .help = "result on y"},
    {"series", TYPE_TEXT, WHERE(struct cfg_sweep, series),
     .help = "swept key of the curves; when absent: the other axis, if there are two"},
    END};
static const struct schema_section plot_section = {"plot", "what a sweep plots", NULL, plot_keys};

static const struct schema_key sweep_keys[] = {
    {"axes", TYPE_LIST, .section = &schema_axis, .help = "swept keys, the first varying slowest"},
    {"replications", TYPE_COUNT, FIELD(struct cfg_sweep, replications), .fallback = "1", .min = 1,
     .max = 10000, .help = "runs of each point, with different seeds"},
    {"plot", TYPE_SECTION, .section = &plot_section, .help = "what is plotted"},
    END};
static const struct schema_section sweep_section = {"sweep", "many runs over some keys", NULL,
                                                    sweep_keys};

static const struct schema_key root_keys[] = {
    {"name", TYPE_NAME, WHERE(struct config, name), .fallback = "simulation",
     .help = "names the result folder"},
    {"title", TYPE_TEXT, WHERE(struct config, title), .help = "for plots; the name when absent"},
    {"run", TYPE_SECTION, WHERE(struct config, run), .section = &run_section,
     .help = "how long and how exactly to simulate"},
    {"pcie", TYPE_SECTION, WHERE(struct config, pcie), .section = &pcie_section,
     .help = "what firmware programs in every function"},
    {"boot", TYPE_SECTION, WHERE(struct config, boot), .section = &schema_boot,
     .help = "how hosts come to their numbers"},
    {"manager", TYPE_SECTION, WHERE(struct config, manager), .section = &schema_manager,
     .help = "the pool manager"},
    {"hosts", TYPE_LIST, .section = &schema_host, .required = true,
     .help = "the hosts that share devices"},
    {"switches", TYPE_LIST, .section = &schema_switch,
     .help = "the multi-root switches between hosts and devices"},
    {"devices", TYPE_LIST, .section = &schema_device, .help = "the SR-IOV devices"},
    {"lend", TYPE_LIST, .section = &schema_lend, .help = "which VFs are lent to which host"},
    {"moves", TYPE_LIST, .section = &schema_move, .help = "VFs that change hands on the way"},
    {"faults", TYPE_LIST, .section = &schema_fault, .help = "what breaks on the way"},
    {"workloads", TYPE_LIST, .section = &schema_workload, .help = "the traffic"},
    {"sweep", TYPE_SECTION, WHERE(struct config, sweep), .section = &sweep_section,
     .help = "many runs over some keys"},
    END};
const struct schema_section schema_root = {"simulation", "one file describes one simulation", NULL,
                                           root_keys};

/* ---- look-up ---- */

const struct schema_key *schema_find(const struct schema_section *section, const char *name)
{
    for (const struct schema_key *key = section->keys; key->name; key++)
        if (strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

/* Levenshtein distance; longer texts than any key count as far away. */
static unsigned edit_distance(const char *a, const char *b)
{
    enum { MAX = 32 };
    unsigned row[MAX + 1];
    const size_t n = strlen(b);
    if (strlen(a) > MAX || n > MAX)
        return MAX;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

/* Collects candidates one by one, then says the nearest or, when none is near, all. */
struct suggestion {
    const char *name;
    const char *nearest;
    unsigned distance;
    char *buf;
    size_t size, used;
};

static void suggestion_begin(struct suggestion *s, const char *name, char *buf, size_t size)
{
    *s = (struct suggestion){.name = name, .distance = UINT32_MAX, .buf = buf, .size = size};
    s->used = (size_t)snprintf(buf, size, "give one of");
}

static void suggestion_add(struct suggestion *s, const char *candidate)
{
    const unsigned distance = edit_distance(s->name, candidate);
    if (distance < s->distance) {
        s->distance = distance;
        s->nearest = candidate;
    }
    if (s->used < s->size)
        s->used += (size_t)snprintf(s->buf + s->used, s->size - s->used, "%s %s",
                                    s->used > sizeof "give one of" ? "," : "", candidate);
}

static char *suggestion_end(struct suggestion *s)
{
    if (s->nearest && s->distance <= 1 + strlen(s->nearest) / 4 && s->distance < strlen(s->nearest))
        snprintf(s->buf, s->size, "did you mean \"%s\"?", s->nearest);
    return s->buf;
}

char *schema_suggest_key(const struct schema_section *section, const char *name, char *buf,
                         size_t size)
{
    struct suggestion s;
    suggestion_begin(&s, name, buf, size);
    for (const struct schema_key *key = section->keys; key->name; key++)
        suggestion_add(&s, key->name);
    return suggestion_end(&s);
}

char *schema_suggest_name(const struct schema_name *names, const char *name, char *buf, size_t size)
{
    struct suggestion s;
    suggestion_begin(&s, name, buf, size);
    for (const struct schema_name *candidate = names; candidate->name; candidate++)
        suggestion_add(&s, candidate->name);
    return suggestion_end(&s);
}
