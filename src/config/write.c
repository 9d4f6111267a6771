#include "base/check.h"
#include "config/pci.h"
#include "config/schema.h"
#include "config/value.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- resolved.yaml ---- */

/* Where the lines of one section go. The first key of a list entry stands behind its dash. */
struct writer {
    FILE *out;
    int indent;
    bool dash;
};

static void begin_line(struct writer *w)
{
    if (w->dash)
        fprintf(w->out, "%*s- ", w->indent - 2, "");
    else
        fprintf(w->out, "%*s", w->indent, "");
    w->dash = false;
}

/* A scalar in double quotes. */
static void write_quoted(FILE *out, const char *text)
{
    putc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\x%02x", *c);
        else
            putc(*c, out);
    }
    putc('"', out);
}

static void write_text(struct writer *w, const char *name, const char *text)
{
    if (!text)
        return;
    begin_line(w);
    fprintf(w->out, "%s: ", name);
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.%/";
    if (text[0] && !text[strspn(text, plain)] && text[0] != '-' && text[0] != '%')
        fputs(text, w->out);
    else
        write_quoted(w->out, text);
    putc('\n', w->out);
}

static void write_path(struct writer *w, const char *name, const char *path)
{
    char *absolute = path ? realpath(path, NULL) : NULL;
    write_text(w, name, absolute ? absolute : path);
    free(absolute);
}

static void write_dist(struct writer *w, const struct schema_key *key, const char *base)
{
    const struct dist *dist = (const struct dist *)(const void *)(base + key->offset);
    const char *mixture = *(char *const *)(const void *)(base + key->aux);
    const struct schema_key one = {.type = key->type == TYPE_DIST_PS ? TYPE_PS : TYPE_BYTES};
    char text[VALUE_TEXT_MAX];

    begin_line(w);
    fprintf(w->out, "%s: ", key->name);
    switch (dist->kind) {
    case DIST_CONSTANT:
        fputs(value_format_number(&one, dist->value[0], text), w->out);
        break;
    case DIST_DISCRETE:
        fputs(mixture, w->out);
        break;
    case DIST_EMPIRICAL:
        fputs("{cdf: [", w->out);
        for (size_t i = 0; i < dist->n; i++)
            fprintf(w->out, "%s[%s, %.17g]", i ? ", " : "",
                    value_format_number(&one, dist->value[i], text), dist->cum[i]);
        fputs("]}", w->out);
        break;
    }
    putc('\n', w->out);
}

/* Settings that the loader refuses because nothing reads them. */
static bool is_idle(const struct schema_section *section, const struct schema_key *key,
                    const void *base)
{
    if (section == &schema_device) {
        const struct block_device *block = base;
        return (strcmp(key->name, "nic") == 0 && block->device.kind != DEVICE_NIC) ||
               (strcmp(key->name, "nvme") == 0 && block->device.kind != DEVICE_NVME) ||
               (strcmp(key->name, "owner") == 0 && block->device.host_index >= 0) ||
               (strcmp(key->name, "stands_for") == 0 && !block->device.origin.device);
    }
    if (section == &schema_workload) {
        const struct block_workload *block = base;
        return (strcmp(key->name, "on") == 0 || strcmp(key->name, "off") == 0) &&
               block->workload.arrival != ARRIVAL_ONOFF;
    }
    return section == &schema_switch && strcmp(key->name, "uplink") == 0 &&
           ((const struct block_switch *)base)->sw.parent_index < 0;
}

static void write_key(struct writer *w, const struct schema_key *key, const char *base)
{
    const void *field = base + key->offset;
    char text[VALUE_TEXT_MAX];
    switch (key->type) {
    case TYPE_BOOL:
    case TYPE_ENUM:
    case TYPE_COUNT:
    case TYPE_PS:
    case TYPE_BYTES:
    case TYPE_UNITS:
    case TYPE_BPS:
    case TYPE_HZ:
    case TYPE_OPS:
    case TYPE_PPM:
    case TYPE_MILLI:
    case TYPE_LINK:
        if (!key->optional || ((const struct schema_optional *)field)->set)
            write_text(w, key->name, value_format(key, base, text));
        break;
    case TYPE_NAME:
    case TYPE_TEXT:
        write_text(w, key->name, *(char *const *)field);
        break;
    case TYPE_PATH:
        write_path(w, key->name, *(char *const *)field);
        break;
    case TYPE_NAMES:
    case TYPE_RANGE:
        write_text(w, key->name, ((const struct schema_ref *)field)->text);
        break;
    case TYPE_DIST_PS:
    case TYPE_DIST_BYTES:
        write_dist(w, key, base);
        break;
    case TYPE_SECTION:
    case TYPE_TEXTS:
    case TYPE_LIST:
        break; /* these hold no value of their own */
    }
}

