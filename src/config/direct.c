#include "config/direct.h"

#include "base/check.h"
#include "base/units.h"
#include "config/load.h"
#include "config/origin.h"
#include "config/pci.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LENGTH_MOST = 48, NOWHERE = -1 };

/* A host and a device that it uses. Copy k of both becomes host k and device k. */
struct pair {
    uint32_t host, device;
};

struct maker {
    struct config *config;
    uint32_t *vf_base;  /* per device: its VF 0 among all VFs; one more at the end */
    uint32_t *vf_host;  /* per VF: who has it */
    bool *vf_lent;      /* per VF: by a lend, or with its direct device; else it is its Owner's */
    bool *vf_used;      /* per VF: some workload runs on it */
    bool *owner_used;   /* per device: some workload runs on a VF that is its Owner's */
    int32_t *vf_copy;   /* per VF: the copy that has it, or NOWHERE ... */
    uint32_t *vf_there; /* ... and its number there */
    uint32_t n;
    struct pair *pairs; /* ascending */
    struct cfg_host *hosts;
    struct cfg_device *devices;
    void *names; /* tree of the names given, for tsearch */
};

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n ? n : 1, size);
    CHECK(memory);
    return memory;
}

static char *copy_text(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    CHECK(copy || !text);
    return copy;
}

/* ---- which copies there are ---- */

static void find_holders(struct maker *m)
{
    const struct config *config = m->config;
    m->vf_base = allocate(config->n_devices + 1U, sizeof *m->vf_base);
    for (uint32_t d = 0; d < config->n_devices; d++)
        m->vf_base[d + 1] = m->vf_base[d] + config->devices[d].vfs;
    const uint32_t n = m->vf_base[config->n_devices];
    m->vf_host = allocate(n, sizeof *m->vf_host);
    m->vf_lent = allocate(n, sizeof *m->vf_lent);
    m->vf_used = allocate(n, sizeof *m->vf_used);
    m->vf_copy = allocate(n, sizeof *m->vf_copy);
    m->vf_there = allocate(n, sizeof *m->vf_there);
    m->owner_used = allocate(config->n_devices, sizeof *m->owner_used);
    for (uint32_t d = 0; d < config->n_devices; d++) {
        for (uint32_t vf = m->vf_base[d]; vf < m->vf_base[d + 1]; vf++) {
            m->vf_host[vf] = (uint32_t)config->devices[d].owner_index;
            m->vf_lent[vf] = config->devices[d].host_index >= 0;
        }
    }
    for (uint32_t i = 0; i < config->n_lends; i++) {
        const uint32_t vf = m->vf_base[config->lends[i].device] + config->lends[i].vf;
        m->vf_host[vf] = config->lends[i].host;
        m->vf_lent[vf] = true;
    }
    for (uint32_t w = 0; w < config->n_workloads; w++) {
        for (uint32_t t = 0; t < config->workloads[w].n_targets; t++) {
            const struct cfg_target *target = &config->workloads[w].targets[t];
            const uint32_t vf = m->vf_base[target->device] + target->vf;
            m->vf_used[vf] = true;
            if (!m->vf_lent[vf])
                m->owner_used[target->device] = true;
        }
    }
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->host != y->host)
        return x->host < y->host ? -1 : 1;
    return (x->device > y->device) - (x->device < y->device);
}

static bool find_pairs(struct maker *m, struct err *err)
{
    const struct config *config = m->config;
    uint32_t n = 0;
    m->pairs = allocate(m->vf_base[config->n_devices], sizeof *m->pairs);
    for (uint32_t d = 0; d < config->n_devices; d++)
        for (uint32_t vf = m->vf_base[d]; vf < m->vf_base[d + 1]; vf++)
            if (m->vf_used[vf])
                m->pairs[n++] = (struct pair){m->vf_host[vf], d};
    qsort(m->pairs, n, sizeof *m->pairs, compare_pairs);
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || compare_pairs(&m->pairs[m->n - 1], &m->pairs[i]) != 0)
            m->pairs[m->n++] = m->pairs[i];
    const uint32_t most = LOAD_DEVICES_MAX;
    return m->n <= most ||
           err_at(err, &config->devices[m->pairs[most].device].mark,
                  "direct attachment: %u pairs of a host and a device that it uses; at most %u",
                  m->n, most);
}

