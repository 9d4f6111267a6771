#include "run/build_traffic.h"

#include "base/check.h"
#include "config/origin.h"
#include "workload/driver_nic.h"
#include "workload/driver_nvme.h"
#include "workload/drivers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- device kinds and their drivers ---- */

static enum device_kind_id kind_of(const struct cfg_device *device)
{
    switch (device->kind) {
    case DEVICE_NULL:
        return DEVICE_KIND_NULL;
    case DEVICE_NIC:
        return DEVICE_KIND_NIC;
    case DEVICE_NVME:
        return DEVICE_KIND_NVME;
    }
    CHECK(false);
}

static struct dev_nic_params nic_params(const struct cfg_nic *nic)
{
    return (struct dev_nic_params){
        .line_bps = nic->line_bps,
        .frame_gap_bytes = nic->frame_gap_bytes,
        .ring_entries = nic->ring_entries,
        .descriptor_bytes = nic->descriptor_bytes,
        .descriptor_batch = nic->descriptor_batch,
        .write_back_batch = nic->write_back_batch,
        .write_back_timeout_ps = nic->write_back_timeout_ps,
        .moderation_ps = nic->moderation_ps,
        .processing_ps = nic->processing_ps,
        .buffer_bytes = nic->buffer_bytes,
    };
}

static struct dev_nvme_params nvme_params(const struct model *model,
                                          const struct cfg_device *device)
{
    const struct cfg_nvme *nvme = &device->nvme;
    return (struct dev_nvme_params){
        .name = device->name,
        .seed = model->config->run.seed,
        .queue_entries = nvme->queue_entries,
        .block_bytes = nvme->block_bytes,
        .page_bytes = nvme->page_bytes,
        .read_ps = &nvme->read_ps,
        .write_ps = &nvme->write_ps,
        .channels = nvme->channels,
        .processing_ps = nvme->processing_ps,
    };
}

void model_make_device_kind(struct model *model, uint32_t d, struct endpoint_params *params)
{
    const struct cfg_device *device = &model->config->devices[d];
    const struct device_kind *kind = &device_kinds[kind_of(device)];
    const struct device_params device_params = {nic_params(&device->nic),
                                                nvme_params(model, device)};
    params->ops = kind->ops;
    size_t bytes = kind->memory_bytes(params->n_functions);
    if (!bytes)
        return;
    params->device = model_take(model, 1, bytes);
    kind->init(params->device, &model->devices[d], params->n_functions, &device_params,
               &model->ops);
}

/* The drivers of all functions of each device that needs them. */
static void **make_drivers(struct model *model)
{
    const struct config *config = model->config;
    void **drivers = model_take(model, config->n_devices, sizeof *drivers);
    for (uint32_t d = 0; d < config->n_devices; d++) {
        const struct driver_kind *kind = &driver_kinds[kind_of(&config->devices[d])];
        if (!kind->memory_bytes)
            continue;
        uint32_t n_functions = model->devices[d].params.n_functions;
        drivers[d] = model_take(model, 1, kind->memory_bytes(n_functions));
        kind->init(drivers[d], &model->devices[d], &model->ops);
    }
    return drivers;
}

static bool is_direct(enum cfg_op op)
{
    return op == OP_DMA_WRITE || op == OP_DMA_READ || op == OP_MMIO_WRITE || op == OP_MMIO_READ;
}

/* ---- offered load
 * ------------------------------------------------------------------------------------------------
 */

/* Wire time in which an operation of @bytes keeps the device's link busy in the direction of its
 * data, ps. */
static double data_time_ps(const struct model *model, const struct cfg_workload *workload,
                           const struct cfg_device *device, double bytes)
{
    const struct fabric *fabric = &model->fabric;
    bool completions = workload->op == OP_DMA_READ || workload->op == OP_MMIO_READ ||
                       workload->op == OP_TRANSMIT || workload->op == OP_WRITE;
    uint32_t overhead = fabric->overhead_bytes[completions ? TLP_CPL_DATA : TLP_MEM_WRITE];
    double tlps = ceil(bytes / fabric->mps_bytes);
    double ticks =
        (bytes + tlps * overhead) * rate_ticks_per_byte(device->link.gen, device->link.lanes);
    return ticks / RATE_TICKS_PER_PS;
}

