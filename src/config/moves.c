#include "config/moves.h"
#include "base/check.h"
#include "base/units.h"
#include <inttypes.h>
#include <stdlib.h>

/* What the reader of one entry works on. */
struct reading {
    struct loader *loader;
    const char *list;
    const struct load_group *groups;
    size_t index;
};

/* The one element of @kind that @ref names. */
static bool resolve_one(const struct reading *r, const char *key, enum name_kind kind,
                        const struct schema_ref *ref, uint32_t *out)
{
    char path[64];
    uint32_t *list = NULL, n = 0;
    snprintf(path, sizeof path, "%s.%zu.%s", r->list, r->index, key);
    if (!names_resolve(&r->loader->names, kind, ref->text, path, &ref->mark, &list, &n,
                       r->loader->err))
        return false;
    CHECK(list && n > 0);
    *out = list[0];
    free(list);
    return n == 1 ||
           load_refuse(r->loader, r->list, r->groups, r->index, key, "%u names; give one", n);
}

static bool check_time(const struct reading *r, uint64_t at_ps)
{
    const uint64_t end_ps = r->loader->config->run.max_duration_ps;
    char text[UNITS_TEXT_MAX];
    return at_ps < end_ps || load_refuse(r->loader, r->list, r->groups, r->index, "at",
                                         "not before run.max_duration, %s, when the run ends",
                                         units_format_ps(end_ps, text, sizeof text));
}

/* ---- moves ---- */

static bool settle_move(const struct reading *r, struct block_move *block)
{
    const struct config *config = r->loader->config;
    struct cfg_move *move = &block->move;
    uint64_t first, last;
    move->mark = r->groups[r->index].node->mark;
    if (!check_time(r, move->at_ps) ||
        !resolve_one(r, "device", NAME_DEVICE, &block->device_ref, &move->device) ||
        !resolve_one(r, "to", NAME_HOST, &block->host_ref, &move->host))
        return false;
    const struct cfg_device *device = &config->devices[move->device];
    CHECK(units_parse_range(block->vf_ref.text, &first, &last));
    if (device->host_index >= 0)
        return load_refuse(r->loader, r->list, r->groups, r->index, "device",
                           "\"%s\" attaches directly to \"%s\"; its VFs stay there", device->name,
                           config->hosts[device->host_index].name);
    if (device->vfs == 0)
        return load_refuse(r->loader, r->list, r->groups, r->index, "vf", "\"%s\" has no VFs",
                           device->name);
    if (last >= device->vfs)
        return load_refuse(r->loader, r->list, r->groups, r->index, "vf",
                           "\"%s\" has only VFs 0..%u", device->name, device->vfs - 1);
    const uint32_t root = attach_root(config, device->switch_index);
    if (config->hosts[move->host].switch_index != (int)root)
        return load_refuse(r->loader, r->list, r->groups, r->index, "to",
                           "\"%s\" does not attach to \"%s\", the root switch of \"%s\"",
                           config->hosts[move->host].name, config->switches[root].name,
                           device->name);
    move->first_vf = (uint32_t)first;
    move->n_vfs = (uint32_t)(last - first + 1);
    return true;
}

/* Moves and faults stay in the file's order: it is the order of their times. */
static bool check_order(const struct reading *r, uint64_t before_ps, uint64_t at_ps)
{
    char text[UNITS_TEXT_MAX];
    return at_ps >= before_ps || load_refuse(r->loader, r->list, r->groups, r->index, "at",
                                             "earlier than the entry before, %s; list them by time",
                                             units_format_ps(before_ps, text, sizeof text));
}

static bool check_number(const struct reading *r, size_t n)
{
    return n <= LOAD_MOVES_MAX || load_refuse(r->loader, r->list, r->groups, LOAD_MOVES_MAX, NULL,
                                              "more than %d in all", (int)LOAD_MOVES_MAX);
}

bool moves_read(struct loader *loader)
{
    struct config *config = loader->config;
    load_find_groups(loader, "moves", &loader->move_groups, &loader->n_move_groups);
    const size_t n = loader->n_move_groups;
    struct reading r = {.loader = loader, .list = "moves", .groups = loader->move_groups};
    struct block_move *blocks = calloc(n + 1, sizeof *blocks);
    config->moves = calloc(n + 1, sizeof *config->moves);
    CHECK(blocks && config->moves);
    bool good = check_number(&r, n) && load_read_blocks(loader, "moves", &schema_move, r.groups, n,
                                                        blocks, sizeof *blocks);
    for (; good && r.index < n; r.index++) {
        const uint64_t before_ps = r.index ? config->moves[r.index - 1].at_ps : 0;
        good = check_order(&r, before_ps, blocks[r.index].move.at_ps) &&
               settle_move(&r, &blocks[r.index]);
        if (good)
            config->moves[config->n_moves++] = blocks[r.index].move;
    }
    free(blocks);
    return good;
}

/* ---- faults ---- */

static bool owns_any(const struct config *config, uint32_t host)
{
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].host_index < 0 && config->devices[d].owner_index == (int)host)
            return true;
    return false;
}

static bool settle_fault(const struct reading *r, struct block_fault *block)
{
    const struct config *config = r->loader->config;
    struct cfg_fault *fault = &block->fault;
    struct err ignored;
    uint32_t *list = NULL, n = 0;
    fault->mark = r->groups[r->index].node->mark;
    if (!check_time(r, fault->at_ps))
        return false;
    fault->is_host = fault->kind == FAULT_OWNER_RESET ||
                     names_resolve(&r->loader->names, NAME_HOST, block->target_ref.text, "target",
                                   &block->target_ref.mark, &list, &n, &ignored);
    free(list);
    if (!resolve_one(r, "target", fault->is_host ? NAME_HOST : NAME_DEVICE, &block->target_ref,
                     &fault->target))
        return false;
    if (fault->kind == FAULT_OWNER_RESET && !owns_any(config, fault->target))
        return load_refuse(r->loader, r->list, r->groups, r->index, "target",
                           "\"%s\" owns no pooled device", config->hosts[fault->target].name);
    if (fault->is_host && config->hosts[fault->target].switch_index < 0)
        return load_refuse(r->loader, r->list, r->groups, r->index, "target",
                           "\"%s\" has no link to a switch", config->hosts[fault->target].name);
    return true;
}

bool faults_read(struct loader *loader)
{
    struct config *config = loader->config;
    load_find_groups(loader, "faults", &loader->fault_groups, &loader->n_fault_groups);
    const size_t n = loader->n_fault_groups;
    struct reading r = {.loader = loader, .list = "faults", .groups = loader->fault_groups};
    struct block_fault *blocks = calloc(n + 1, sizeof *blocks);
    config->faults = calloc(n + 1, sizeof *config->faults);
    CHECK(blocks && config->faults);
    bool good = check_number(&r, n) && load_read_blocks(loader, "faults", &schema_fault, r.groups,
                                                        n, blocks, sizeof *blocks);
    for (; good && r.index < n; r.index++) {
        const uint64_t before_ps = r.index ? config->faults[r.index - 1].at_ps : 0;
        good = check_order(&r, before_ps, blocks[r.index].fault.at_ps) &&
               settle_fault(&r, &blocks[r.index]);
        if (good)
            config->faults[config->n_faults++] = blocks[r.index].fault;
    }
    free(blocks);
    return good;
}