/* All keys below @section; lists are written by those who know how many entries there are. */
static void write_section(struct writer *w, const struct schema_section *section, const char *base)
{
    struct {
        const struct schema_section *section;
        const struct schema_key *next;
        const char *base;
    } stack[SCHEMA_DEPTH_MAX] = {{section, section->keys, base}};
    size_t top = 1;
    for (;;) {
        const struct schema_key *key = stack[top - 1].next++;
        if (!key->name) {
            if (--top == 0)
                return;
            w->indent -= 2;
            continue;
        }
        if (is_idle(stack[top - 1].section, key, stack[top - 1].base))
            continue;
        if (key->type != TYPE_SECTION) {
            write_key(w, key, stack[top - 1].base);
            continue;
        }
        begin_line(w);
        fprintf(w->out, "%s:\n", key->name);
        w->indent += 2;
        CHECK(top < SCHEMA_DEPTH_MAX);
        stack[top].section = key->section;
        stack[top].next = key->section->keys;
        stack[top].base = stack[top - 1].base + key->offset;
        top++;
    }
}

static void write_entry(FILE *out, const struct schema_section *section, const void *block,
                        int indent)
{
    struct writer w = {.out = out, .indent = indent, .dash = true};
    write_section(&w, section, block);
}

/* One name when all @n elements share it, else all, in order; returns owned. @index gives an
 * element's. */
static char *join_names(const struct config *config, uint32_t first, uint32_t n,
                        const char *(*name_of)(const struct config *, uint32_t))
{
    char *text = NULL;
    size_t size;
    uint32_t same = 1;
    const char *name = name_of(config, first);
    while (same < n && strcmp(name_of(config, first + same), name) == 0)
        same++;
    FILE *out = open_memstream(&text, &size);
    CHECK(out);
    fputs(name, out);
    for (uint32_t k = 1; same < n && k < n; k++)
        fprintf(out, ", %s", name_of(config, first + k));
    CHECK(fclose(out) == 0);
    return text;
}

static const char *host_switch(const struct config *config, uint32_t i)
{
    const int index = config->hosts[i].switch_index;
    return index >= 0 ? config->switches[index].name : "none";
}

static const char *device_switch(const struct config *config, uint32_t i)
{
    const int index = config->devices[i].switch_index;
    return index >= 0 ? config->switches[index].name : "none";
}

static const char *device_host(const struct config *config, uint32_t i)
{
    return config->hosts[config->devices[i].host_index].name;
}

static const char *device_owner(const struct config *config, uint32_t i)
{
    return config->hosts[config->devices[i].owner_index].name;
}

/* The name of a group from that of its first member; returns owned. */
static char *stem_of(const char *name, uint32_t n)
{
    char *stem = strndup(name, strlen(name) - (n > 1 ? 1 : 0));
    CHECK(stem);
    return stem;
}

static void write_pci(FILE *out, const struct cfg_host *host)
{
    if (host->n_pci > 0)
        fputs("    pci:\n", out);
    for (uint32_t i = 0; i < host->n_pci; i++) {
        const struct cfg_pci *pci = &host->pci[i];
        char function[PCI_FUNCTION_TEXT];
        const struct block_pci block = {.pci = *pci,
                                        .function = pci_format_function(pci, function),
                                        .behind =
                                            pci->behind >= 0 ? host->pci[pci->behind].name : NULL,
                                        .slot = {.value = pci->slot, .set = pci->has_slot},
                                        .vfs = {.value = pci->vfs, .set = pci->has_vfs},
                                        .msix = {.value = pci->msix, .set = pci->has_msix}};
        write_entry(out, &schema_pci, &block, 8);
    }
}

static void write_hosts(FILE *out, const struct config *config)
{
    fputs("hosts:\n", out);
    for (uint32_t i = 0, n; i < config->n_hosts; i += n) {
        n = 1;
        while (i + n < config->n_hosts && config->hosts[i + n].index_in_group == n)
            n++;
        struct block_host block = {.host = config->hosts[i], .count = n};
        char *sw = join_names(config, i, n, host_switch);
        block.host.name = stem_of(config->hosts[i].name, n);
        block.switch_ref.text = sw;
        write_entry(out, &schema_host, &block, 4);
        write_pci(out, &block.host);
        free(block.host.name);
        free(sw);
    }
}

static void write_switches(FILE *out, const struct config *config)
{
    if (config->n_switches > 0)
        fputs("switches:\n", out);
    for (uint32_t i = 0; i < config->n_switches; i++) {
        struct block_switch block = {.sw = config->switches[i]};
        const int parent = block.sw.parent_index;
        block.parent_ref.text = parent >= 0 ? config->switches[parent].name : "none";
        write_entry(out, &schema_switch, &block, 4);
    }
}

static void write_devices(FILE *out, const struct config *config)
{
    if (config->n_devices > 0)
        fputs("devices:\n", out);
    for (uint32_t i = 0, n; i < config->n_devices; i += n) {
        n = 1;
        while (i + n < config->n_devices && config->devices[i + n].index_in_group == n)
            n++;
        struct block_device block = {.device = config->devices[i], .count = n};
        const bool direct = block.device.host_index >= 0;
        char *place = join_names(config, i, n, direct ? device_host : device_switch);
        char *owner = join_names(config, i, n, device_owner);
        block.device.name = stem_of(config->devices[i].name, n);
        *(direct ? &block.host_ref : &block.switch_ref) = (struct schema_ref){.text = place};
        block.owner_ref.text = owner;
        write_entry(out, &schema_device, &block, 4);
        free(block.device.name);
        free(place);
        free(owner);
    }
}

