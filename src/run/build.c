#include "run/build.h"

#include "base/check.h"
#include "run/build_traffic.h"
#include "run/tables.h"

#include <stdio.h>
#include <string.h>

enum {
    TLPS_LEAST = 1 << 18,    /* pools are mapped lazily: room costs nothing until it is used */
    REQUESTS_MOST = 1 << 22, /* operations that may wait before a run is called overloaded */
};

void *model_take(struct model *model, size_t count, size_t element_bytes)
{
    void *memory = arena_alloc_aligned(&model->arena, count ? count : 1, element_bytes, 64);
    CHECK(memory);
    return memory;
}

/* ---- links
 * -------------------------------------------------------------------------------------------------------
 */

static void make_direction(struct model *model, uint32_t number, const struct cfg_link *link,
                           const struct cfg_credits *credits, const char *from, const char *to)
{
    struct model_link *out = &model->links[number];
    uint32_t symbol_ps = rate_symbol_ps(link->gen);
    uint64_t limit_ps = (uint64_t)symbol_ps *
                        rate_ack_limit_symbols(link->gen, link->lanes, model->fabric.mps_bytes);
    snprintf(out->name, sizeof out->name, "%.29s->%.29s", from, to);
    out->params = (struct link_params){
        .name = out->name,
        .gen = link->gen,
        .lanes = link->lanes,
        .propagation_ps = link->propagation_ps,
        .skp = link->skp,
        .dllp = link->dllp,
        .ack_interval_ps = limit_ps,
        .update_interval_ps = link->update_interval_auto ? limit_ps : link->update_interval_ps,
    };
    memcpy(out->params.header_credits, credits->header, sizeof credits->header);
    memcpy(out->params.data_credits, credits->data, sizeof credits->data);
    void *memory = model_take(model, 1, link_memory_bytes(&model->fabric, &out->params));
    link_init(&out->link, &model->fabric, &out->params, number, memory);
}

/* Both directions between @upper (nearer to the hosts) and @lower; @pair counts links. */
static void make_link(struct model *model, uint32_t pair, const struct cfg_link *link,
                      const struct cfg_credits *upper, const char *upper_name,
                      const struct cfg_credits *lower, const char *lower_name)
{
    make_direction(model, 2 * pair, link, lower, upper_name, lower_name);
    make_direction(model, 2 * pair + 1, link, upper, lower_name, upper_name);
    link_pair(&model->links[(size_t)2 * pair].link, &model->links[(size_t)2 * pair + 1].link);
}

static struct link *down_link(struct model *model, uint32_t pair)
{
    return &model->links[(size_t)2 * pair].link;
}

static struct link *up_link(struct model *model, uint32_t pair)
{
    return &model->links[2 * pair + 1].link;
}

/* ---- hosts
 * -------------------------------------------------------------------------------------------------------
 */

static void make_host(struct model *model, uint32_t h)
{
    const struct config *config = model->config;
    const struct cfg_host *host = &config->hosts[h];
    const struct root_complex_params params = {
        .name = host->name,
        .read_latency_ps = &host->read_latency_ps,
        .outstanding_reads = host->outstanding_reads,
        .memory_bps = host->memory_bps,
        .write_latency_ps = host->write_latency_ps,
        .mmio_gap_ps = host->mmio_gap_ps,
        .mmio_outstanding = host->mmio_outstanding,
        .msi_latency_ps = host->msi_latency_ps,
        .config_local_ps = config->boot.config_local_ps,
        .completion_timeout_ps = model->pci ? config->pcie.completion_timeout_ps : 0,
    };
    struct root_complex *rc = &model->hosts[h];
    uint64_t *slots = model_take(model, host->outstanding_reads, sizeof *slots);
    root_complex_init(rc, &model->fabric, &params, config->run.seed, slots);
    sim_add(&model->sim, &rc->component, h);
    if (model->pci)
        pci_make_host(model, h);
    if (host->switch_index < 0)
        return; /* the device that attaches to it makes the link */
    const struct cfg_switch *sw = &config->switches[host->switch_index];
    make_link(model, h, &host->link, &host->credits, host->name, &sw->credits, sw->name);
    root_complex_connect(rc, up_link(model, h), down_link(model, h));
    switch_connect(&model->switches[host->switch_index], tables_host_port(config, h), SWITCH_HOST,
                   down_link(model, h), up_link(model, h), model->weights[host->switch_index]);
}

