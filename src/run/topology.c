#include "run/topology.h"

#include "base/check.h"
#include "run/folder.h"
#include "run/plot.h"
#include "run/process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Pale fills under dark text, readable on a light and on a dark page. */
static const char *const host_fills[] = {"#bfe0f5", "#f9d3b4", "#b8e6d4", "#efd0e2",
                                         "#fbe3a8", "#cfd4f4", "#dfe6a8"};
enum { HOST_FILLS = sizeof host_fills / sizeof *host_fills };

/* Where each host and device is drawn: node[i] is the first of the group that i belongs to, i
 * itself when alone. */
struct groups {
    uint32_t *node, *count; /* count[node]: how many share it */
};

struct topology {
    const struct config *config;
    FILE *out;
    struct groups hosts, devices;
};

static struct groups groups_new(uint32_t n)
{
    struct groups groups = {calloc(n + 1, sizeof(uint32_t)), calloc(n + 1, sizeof(uint32_t))};
    CHECK(groups.node && groups.count);
    return groups;
}

static void groups_free(struct groups *groups)
{
    free(groups->node);
    free(groups->count);
}

/* Consecutive members of one template, name0 name1 ..., that attach to one place. */
static bool hosts_alike(const struct config *config, uint32_t a, uint32_t b)
{
    const struct cfg_host *x = &config->hosts[a], *y = &config->hosts[b];
    return y->index_in_group == x->index_in_group + (b - a) && x->switch_index == y->switch_index &&
           x->switch_index >= 0 && x->link.gen == y->link.gen && x->link.lanes == y->link.lanes;
}

static bool devices_alike(const struct config *config, uint32_t a, uint32_t b)
{
    const struct cfg_device *x = &config->devices[a], *y = &config->devices[b];
    return y->index_in_group == x->index_in_group + (b - a) && x->switch_index == y->switch_index &&
           x->switch_index >= 0 && x->owner_index == y->owner_index && x->kind == y->kind &&
           x->vfs == y->vfs && x->link.gen == y->link.gen && x->link.lanes == y->link.lanes;
}

static void groups_fill(struct groups *groups, const struct config *config, uint32_t n,
                        bool collapse, bool (*alike)(const struct config *, uint32_t, uint32_t))
{
    for (uint32_t i = 0, first = 0; i < n; i++) {
        if (!collapse || !alike(config, first, i))
            first = i;
        groups->node[i] = first;
        groups->count[first]++;
    }
}

/* The text inside a double-quoted dot string or an HTML-like label: both understand these entities.
 */
static void write_name(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"\\", *text))
            fprintf(out, "&#%d;", *text);
        else
            putc(*text, out);
    }
}

static void write_link_edge(const struct topology *topology, const char *from, const char *to,
                            const struct cfg_link *link, uint32_t count)
{
    fprintf(topology->out, "    %s -> %s [label=\" ", from, to);
    if (count > 1)
        fprintf(topology->out, "%u × ", count);
    fprintf(topology->out, "gen%u x%u\"", link->gen, link->lanes);
    fprintf(topology->out, ", penwidth=%.1f];\n",
            link->lanes >= 16  ? 3.0
            : link->lanes >= 8 ? 2.2
                               : 1.4);
}

static bool host_owns(const struct config *config, uint32_t host)
{
    for (uint32_t i = 0; i < config->n_devices; i++)
        if (config->devices[i].switch_index >= 0 && config->devices[i].owner_index == (int)host)
            return true;
    return false;
}

static void write_hosts(const struct topology *topology)
{
    const struct config *config = topology->config;
    fputs("    { rank=min;\n", topology->out);
    for (uint32_t i = 0; i < config->n_hosts; i++) {
        if (topology->hosts.node[i] != i)
            continue;
        uint32_t count = topology->hosts.count[i];
        fprintf(topology->out,
                "    host%u [shape=box, style=\"filled,rounded\", fillcolor=\"%s\", label=<<b>", i,
                host_fills[i % HOST_FILLS]);
        write_name(topology->out, config->hosts[i].name);
        if (count > 1) {
            fputs(" … ", topology->out);
            write_name(topology->out, config->hosts[i + count - 1].name);
            fprintf(topology->out, "</b><br/>%u hosts>];\n", count);
        } else {
            fprintf(topology->out, "</b><br/>%s>];\n",
                    host_owns(config, i) ? "host, Owner" : "host");
        }
    }
    fputs("    }\n", topology->out);
}

