#include "run/tables_files.h"

#include "base/check.h"
#include "pool/assignment.h"
#include "pool/memh.h"
#include "pool/proxy_tag.h"
#include "run/build.h"
#include "run/folder.h"
#include "run/tables.h"
#include "run/tables_view.h"
#include "stats/json.h"

#include <inttypes.h>
#include <stdlib.h>

enum { POOL_WIDE = UINT32_MAX, FILE_NAME_BYTES = 96 };

/* Where a table goes, and what has been written so far. */
struct writing {
    const struct model *model;
    const char *dir;
    json_t *tables; /* of the manifest */
};

/* A file of a table; @role tells two of one kind at one port apart, NULL for the first. */
struct table_file {
    enum pool_table_id id;
    uint32_t sw, port; /* or POOL_WIDE */
    const char *role;
    uint32_t n_entries;
    const struct pool_entry *entries;
};

static struct pool_entry *new_entries(uint32_t n)
{
    struct pool_entry *entries = calloc(n ? n : 1, sizeof *entries);
    CHECK(entries);
    return entries;
}

static void describe(const struct writing *writing, const struct table_file *file, const char *name)
{
    json_t *row = json_new_object();
    json_put_text(row, "file", name);
    json_put_text(row, "table", pool_tables[file->id].name);
    if (file->role)
        json_put_text(row, "role", file->role);
    if (file->sw != POOL_WIDE) {
        json_put_text(row, "switch", writing->model->config->switches[file->sw].name);
        json_put_u64(row, "port", file->port);
    }
    json_put_u64(row, "entries", file->n_entries);
    json_put_u64(row, "width", pool_tables[file->id].width);
    json_append(writing->tables, row);
}

static bool write_file(const struct writing *writing, const struct table_file *file,
                       struct err *err)
{
    const char *table = pool_tables[file->id].name;
    char name[FILE_NAME_BYTES];
    struct outfile out;
    if (file->sw == POOL_WIDE)
        snprintf(name, sizeof name, "%s.memh", table);
    else
        snprintf(name, sizeof name, "switch%" PRIu32 ".port%" PRIu32 ".%s%s%s.memh", file->sw,
                 file->port, table, file->role ? "." : "", file->role ? file->role : "");
    if (!folder_open(&out, writing->dir, name, err))
        return false;
    memh_write(&pool_tables[file->id], file->entries, file->n_entries, out.file);
    describe(writing, file, name);
    return outfile_commit(&out, err);
}

/* Takes the entries. */
static bool write_and_free(const struct writing *writing, struct table_file file,
                           struct pool_entry *entries, struct err *err)
{
    file.entries = entries;
    bool written = write_file(writing, &file, err);
    free(entries);
    return written;
}

/* ---- tables of a device port ---- */

static bool write_id_up(const struct writing *writing, uint32_t sw, uint32_t port,
                        const struct id_map *map, const char *role, struct err *err)
{
    uint32_t n = id_map_entries(map);
    struct pool_entry *entries = new_entries(n);
    for (uint32_t i = 0; i < n; i++)
        if (id_map_is_valid(map, i))
            pool_pack_id_up(id_map_key(map, i), *id_map_value(map, i), ASSIGNMENT_ASSIGNED,
                            &entries[i]);
    return write_and_free(writing, (struct table_file){POOL_ID_UP, sw, port, role, n, NULL},
                          entries, err);
}

static bool write_proxy_tags(const struct writing *writing, uint32_t sw, uint32_t port,
                             const struct proxy_tags *tags, struct err *err)
{
    const uint32_t n = proxy_tag_capacity(tags);
    struct pool_entry *entries = new_entries(n);
    for (uint32_t tag = 0; tag < n; tag++)
        if (proxy_tag_entry(tags, (uint16_t)tag))
            proxy_tag_pack((uint16_t)tag, proxy_tag_entry(tags, (uint16_t)tag), &entries[tag]);
    return write_and_free(writing, (struct table_file){POOL_PROXY_TAG, sw, port, NULL, n, NULL},
                          entries, err);
}

/* ---- tables of a host port ---- */

/* The fewest low RID bits that tell all keys apart. */
static unsigned index_bits(const struct id_map *map)
{
    uint32_t n = id_map_entries(map);
    unsigned bits = 1;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < i; j++) {
            if (!id_map_is_valid(map, i) || !id_map_is_valid(map, j))
                continue;
            uint32_t differ = (uint32_t)(id_map_key(map, i).rid ^ id_map_key(map, j).rid);
            unsigned lowest = (unsigned)__builtin_ctz(differ) + 1;
            bits = lowest > bits ? lowest : bits;
        }
    return bits;
}

static bool write_id_down(const struct writing *writing, uint32_t sw, uint32_t port,
                          const struct id_map *map, struct err *err)
{
    uint32_t n = UINT32_C(1) << index_bits(map);
    struct pool_entry *entries = new_entries(n);
    for (uint32_t i = 0; i < id_map_entries(map); i++)
        if (id_map_is_valid(map, i))
            pool_pack_id_down(id_map_key(map, i), *id_map_value(map, i),
                              &entries[id_map_key(map, i).rid & (n - 1)]);
    return write_and_free(writing, (struct table_file){POOL_ID_DOWN, sw, port, NULL, n, NULL},
                          entries, err);
}