static void write_lends(FILE *out, const struct config *config)
{
    if (config->n_lend_blocks > 0)
        fputs("lend:\n", out);
    for (uint32_t i = 0; i < config->n_lend_blocks; i++) {
        const struct cfg_lend_block *lend = &config->lend_blocks[i];
        const struct block_lend block = {.device_ref = {.text = lend->devices},
                                         .vf_ref = {.text = lend->vfs},
                                         .host_ref = {.text = lend->hosts},
                                         .weight = lend->weight,
                                         .slot = lend->slot,
                                         .round_robin = lend->round_robin};
        write_entry(out, &schema_lend, &block, 4);
    }
}

static void write_moves(FILE *out, const struct config *config)
{
    if (config->n_moves > 0)
        fputs("moves:\n", out);
    for (uint32_t i = 0; i < config->n_moves; i++) {
        const struct cfg_move *move = &config->moves[i];
        char vfs[32];
        snprintf(vfs, sizeof vfs, "%u..%u", move->first_vf, move->first_vf + move->n_vfs - 1);
        const struct block_move block = {.move = *move,
                                         .device_ref = {.text = config->devices[move->device].name},
                                         .vf_ref = {.text = vfs},
                                         .host_ref = {.text = config->hosts[move->host].name}};
        write_entry(out, &schema_move, &block, 4);
    }
}

static void write_faults(FILE *out, const struct config *config)
{
    if (config->n_faults > 0)
        fputs("faults:\n", out);
    for (uint32_t i = 0; i < config->n_faults; i++) {
        const struct cfg_fault *fault = &config->faults[i];
        const struct block_fault block = {
            .fault = *fault,
            .target_ref = {.text = fault->is_host ? config->hosts[fault->target].name
                                                  : config->devices[fault->target].name}};
        write_entry(out, &schema_fault, &block, 4);
    }
}

static void write_workloads(FILE *out, const struct config *config)
{
    if (config->n_workloads > 0)
        fputs("workloads:\n", out);
    for (uint32_t i = 0; i < config->n_workloads; i++) {
        const struct cfg_workload *workload = &config->workloads[i];
        struct block_workload block = {.workload = *workload,
                                       .host_ref = {.text = workload->hosts},
                                       .device_ref = {.text = workload->devices},
                                       .vf_ref = {.text = workload->vfs}};
        const bool paced =
            workload->arrival != ARRIVAL_CLOSED && workload->arrival != ARRIVAL_TRACE;
        const struct schema_optional rate = {.value = workload->rate, .set = true};
        block.arrival = (struct schema_optional){.value = workload->arrival, .set = true};
        if (workload->arrival == ARRIVAL_CLOSED)
            block.depth = (struct schema_optional){.value = workload->depth, .set = true};
        if (paced && workload->rate_kind == RATE_OPS)
            block.ops = rate;
        if (paced && workload->rate_kind == RATE_BPS)
            block.bps = rate;
        if (paced && workload->rate_kind == RATE_LOAD)
            block.load = rate;
        write_entry(out, &schema_workload, &block, 4);
    }
}

static void write_sweep(FILE *out, const struct config *config)
{
    const struct cfg_sweep *sweep = &config->sweep;
    struct writer w = {.out = out, .indent = 2};
    fputs("sweep:\n", out);
    if (sweep->n_axes > 0)
        fputs("  axes:\n", out);
    for (uint32_t i = 0; i < sweep->n_axes; i++) {
        const struct block_axis block = {.axis = sweep->axes[i]};
        write_entry(out, &schema_axis, &block, 6);
        fputs("      values: [", out);
        for (uint32_t k = 0; k < sweep->axes[i].n; k++) {
            fputs(k ? ", " : "", out);
            write_quoted(out, sweep->axes[i].values[k]);
        }
        fputs("]\n", out);
    }
    write_section(&w, schema_find(&schema_root, "sweep")->section, (const char *)sweep);
}

void config_write_yaml(const struct config *config, FILE *out)
{
    struct writer w = {.out = out};
    for (const struct schema_key *key = schema_root.keys; key->name; key++) {
        if (key->type == TYPE_SECTION && strcmp(key->name, "sweep") != 0) {
            fprintf(out, "%s:\n", key->name);
            w.indent = 2;
            write_section(&w, key->section, (const char *)config + key->offset);
            w.indent = 0;
        } else {
            write_key(&w, key, (const char *)config);
        }
    }
    write_hosts(out, config);
    write_switches(out, config);
    write_devices(out, config);
    write_lends(out, config);
    write_moves(out, config);
    write_faults(out, config);
    write_workloads(out, config);
    write_sweep(out, config);
}