static void write_switches(const struct topology *topology)
{
    const struct config *config = topology->config;
    for (uint32_t i = 0; i < config->n_switches; i++) {
        const struct cfg_switch *sw = &config->switches[i];
        fprintf(topology->out,
                "    switch%u [shape=box, style=filled, fillcolor=\"#d5dae1\", "
                "margin=\"0.35,0.12\", label=<<b>",
                i);
        write_name(topology->out, sw->name);
        fprintf(topology->out, "</b><br/>%s<br/>%.6g MHz, %u B wide>];\n",
                sw->parent_index < 0 ? "multi-root switch" : "switch", (double)sw->clock_hz / 1e6,
                sw->datapath_bytes);
        if (sw->parent_index >= 0) {
            char from[32], to[32];
            snprintf(from, sizeof from, "switch%d", sw->parent_index);
            snprintf(to, sizeof to, "switch%u", i);
            write_link_edge(topology, from, to, &sw->uplink, 1);
        }
    }
    for (uint32_t i = 0; i < config->n_hosts; i++) {
        char from[32], to[32];
        if (topology->hosts.node[i] != i || config->hosts[i].switch_index < 0)
            continue;
        snprintf(from, sizeof from, "host%u", i);
        snprintf(to, sizeof to, "switch%d", config->hosts[i].switch_index);
        write_link_edge(topology, from, to, &config->hosts[i].link, topology->hosts.count[i]);
    }
}

/* "VF 0–3, 6" of one borrower; @vfs is marked per VF. */
static void write_vf_list(FILE *out, uint32_t n, const bool *vfs)
{
    bool first = true;
    for (uint32_t i = 0; i < n; i++) {
        if (!vfs[i])
            continue;
        uint32_t last = i;
        while (last + 1 < n && vfs[last + 1])
            last++;
        fprintf(out, first ? "VF %u" : ", %u", i);
        if (last > i)
            fprintf(out, "–%u", last);
        first = false;
        i = last;
    }
}

/* One row per borrowing host of @device: its VFs, in its colour. */
static void write_lend_rows(const struct topology *topology, uint32_t device)
{
    const struct config *config = topology->config;
    uint32_t vfs = config->devices[device].vfs;
    bool *lent = calloc(vfs + 1, sizeof *lent);
    bool *done = calloc(config->n_hosts + 1, sizeof *done);
    CHECK(lent && done);
    for (uint32_t i = 0; i < config->n_lends; i++) {
        uint32_t host = config->lends[i].host;
        if (config->lends[i].device != device || done[host])
            continue;
        done[host] = true;
        memset(lent, 0, vfs * sizeof *lent);
        for (uint32_t k = i; k < config->n_lends; k++)
            if (config->lends[k].device == device && config->lends[k].host == host &&
                config->lends[k].vf < vfs)
                lent[config->lends[k].vf] = true;
        fprintf(topology->out, "<tr><td bgcolor=\"%s\">",
                host_fills[topology->hosts.node[host] % HOST_FILLS]);
        write_vf_list(topology->out, vfs, lent);
        fputs(" → ", topology->out);
        write_name(topology->out, config->hosts[host].name);
        fputs("</td></tr>", topology->out);
    }
    free(lent);
    free(done);
}

/* For a collapsed picture: how many VFs of all devices of a node are lent. */
static uint32_t lends_of_node(const struct topology *topology, uint32_t node)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < topology->config->n_lends; i++)
        n += topology->devices.node[topology->config->lends[i].device] == node;
    return n;
}