/* ---- devices
 * -----------------------------------------------------------------------------------------------------
 */

static void make_device(struct model *model, uint32_t d)
{
    const struct config *config = model->config;
    const struct cfg_device *device = &config->devices[d];
    const struct numbering_device *numbers = &model->numbering.devices[d];
    uint16_t *rids = model_take(model, numbers->n_functions, sizeof *rids);
    uint32_t *weights = model_take(model, numbers->n_functions, sizeof *weights);
    for (uint32_t f = 0; f < numbers->n_functions; f++) {
        rids[f] = model->numbering.functions[numbers->first_function + f].owner_rid;
        weights[f] = model->numbering.functions[numbers->first_function + f].weight;
    }
    struct endpoint_params params = {
        .name = device->name,
        .n_functions = numbers->n_functions,
        .tags = device->tags,
        .dma_burst_bytes = device->dma_burst_bytes,
        .arbiter = (enum arb_kind)device->arbiter,
        .weights = weights,
        .mmio_read_ps = device->mmio_read_ps,
        .bar_base = numbers->bar_base,
        .bar_bytes = device->bar_bytes,
        .config = model->pci ? pci_make_device(model, d) : NULL,
        .completion_timeout_ps = model->pci ? config->pcie.completion_timeout_ps : 0,
    };
    struct endpoint *ep = &model->devices[d];
    model_make_device_kind(model, d, &params);
    endpoint_init(ep, &model->fabric, &params, rids,
                  model_take(model, 1, endpoint_memory_bytes(&params)));
    sim_add(&model->sim, &ep->component, config->n_hosts + d);
    uint32_t pair = config->n_hosts + d;
    if (device->switch_index < 0) {
        const struct cfg_host *host = &config->hosts[device->host_index];
        make_link(model, pair, &device->link, &host->credits, host->name, &device->credits,
                  device->name);
        root_complex_connect(&model->hosts[device->host_index], up_link(model, pair),
                             down_link(model, pair));
    } else {
        const struct cfg_switch *sw = &config->switches[device->switch_index];
        make_link(model, pair, &device->link, &sw->credits, sw->name, &device->credits,
                  device->name);
        switch_connect(&model->switches[device->switch_index], tables_device_port(config, d),
                       SWITCH_DEVICE, up_link(model, pair), down_link(model, pair),
                       model->weights[device->switch_index]);
    }
    endpoint_connect(ep, down_link(model, pair), up_link(model, pair));
}

/* ---- switches
 * ----------------------------------------------------------------------------------------------------
 */

/* For so long the switch answers for an emulated function that was reset. */
static uint64_t longest_flr_ps(const struct config *config)
{
    uint64_t longest_ps = 0;
    for (uint32_t d = 0; d < config->n_devices; d++)
        if (config->devices[d].flr_ps > longest_ps)
            longest_ps = config->devices[d].flr_ps;
    return longest_ps;
}

static void init_switch(struct model *model, uint32_t s)
{
    const struct cfg_switch *sw = &model->config->switches[s];
    const struct switch_params params = {
        .name = sw->name,
        .clock_hz = sw->clock_hz,
        .datapath_bytes = sw->datapath_bytes,
        .cut_through = sw->cut_through,
        .voq = sw->voq,
        .remap_pipelined = sw->remap_pipelined,
        .remap_fetch = sw->id_map_miss == ID_MAP_MISS_FETCH,
        .arbiter = (enum arb_kind)sw->arbiter,
        .egress_buffer_bytes = sw->egress_buffer_bytes,
        .ingress_cycles = sw->ingress_cycles,
        .remap_cycles = sw->remap_cycles,
        .edit_cycles = sw->edit_cycles,
        .crossbar_cycles = sw->crossbar_cycles,
        .remap_miss_cycles = sw->id_map_miss_cycles,
        .emulation_cycles = sw->emulation_cycles,
        .flr_ps = longest_flr_ps(model->config),
    };
    uint32_t n_ports = tables_switch_ports(model->config, s);
    model->weights[s] = tables_weights(model->config, &model->arena, s);
    size_t bytes = switch_memory_bytes(&model->fabric, &params, n_ports);
    switch_init(&model->switches[s], &model->fabric, &params, n_ports, model_take(model, 1, bytes));
    sim_add(&model->sim, &model->switches[s].component,
            model->config->n_hosts + model->config->n_devices + s);
}