/* Mean of the same over the workload's sizes. */
static double mean_data_time_ps(const struct model *model, const struct cfg_workload *workload,
                                const struct cfg_device *device)
{
    const struct dist *size = &workload->size_bytes;
    if (size->kind != DIST_DISCRETE)
        return data_time_ps(model, workload, device, size->mean);
    double mean = 0;
    double before = 0;
    for (size_t i = 0; i < size->n; i++) {
        mean +=
            (size->cum[i] - before) * data_time_ps(model, workload, device, (double)size->value[i]);
        before = size->cum[i];
    }
    return mean;
}

static int compare_origins(const void *a, const void *b, void *devices)
{
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    const struct cfg_device *all = devices;
    const int order = strcmp(origin_device(&all[left]), origin_device(&all[right]));
    return order ? order : (left > right) - (left < right);
}

/* For each device the first that stands for the same one as it does. */
static uint32_t *find_origins(struct model *model)
{
    const struct config *config = model->config;
    uint32_t *sorted = model_take(model, config->n_devices, sizeof *sorted);
    uint32_t *origins = model_take(model, config->n_devices, sizeof *origins);
    for (uint32_t d = 0; d < config->n_devices; d++)
        sorted[d] = d;
    qsort_r(sorted, config->n_devices, sizeof *sorted, compare_origins, config->devices);
    for (uint32_t i = 0; i < config->n_devices; i++) {
        const char *name = origin_device(&config->devices[sorted[i]]);
        const bool same = i && !strcmp(name, origin_device(&config->devices[sorted[i - 1]]));
        origins[sorted[i]] = same ? origins[sorted[i - 1]] : sorted[i];
    }
    return origins;
}

/* How many of the workload's functions share each load, counted at the device of model->origins. */
static uint32_t *count_sharers(struct model *model, const struct cfg_workload *workload)
{
    uint32_t *sharers = model_take(model, model->config->n_devices, sizeof *sharers);
    for (uint32_t t = 0; t < workload->n_targets; t++)
        sharers[model->origins[workload->targets[t].device]]++;
    return sharers;
}

/* Arrivals per ps of one function on @device, one of @sharers of a load, as a fraction. */
static void rate_of(const struct model *model, const struct cfg_workload *workload, uint32_t device,
                    uint32_t sharers, uint64_t *out_num, uint64_t *out_den)
{
    const struct cfg_device *d = &model->config->devices[device];
    *out_num = workload->rate;
    switch (workload->rate_kind) {
    case RATE_OPS: /* 10^-3 per 10^12 ps */
        *out_den = 1000000000000000U;
        return;
    case RATE_BPS:
        *out_den = (uint64_t)llround(workload->size_bytes.mean * 8 * 1e12);
        return;
    case RATE_LOAD: /* 10^-6 of the link */
        *out_den = (uint64_t)llround(mean_data_time_ps(model, workload, d) * 1e6 * sharers);
        return;
    }
    CHECK(false);
}

/* ---- flows
 * -------------------------------------------------------------------------------------------------------
 */

static enum arrival_period_law period_law(enum cfg_period kind)
{
    switch (kind) {
    case PERIOD_EXPONENTIAL:
        return ARRIVE_PERIOD_EXPONENTIAL;
    case PERIOD_PARETO:
        return ARRIVE_PERIOD_PARETO;
    case PERIOD_CONSTANT:
        return ARRIVE_PERIOD_CONSTANT;
    }
    CHECK(false);
}