static void write_devices(const struct topology *topology, bool collapsed)
{
    static const char *const kinds[] = {
        [DEVICE_NULL] = "null", [DEVICE_NIC] = "nic", [DEVICE_NVME] = "nvme"};
    const struct config *config = topology->config;
    FILE *out = topology->out;
    for (uint32_t i = 0; i < config->n_devices; i++) {
        const struct cfg_device *device = &config->devices[i];
        uint32_t count = topology->devices.count[i];
        if (topology->devices.node[i] != i)
            continue;
        fprintf(out,
                "    device%u [shape=plain, label=<<table border=\"1\" cellborder=\"0\" "
                "cellspacing=\"0\" "
                "cellpadding=\"5\" bgcolor=\"#eef0f3\"><tr><td><b>",
                i);
        write_name(out, device->name);
        if (count > 1) {
            fputs(" … ", out);
            write_name(out, config->devices[i + count - 1].name);
        }
        fprintf(out, "</b><br/>%s%s, %u VF%s", kinds[device->kind], count > 1 ? " each" : "",
                device->vfs, device->vfs == 1 ? "" : "s");
        if (device->switch_index >= 0 && device->owner_index >= 0) {
            fputs("<br/>Owner: ", out);
            write_name(out, config->hosts[device->owner_index].name);
        }
        fputs("</td></tr>", out);
        if (!collapsed)
            write_lend_rows(topology, i);
        else
            fprintf(out, "<tr><td>%u VFs lent</td></tr>", lends_of_node(topology, i));
        fputs("</table>>];\n", out);
        char from[32], to[32];
        snprintf(from, sizeof from, device->switch_index >= 0 ? "switch%d" : "host%d",
                 device->switch_index >= 0 ? device->switch_index
                                           : (int)topology->hosts.node[device->host_index]);
        snprintf(to, sizeof to, "device%u", i);
        write_link_edge(topology, from, to, &device->link, count);
    }
}

void topology_write_dot(const struct config *config, FILE *out)
{
    bool collapse =
        (uint64_t)config->n_hosts + config->n_switches + config->n_devices > TOPOLOGY_MAX_NODES;
    struct topology topology = {config, out, groups_new(config->n_hosts),
                                groups_new(config->n_devices)};
    groups_fill(&topology.hosts, config, config->n_hosts, collapse, hosts_alike);
    groups_fill(&topology.devices, config, config->n_devices, collapse, devices_alike);
    fputs("digraph pool {\n"
          "    graph [rankdir=TB, nodesep=0.45, ranksep=0.65, bgcolor=white, "
          "fontname=\"sans-serif\"];\n"
          "    node [fontname=\"sans-serif\", fontsize=12, color=\"#8a929e\", "
          "fontcolor=\"#14171c\"];\n"
          "    edge [fontname=\"sans-serif\", fontsize=11, color=\"#8a929e\", fontcolor=\"" PLOT_INK
          "\", dir=none];\n",
          out);
    write_hosts(&topology);
    write_switches(&topology);
    write_devices(&topology, collapse);
    fputs("}\n", out);
    groups_free(&topology.hosts);
    groups_free(&topology.devices);
}

static void topology_draw(const char *dir, FILE *warnings)
{
    char path[PATH_MAX], temporary[PATH_MAX], message[400];
    struct err err;
    if (!folder_path(path, dir, "topology.svg", &err) ||
        !folder_path(temporary, dir, ".topology.svg.tmp", &err))
        return;
    unlink(path);
    const char *const argv[] = {"dot", "-Tsvg", "-o", ".topology.svg.tmp", "topology.dot", NULL};
    switch (process_run(dir, argv, message, sizeof message)) {
    case PROCESS_DONE:
        if (rename(temporary, path) != 0)
            fprintf(warnings, "warning: dot (Graphviz) wrote no %s\n", path);
        break;
    case PROCESS_MISSING:
        fprintf(
            warnings,
            "warning: dot (Graphviz) is not installed, so there is no picture of the topology\n");
        break;
    case PROCESS_FAILED:
        fprintf(warnings, "warning: dot (Graphviz) could not draw %s/topology.dot: %s\n", dir,
                message);
        unlink(temporary);
        break;
    }
}

bool topology_write(const struct config *config, const char *dir, FILE *warnings, struct err *err)
{
    struct outfile file;
    if (!folder_open(&file, dir, "topology.dot", err))
        return false;
    topology_write_dot(config, file.file);
    if (!outfile_commit(&file, err))
        return false;
    topology_draw(dir, warnings);
    return true;
}