static void connect_switch(struct model *model, uint32_t s)
{
    const struct config *config = model->config;
    const struct cfg_switch *sw = &config->switches[s];
    if (sw->parent_index < 0)
        return;
    const struct cfg_switch *parent = &config->switches[sw->parent_index];
    uint32_t pair = config->n_hosts + config->n_devices + s;
    make_link(model, pair, &sw->uplink, &parent->credits, parent->name, &sw->credits, sw->name);
    switch_connect(&model->switches[sw->parent_index], tables_child_port(config, s), SWITCH_DEVICE,
                   up_link(model, pair), down_link(model, pair), model->weights[sw->parent_index]);
    switch_connect(&model->switches[s], TABLES_UPLINK_PORT, SWITCH_UPLINK, down_link(model, pair),
                   up_link(model, pair), model->weights[s]);
}

/* ---- all
 * ---------------------------------------------------------------------------------------------------------
 */

static bool init_pools(struct model *model)
{
    const struct config *config = model->config;
    struct fabric *fabric = &model->fabric;
    uint64_t tlps = TLPS_LEAST;
    for (uint32_t d = 0; d < config->n_devices; d++)
        tlps += (uint64_t)config->devices[d].tags *
                (config->pcie.mrrs_bytes / config->pcie.rcb_bytes + 2);
    fabric->sim = &model->sim;
    fabric->mps_bytes = config->pcie.mps_bytes;
    fabric->mrrs_bytes = config->pcie.mrrs_bytes;
    fabric->rcb_bytes = config->pcie.rcb_bytes;
    fabric->vcs = config->pcie.vcs;
    fabric->dma_attr = (uint8_t)((config->pcie.relaxed_ordering ? TLP_ATTR_RO : 0) |
                                 (config->pcie.id_based_ordering ? TLP_ATTR_IDO : 0));
    fabric_set_overheads(fabric, config->pcie.address64, config->pcie.ecrc);
    return tlp_pool_init(&fabric->tlps, (uint32_t)tlps) &&
           request_pool_init(&fabric->requests, REQUESTS_MOST);
}

static size_t most_events(const struct model *model)
{
    const struct config *config = model->config;
    size_t events = model->fabric.tlps.capacity;
    for (uint32_t w = 0; w < config->n_workloads; w++)
        events += (size_t)config->workloads[w].n_targets * (config->workloads[w].depth + 4);
    return events + 4096 + 8 * (size_t)(config->n_hosts + config->n_devices) +
           SWITCH_RING * (size_t)config->n_switches;
}