static void init_process(const struct model *model, const struct cfg_workload *workload,
                         uint32_t device, uint32_t sharers, struct arrival_process *out)
{
    struct arrival_period on = {period_law(workload->on_kind), workload->on_ps,
                                workload->pareto_shape_milli, 0};
    struct arrival_period off = {period_law(workload->off_kind), workload->off_ps,
                                 workload->pareto_shape_milli, 0};
    uint64_t num;
    uint64_t den;
    rate_of(model, workload, device, sharers, &num, &den);
    switch (workload->arrival) {
    case ARRIVAL_CONSTANT:
        arrival_process_init(out, ARRIVE_CONSTANT, num, den, NULL, NULL);
        return;
    case ARRIVAL_POISSON:
        arrival_process_init(out, ARRIVE_POISSON, num, den, NULL, NULL);
        return;
    case ARRIVAL_ONOFF:
        arrival_process_init(out, ARRIVE_ONOFF_POISSON, num, den, &on, &off);
        return;
    case ARRIVAL_TRACE:
    case ARRIVAL_CLOSED:
        break;
    }
    CHECK(false);
}

/* A workload's functions: those of the start, then those that moves bring, which have flows only
 * where software can start them. */
static const struct cfg_target *target_of(const struct cfg_workload *workload, uint32_t t)
{
    return t < workload->n_targets ? &workload->targets[t]
                                   : &workload->visits[t - workload->n_targets];
}

static uint32_t count_flows(const struct model *model, const struct cfg_workload *workload)
{
    return workload->n_targets + (model->pci ? workload->n_visits : 0);
}

/* The processes of one workload: one per device that it uses, since a load refers to the device's
 * link. */
static struct arrival_process *make_processes(struct model *model,
                                              const struct cfg_workload *workload)
{
    const struct config *config = model->config;
    struct arrival_process *processes = model_take(model, config->n_devices, sizeof *processes);
    bool *made = model_take(model, config->n_devices, sizeof *made);
    const uint32_t *sharers = count_sharers(model, workload);
    for (uint32_t t = 0; t < workload->n_targets + workload->n_visits; t++) {
        const uint32_t device = target_of(workload, t)->device;
        const uint32_t n = sharers[model->origins[device]];
        if (!made[device])
            init_process(model, workload, device, n ? n : 1, &processes[device]);
        made[device] = true;
    }
    return processes;
}

static traffic_submit_fn *submit_of(enum cfg_op op)
{
    switch (op) {
    case OP_DMA_WRITE:
        return traffic_dma_write;
    case OP_DMA_READ:
        return traffic_dma_read;
    case OP_MMIO_WRITE:
        return traffic_mmio_write;
    case OP_MMIO_READ:
        return traffic_mmio_read;
    case OP_TRANSMIT:
        return driver_nic_transmit;
    case OP_RECEIVE:
        return driver_nic_receive;
    case OP_READ:
        return driver_nvme_read;
    case OP_WRITE:
        return driver_nvme_write;
    }
    CHECK(false);
}

enum { BUFFER_BYTES = 1 << 20 }; /* of each function, in its host's memory */

/* Evenly spaced arrivals of several functions start out of step, each anywhere within its first
 * gap. */
static uint64_t phase_of(const struct cfg_workload *w, const struct arrival_process *process,
                         struct rng *rng)
{
    if (w->arrival != ARRIVAL_CONSTANT || w->n_targets == 1)
        return 0;
    return (uint64_t)(rng_uniform(rng) * (double)process->gap_ps);
}

/* @process is NULL in a closed loop. */
static void make_flow(struct model *model, const struct flow_class *class,
                      const struct cfg_target *target, const struct arrival_process *process,
                      uint32_t workload, uint32_t number)
{
    const struct config *config = model->config;
    const struct cfg_device *device = &config->devices[target->device];
    struct flow *flow = &model->flows[number];
    model->flow_of[number].workload = workload;
    model->flow_of[number].host = target->host;
    flow->class = class;
    flow->rc = &model->hosts[target->host];
    flow->ep = &model->devices[target->device];
    flow->function = (uint16_t)target->vf;
    flow->paused = model->pci != NULL; /* until a driver takes the function */
    flow->bar_address = numbering_address(&model->numbering, config, target->device, target->vf);
    flow->buffer_address = (UINT64_C(1) << 32) + (uint64_t)number * BUFFER_BYTES;
    char name[160];
    snprintf(name, sizeof name, "%s/%s/%s/%u", config->workloads[workload].name,
             origin_host(config, device, target->host), origin_device(device),
             origin_vf(device, target->vf));
    rng_init(&flow->rng, config->run.seed, name);
    if (process)
        arrival_init(&flow->arrival, process,
                     class->start_ps + phase_of(&config->workloads[workload], process, &flow->rng),
                     class->stop_ps);
    if (!flow->paused)
        model_attach(model, number);
}