/* Deals the VFs to the copies, in ascending order. */
static void deal_vfs(struct maker *m)
{
    const struct config *config = m->config;
    uint32_t *counts = allocate(m->n, sizeof *counts);
    for (uint32_t d = 0; d < config->n_devices; d++) {
        for (uint32_t vf = m->vf_base[d]; vf < m->vf_base[d + 1]; vf++) {
            const struct pair key = {m->vf_host[vf], d};
            const struct pair *pair = m->vf_lent[vf] || m->owner_used[d]
                                          ? bsearch(&key, m->pairs, m->n, sizeof key, compare_pairs)
                                          : NULL;
            m->vf_copy[vf] = pair ? (int32_t)(pair - m->pairs) : NOWHERE;
            m->vf_there[vf] = pair ? counts[pair - m->pairs]++ : 0;
        }
    }
    free(counts);
}

/* ---- names ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Whether @name was free; then it is taken. Borrows it. */
static bool take_name(struct maker *m, const char *name)
{
    char *const *node = tsearch(name, &m->names, compare_names);
    CHECK(node);
    return *node == name;
}

static void leave_name(void *name)
{
    (void)name;
}

/* "first-second", shortened and with a number when that is too long or taken. */
static char *join_names(struct maker *m, const char *first, const char *second)
{
    char *name = NULL;
    CHECK(asprintf(&name, "%s-%s", first, second) >= 0);
    for (uint32_t k = 2; strlen(name) > NAME_LENGTH_MOST || !take_name(m, name); k++) {
        free(name);
        CHECK(asprintf(&name, "%.18s-%.18s-%u", first, second, k) >= 0);
    }
    return name;
}

/* ---- copies ---- */

/* A mixture is written in the first of a group, of which element @i is number @index_in_group. */
static struct cfg_host copy_host(const struct config *config, uint32_t i)
{
    struct cfg_host copy = config->hosts[i];
    copy.read_latency_ps = value_copy_dist(&copy.read_latency_ps);
    copy.read_latency_yaml = copy_text(config->hosts[i - copy.index_in_group].read_latency_yaml);
    copy.index_in_group = 0;
    copy.switch_index = -1;
    copy.name = NULL;
    pci_copy(&copy);
    return copy;
}

static struct cfg_device copy_device(const struct config *config, uint32_t i)
{
    struct cfg_device copy = config->devices[i];
    const struct cfg_device *first = &config->devices[i - copy.index_in_group];
    copy.nvme.read_ps = value_copy_dist(&copy.nvme.read_ps);
    copy.nvme.write_ps = value_copy_dist(&copy.nvme.write_ps);
    copy.nvme.read_yaml = copy_text(first->nvme.read_yaml);
    copy.nvme.write_yaml = copy_text(first->nvme.write_yaml);
    copy.index_in_group = 0;
    copy.switch_index = -1;
    copy.name = NULL;
    return copy;
}

/* What the copy of a pooled device stands for, and how many VFs that are. */
static void set_origin(const struct maker *m, uint32_t k)
{
    const struct pair *pair = &m->pairs[k];
    struct cfg_device *copy = &m->devices[k];
    uint16_t *vfs = allocate(copy->vfs + 1U, sizeof *vfs);
    uint32_t n = 0;
    for (uint32_t vf = m->vf_base[pair->device]; vf < m->vf_base[pair->device + 1]; vf++)
        if (m->vf_copy[vf] == (int32_t)k)
            vfs[n++] = (uint16_t)(vf - m->vf_base[pair->device]);
    copy->vfs = n;
    copy->origin = (struct cfg_origin){.device = copy_text(m->config->devices[pair->device].name),
                                       .host = copy_text(m->config->hosts[pair->host].name),
                                       .vfs = origin_format_vfs(vfs, n),
                                       .vf = vfs};
}