/* A random order of 0..n-1, or the natural one with seed 0. */
static void make_order(uint32_t *order, uint32_t n, uint64_t seed)
{
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    if (!seed)
        return;
    struct rng rng;
    rng_init(&rng, seed, "build order");
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = (uint32_t)(rng_uniform(&rng) * i);
        uint32_t swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

static void make_nodes(struct model *model, uint64_t order_seed)
{
    const struct config *config = model->config;
    uint32_t n = config->n_hosts + config->n_devices + config->n_switches;
    uint32_t *order = model_take(model, n, sizeof *order);
    make_order(order, n, order_seed);
    for (uint32_t i = 0; i < n; i++)
        if (order[i] >= config->n_hosts + config->n_devices)
            init_switch(model, order[i] - config->n_hosts - config->n_devices);
    /* A direct device connects to its host, which must exist. */
    for (uint32_t i = 0; i < n; i++)
        if (order[i] < config->n_hosts)
            make_host(model, order[i]);
    for (uint32_t i = 0; i < n; i++)
        if (order[i] >= config->n_hosts && order[i] < config->n_hosts + config->n_devices)
            make_device(model, order[i] - config->n_hosts);
    for (uint32_t i = 0; i < n; i++)
        if (order[i] >= config->n_hosts + config->n_devices)
            connect_switch(model, order[i] - config->n_hosts - config->n_devices);
}

bool model_may_lose(const struct config *config)
{
    return config->n_faults || (config->n_moves && config->manager.order != ORDER_CORRECT);
}

/* Longer than anything may wait that goes on in the end: software has patience of its own. */
static uint64_t progress_limit_ps(const struct config *config, bool with_pci)
{
    uint64_t limit_ps = config->run.progress_limit_ps, longest_ps = 0;
    if (!with_pci)
        return limit_ps;
    if (model_may_lose(config))
        return UINT64_MAX;
    for (uint32_t h = 0; h < config->n_hosts; h++) {
        const struct cfg_hotplug *hotplug = &config->hosts[h].hotplug;
        const uint64_t ps = hotplug->button_ps + hotplug->power_off_ps + hotplug->link_ps;
        if (longest_ps < ps)
            longest_ps = ps;
    }
    limit_ps += config->pcie.completion_timeout_ps;
    if (config->n_moves)
        limit_ps += longest_ps + config->manager.drain_limit_ps + config->manager.flr_ps;
    return limit_ps;
}

bool model_build(const struct config *config, bool with_pci, uint64_t order_seed, struct model *out,
                 struct err *err)
{
    memset(out, 0, sizeof *out);
    out->config = config;
    arena_init(&out->arena);
    if (!init_pools(out))
        return err_at(err, NULL, "out of memory for the pools of TLPs and requests");
    uint32_t n_nodes = config->n_hosts + config->n_devices + config->n_switches;
    /* nodes, perhaps faults and the software plane, and traffic, which goes on from what those end
     */
    sim_init(&out->sim, n_nodes + 1 + 2 * with_pci, most_events(out),
             progress_limit_ps(config, with_pci));
    if (!numbering_make(&out->numbering, &out->arena, config, err) ||
        (with_pci && !pci_can_be(config, err))) {
        model_free(out);
        return false;
    }
    out->hosts = model_take(out, config->n_hosts, sizeof *out->hosts);
    out->devices = model_take(out, config->n_devices, sizeof *out->devices);
    out->switches = model_take(out, config->n_switches, sizeof *out->switches);
    out->weights = model_take(out, config->n_switches, sizeof *out->weights);
    out->first_port = model_take(out, config->n_switches, sizeof *out->first_port);
    for (uint32_t s = 0; s < config->n_switches; s++) {
        out->first_port[s] = out->n_switch_ports;
        out->n_switch_ports += tables_switch_ports(config, s);
    }
    out->n_links = 2 * n_nodes;
    out->links = model_take(out, out->n_links, sizeof *out->links);
    if (with_pci)
        pci_make(out);
    make_nodes(out, order_seed);
    if (out->pci)
        pci_make_tables(out);
    else
        tables_fill(out);
    if (!model_make_traffic(out, err)) {
        model_free(out);
        return false;
    }
    sim_add(&out->sim, &out->traffic.component, n_nodes + 2 * with_pci);
    return true;
}

void model_free(struct model *model)
{
    sim_fini(&model->sim);
    tlp_pool_fini(&model->fabric.tlps);
    request_pool_fini(&model->fabric.requests);
    model_free_traffic(model);
    arena_fini(&model->arena);
}

bool model_is_conserved(const struct model *model)
{
    if (model->fabric.tlps.in_use || model->fabric.requests.in_use || model->ops.in_use)
        return false;
    for (uint32_t i = 0; i < model->n_links; i++) {
        const struct model_link *link = &model->links[i];
        if (link->link.fabric && !link_credits_are_home(&link->link, &link->params))
            return false;
    }
    return true;
}