static bool write_addr_map(const struct writing *writing, uint32_t sw, uint32_t port,
                           const struct addr_map *map, const char *role, struct err *err)
{
    uint32_t n = addr_map_entries(map);
    struct pool_entry *entries = new_entries(n);
    for (uint32_t i = 0; i < n; i++)
        if (addr_map_entry(map, i))
            pool_pack_addr((uint16_t)port, addr_map_entry(map, i), &entries[i]);
    return write_and_free(writing, (struct table_file){POOL_ADDR_MAP, sw, port, role, n, NULL},
                          entries, err);
}

static bool write_host(const struct writing *writing, uint32_t host, struct err *err)
{
    const struct model *model = writing->model;
    if (model->config->hosts[host].switch_index < 0)
        return true;
    uint32_t sw = (uint32_t)model->config->hosts[host].switch_index, n = 0;
    uint32_t port = tables_host_port(model->config, host);
    const struct switch_tables *tables = &model->switches[sw].ports[port].tables;
    if (tables->id_map && !write_id_down(writing, sw, port, tables->id_map, err))
        return false;
    if (tables->addr_map && !write_addr_map(writing, sw, port, tables->addr_map, NULL, err))
        return false;
    if (tables->lent && !write_addr_map(writing, sw, port, tables->lent, "lent", err))
        return false;
    struct pool_entry *bridges = tables_view_bridges(model, host, &n);
    if (!write_and_free(writing, (struct table_file){POOL_BRIDGE, sw, port, NULL, n, NULL}, bridges,
                        err))
        return false;
    struct pool_entry *shadow = tables_view_shadow(model, host, &n);
    return !shadow ||
           write_and_free(writing, (struct table_file){POOL_CFG_SHADOW, sw, port, NULL, n, NULL},
                          shadow, err);
}

/* The device ports of a root switch: those that VFs are lent behind. */
static bool write_switch(const struct writing *writing, uint32_t sw, struct err *err)
{
    const struct pcie_switch *s = &writing->model->switches[sw];
    for (uint32_t port = 0; port < tables_switch_ports(writing->model->config, sw); port++) {
        const struct switch_tables *tables = &s->ports[port].tables;
        if (s->ports[port].side != SWITCH_DEVICE || !tables->id_map)
            continue;
        if (!write_id_up(writing, sw, port, tables->id_map, NULL, err) ||
            (tables->id_backing &&
             !write_id_up(writing, sw, port, tables->id_backing, "backing", err)) ||
            !write_proxy_tags(writing, sw, port, tables->proxy, err))
            return false;
    }
    return true;
}

static bool write_all(const struct writing *writing, struct err *err)
{
    const struct config *config = writing->model->config;
    uint32_t n = 0;
    for (uint32_t s = 0; s < config->n_switches; s++)
        if (!write_switch(writing, s, err))
            return false;
    for (uint32_t h = 0; h < config->n_hosts; h++)
        if (!write_host(writing, h, err))
            return false;
    struct pool_entry *assignment = tables_view_assignment(writing->model, &n);
    return write_and_free(writing,
                          (struct table_file){POOL_ASSIGNMENT, POOL_WIDE, POOL_WIDE, NULL, n, NULL},
                          assignment, err);
}

bool tables_files_fit(const struct config *config, struct err *err)
{
    uint32_t most_functions = UINT32_C(1) << POOL_ASSIGNMENT_KEY_FUNCTION_W;
    uint32_t most_ports = UINT32_C(1) << POOL_ASSIGNMENT_PORT_W, n_functions = 0;
    for (uint32_t d = 0; d < config->n_devices; d++)
        n_functions += config->devices[d].vfs + 1;
    if (n_functions > most_functions)
        return err_at(err, &config->devices[config->n_devices - 1].mark,
                      "the pool has %" PRIu32 " functions with this device's; the tables number "
                      "%" PRIu32 " at most",
                      n_functions, most_functions);
    for (uint32_t s = 0; s < config->n_switches; s++)
        if (tables_switch_ports(config, s) > most_ports)
            return err_at(err, &config->switches[s].mark,
                          "switch \"%s\" has %" PRIu32 " ports; the tables number %" PRIu32
                          " at most",
                          config->switches[s].name, tables_switch_ports(config, s), most_ports);
    return true;
}

bool tables_files_write(const struct model *model, const char *dir, struct err *err)
{
    char path[PATH_MAX];
    struct writing writing = {model, dir, json_new_array()};
    json_t *manifest = json_new_object();
    json_put_text(manifest, "name", model->config->name);
    json_put(manifest, "tables", writing.tables);
    bool written = write_all(&writing, err) && folder_path(path, dir, "manifest.json", err) &&
                   json_write_file(manifest, path, err);
    json_decref(manifest);
    return written;
}