/* A device that was direct before may be a copy itself. */
static void copy_origin(struct cfg_device *copy)
{
    const struct cfg_origin *origin = &copy->origin;
    if (!origin->device)
        return;
    uint16_t *vfs = allocate(copy->vfs + 1U, sizeof *vfs);
    memcpy(vfs, origin->vf, copy->vfs * sizeof *vfs);
    copy->origin = (struct cfg_origin){.device = copy_text(origin->device),
                                       .host = copy_text(origin->host),
                                       .vfs = copy_text(origin->vfs),
                                       .vf = vfs};
}

static char *keep_name(struct maker *m, const char *text)
{
    char *name = copy_text(text);
    CHECK(take_name(m, name));
    return name;
}

/* The copies with the names that they keep. */
static void make_copies(struct maker *m)
{
    const struct config *config = m->config;
    m->hosts = allocate(m->n, sizeof *m->hosts);
    m->devices = allocate(m->n, sizeof *m->devices);
    for (uint32_t k = 0; k < m->n; k++) {
        const struct pair *pair = &m->pairs[k];
        m->hosts[k] = copy_host(config, pair->host);
        m->devices[k] = copy_device(config, pair->device);
        m->devices[k].host_index = m->devices[k].owner_index = (int)k;
        if (k == 0 || pair[-1].host != pair->host)
            m->hosts[k].name = keep_name(m, config->hosts[pair->host].name);
        if (config->devices[pair->device].host_index >= 0)
            m->devices[k].name = keep_name(m, config->devices[pair->device].name);
    }
}

/* The other names, which make way for those that are kept, and what the devices stand for. */
static void name_copies(struct maker *m)
{
    for (uint32_t k = 0; k < m->n; k++) {
        const char *host = m->config->hosts[m->pairs[k].host].name;
        const char *device = m->config->devices[m->pairs[k].device].name;
        if (m->devices[k].name) {
            copy_origin(&m->devices[k]);
        } else {
            m->devices[k].name = join_names(m, device, host);
            set_origin(m, k);
        }
        if (!m->hosts[k].name)
            m->hosts[k].name = join_names(m, host, device);
    }
}

/* ---- workloads ---- */

static int compare_targets(const void *a, const void *b)
{
    const struct cfg_target *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return (x->vf > y->vf) - (x->vf < y->vf);
}

/* What the workload's functions are among the copies, in the order in which they are loaded; owned.
 */
static struct cfg_target *move_targets(const struct maker *m, const struct cfg_workload *workload)
{
    struct cfg_target *targets = allocate(workload->n_targets, sizeof *targets);
    for (uint32_t t = 0; t < workload->n_targets; t++) {
        const struct cfg_target *old = &workload->targets[t];
        const uint32_t vf = m->vf_base[old->device] + old->vf;
        CHECK(m->vf_copy[vf] != NOWHERE && m->vf_host[vf] == old->host);
        const uint32_t copy = (uint32_t)m->vf_copy[vf];
        targets[t] = (struct cfg_target){.device = copy, .vf = m->vf_there[vf], .host = copy};
    }
    qsort(targets, workload->n_targets, sizeof *targets, compare_targets);
    return targets;
}

/* How many VFs of copy @k the workload's selector takes. */
static uint32_t count_selected(const struct maker *m, const struct cfg_workload *workload,
                               uint32_t k)
{
    uint64_t first = 0, last = UINT64_MAX;
    uint32_t n = 0;
    CHECK(!workload->vfs || units_parse_range(workload->vfs, &first, &last));
    for (uint32_t vf = 0; vf < m->devices[k].vfs; vf++)
        n += origin_vf(&m->devices[k], vf) >= first && origin_vf(&m->devices[k], vf) <= last;
    return n;
}

/* A selector of the copies that @targets are on, NULL when these are all; owned. Adds up what it
 * selects. */
static char *select_copies(const struct maker *m, const struct cfg_workload *workload,
                           const struct cfg_target *targets, uint32_t *out_selected)
{
    char *text = NULL;
    size_t size = 0;
    uint32_t copies = 0;
    FILE *out = open_memstream(&text, &size);
    CHECK(out);
    *out_selected = 0;
    for (uint32_t t = 0; t < workload->n_targets; t++) {
        if (t > 0 && targets[t].device == targets[t - 1].device)
            continue;
        fprintf(out, "%s%s", copies++ ? ", " : "", m->devices[targets[t].device].name);
        *out_selected += count_selected(m, workload, targets[t].device);
    }
    CHECK(fclose(out) == 0);
    if (copies < m->n)
        return text;
    free(text);
    return NULL;
}