void model_attach(struct model *model, uint32_t number)
{
    const struct flow *flow = &model->flows[number];
    const uint32_t d = (uint32_t)(flow->ep - model->devices);
    const struct cfg_workload *w = &model->config->workloads[model->flow_of[number].workload];
    if (!is_direct(w->op))
        driver_kinds[kind_of(&model->config->devices[d])].attach(model->drivers[d],
                                                                 &model->flows[number]);
}

void model_detach(struct model *model, uint32_t device, uint16_t function)
{
    if (model->drivers[device])
        driver_kinds[kind_of(&model->config->devices[device])].detach(model->drivers[device],
                                                                      function);
}

static bool make_workload(struct model *model, uint32_t w, uint32_t *number, struct err *err)
{
    const struct cfg_workload *workload = &model->config->workloads[w];
    struct flow_class *class = model_take(model, 1, sizeof *class);
    *class = (struct flow_class){
        .submit = submit_of(workload->op),
        .size_bytes = &workload->size_bytes,
        .closed = workload->arrival == ARRIVAL_CLOSED,
        .depth = workload->depth,
        .think_ps = workload->think_ps,
        .start_ps = workload->start_ps,
        .stop_ps = workload->stop_ps,
        .traffic_class = workload->traffic_class,
    };
    struct arrival_process *replay = NULL;    /* of all functions */
    struct arrival_process *processes = NULL; /* of each device's functions */
    if (workload->arrival == ARRIVAL_TRACE) {
        struct arrival_trace *trace = &model->traces[w];
        if (!arrival_trace_load(trace, workload->trace_path, &workload->trace_mark, err))
            return false;
        replay = model_take(model, 1, sizeof *replay);
        arrival_process_init_trace(replay, trace);
    } else if (!class->closed) {
        processes = make_processes(model, workload);
    }
    for (uint32_t t = 0; t < count_flows(model, workload); t++) {
        const struct cfg_target *target = target_of(workload, t);
        const struct arrival_process *process = processes ? &processes[target->device] : replay;
        make_flow(model, class, target, process, w, (*number)++);
    }
    return true;
}

bool model_make_traffic(struct model *model, struct err *err)
{
    const struct config *config = model->config;
    uint32_t n_flows = 0;
    for (uint32_t w = 0; w < config->n_workloads; w++)
        n_flows += count_flows(model, &config->workloads[w]);
    model->flows = model_take(model, n_flows, sizeof *model->flows);
    model->flow_of = model_take(model, n_flows, sizeof *model->flow_of);
    model->traces = model_take(model, config->n_workloads, sizeof *model->traces);
    model->origins = find_origins(model);
    model->drivers = make_drivers(model);
    traffic_init(&model->traffic, &model->fabric, model->flows, n_flows);
    if (!driver_ops_init(&model->ops, model->fabric.requests.capacity, &model->traffic))
        return err_at(err, NULL, "out of memory for operations");
    uint32_t number = 0;
    for (uint32_t w = 0; w < config->n_workloads; w++)
        if (!make_workload(model, w, &number, err))
            return false;
    return true;
}

void model_free_traffic(struct model *model)
{
    for (uint32_t w = 0; model->traces && w < model->config->n_workloads; w++)
        arrival_trace_fini(&model->traces[w]);
    op_pool_fini(&model->ops);
}