struct moved {
    struct cfg_target *targets;
    char *devices;
};

static bool move_workload(const struct maker *m, const struct cfg_workload *workload,
                          struct moved *out, struct err *err)
{
    uint32_t selected;
    out->targets = move_targets(m, workload);
    out->devices = select_copies(m, workload, out->targets, &selected);
    /* An Owner may have VFs of its own beside some that are lent to it. */
    return selected == workload->n_targets ||
           err_at(err, &workload->mark,
                  "direct attachment: workload \"%s\" runs on VFs that are lent to their Owner, "
                  "another on VFs that the Owner kept; tell them apart by vf: FIRST..LAST",
                  workload->name);
}

/* ---- the whole ---- */

static void free_hosts(struct cfg_host *hosts, uint32_t n)
{
    for (uint32_t i = 0; hosts && i < n; i++)
        load_free_host(&hosts[i]);
    free(hosts);
}

/* What makes no sense without the pool. */
static void drop_pool(struct config *config)
{
    for (uint32_t i = 0; i < config->n_switches; i++)
        value_free_section(&schema_switch, &config->switches[i]);
    load_free_lends(config);
    load_free_axes(&config->sweep);
    free(config->sweep.x);
    free(config->sweep.series);
    config->n_switches = config->n_lends = config->n_lend_blocks = config->sweep.n_axes = 0;
    free(config->moves);
    free(config->faults);
    config->n_moves = config->n_faults = 0;
    config->moves = NULL;
    config->faults = NULL;
    config->lends = NULL;
    config->lend_blocks = NULL;
    config->sweep.axes = NULL;
    config->sweep.x = config->sweep.series = NULL;
}

/* Gives @config the copies and takes what it had. */
static void commit(struct maker *m, const struct moved *moved)
{
    struct config *config = m->config;
    free_hosts(config->hosts, config->n_hosts);
    load_free_devices(config->devices, config->n_devices);
    config->hosts = m->hosts;
    config->devices = m->devices;
    config->n_hosts = config->n_devices = m->n;
    m->hosts = NULL;
    m->devices = NULL;
    for (uint32_t w = 0; w < config->n_workloads; w++) {
        struct cfg_workload *workload = &config->workloads[w];
        free(workload->targets);
        free(workload->visits);
        free(workload->hosts);
        free(workload->devices);
        workload->visits = NULL;
        workload->n_visits = 0;
        workload->targets = moved[w].targets;
        workload->devices = moved[w].devices;
        workload->hosts = NULL;
    }
    drop_pool(config);
    config_name_direct(config);
}

bool config_make_direct(struct config *config, struct err *err)
{
    struct maker m = {.config = config};
    struct moved *moved = allocate(config->n_workloads, sizeof *moved);
    find_holders(&m);
    bool good = find_pairs(&m, err);
    if (good) {
        deal_vfs(&m);
        make_copies(&m);
        name_copies(&m);
    }
    for (uint32_t w = 0; good && w < config->n_workloads; w++)
        good = move_workload(&m, &config->workloads[w], &moved[w], err);
    tdestroy(m.names, leave_name);
    if (good)
        commit(&m, moved);
    for (uint32_t w = 0; !good && w < config->n_workloads; w++) {
        free(moved[w].targets);
        free(moved[w].devices);
    }
    free_hosts(m.hosts, m.n);
    load_free_devices(m.devices, m.n);
    free(moved);
    free(m.pairs);
    free(m.vf_base);
    free(m.vf_host);
    free(m.vf_lent);
    free(m.vf_used);
    free(m.vf_copy);
    free(m.vf_there);
    free(m.owner_used);
    return good;
}

void config_name_direct(struct config *config)
{
    static const char suffix[] = "-direct";
    char *name = NULL, *title = NULL;
    CHECK(asprintf(&name, "%.*s%s", NAME_LENGTH_MOST - (int)strlen(suffix), config->name, suffix) >=
          0);
    CHECK(asprintf(&title, "%s, direct attachment", config->title) >= 0);
    free(config->name);
    free(config->title);
    config->name = name;
    config->title = title;
}
