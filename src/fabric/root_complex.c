/* A TLP comes from link.c (on_tlp); completions go to port.c (port_submit). */
#include "fabric/root_complex_cpu.h"

#include "pcie/split.h"

#include <inttypes.h>
#include <string.h>

enum { BIT_PS_PER_BYTE_SECOND = 8 };

/* ---- memory
 * ------------------------------------------------------------------------------------------------------
 */

/* Memory takes a request of @bytes that has arrived; returns when, and is then busy for the time of
 * its bytes. A read that also waits for a slot does not keep memory busy meanwhile: writes behind
 * it may pass. */
static uint64_t take_in(struct root_complex *rc, uint64_t arrived_ps, uint32_t bytes)
{
    uint64_t taken_ps = arrived_ps;
    if (rc->memory_free_ps > arrived_ps)
        taken_ps = rc->memory_free_ps;
    else
        rc->memory_rest = 0;
    rc->memory_free_ps = taken_ps;
    if (rc->params.memory_bps) {
        uint64_t bit_ps =
            (uint64_t)bytes * BIT_PS_PER_BYTE_SECOND * 1000000000000U + rc->memory_rest;
        rc->memory_free_ps += bit_ps / rc->params.memory_bps;
        rc->memory_rest = bit_ps % rc->params.memory_bps;
    }
    return taken_ps;
}

static void sift_down(uint64_t *heap, uint32_t n, uint64_t value)
{
    uint32_t hole = 0;
    for (uint32_t child = 1; child < n; child = 2 * hole + 1) {
        if (child + 1 < n && heap[child + 1] < heap[child])
            child++;
        if (heap[child] >= value)
            break;
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = value;
}

/* When a read slot is free for a request that has arrived: now, or when the earliest busy one ends.
 */
static uint64_t slot_free_ps(const struct root_complex *rc, uint64_t arrived_ps)
{
    if (rc->n_slots < rc->params.outstanding_reads || rc->slots[0] < arrived_ps)
        return arrived_ps;
    return rc->slots[0];
}

/* Occupies that slot until @until_ps. Slots that have ended are reused before the heap grows. */
static void occupy_slot(struct root_complex *rc, uint64_t taken_ps, uint64_t until_ps)
{
    if (rc->n_slots && rc->slots[0] <= taken_ps) {
        sift_down(rc->slots, rc->n_slots, until_ps);
        return;
    }
    CHECK(rc->n_slots < rc->params.outstanding_reads);
    uint32_t hole = rc->n_slots++;
    for (; hole > 0 && rc->slots[(hole - 1) / 2] > until_ps; hole = (hole - 1) / 2)
        rc->slots[hole] = rc->slots[(hole - 1) / 2];
    rc->slots[hole] = until_ps;
}

/* ---- TLPs from the devices
 * --------------------------------------------------------------------------------------- */

static void on_read(struct root_complex *rc, uint32_t index, struct tlp *tlp, uint32_t data_units)
{
    uint64_t free_ps = slot_free_ps(rc, tlp->at_ps);
    uint64_t taken_ps = take_in(rc, tlp->at_ps, tlp->bytes);
    uint64_t transfer_ps = rc->memory_free_ps - taken_ps;
    if (taken_ps < free_ps)
        taken_ps = free_ps;
    uint64_t ready_ps = taken_ps + transfer_ps + dist_sample(rc->params.read_latency_ps, &rc->rng);
    occupy_slot(rc, taken_ps, ready_ps);
    link_credit_return(rc->in, fabric_queue(rc->fabric, tlp), data_units, taken_ps);
    tlp_spend(tlp, PART_MEMORY, ready_ps);
    rc->reads++;
    sim_at(rc->fabric->sim, ready_ps, PHASE_UPDATE, &rc->component, ROOT_COMPLEX_EV_READ_READY,
           index, 0);
}

/* To memory an AtomicOp is a read that returns one operand. */
static void on_atomic(struct root_complex *rc, uint32_t index, struct tlp *tlp, uint32_t data_units)
{
    if (tlp->kind == TLP_COMPARE_SWAP)
        tlp->bytes /= 2;
    tlp->kind = TLP_MEM_READ;
    on_read(rc, index, tlp, data_units);
}

static void on_message(struct root_complex *rc, uint32_t index, const struct tlp *tlp,
                       uint32_t data_units)
{
    link_credit_return(rc->in, fabric_queue(rc->fabric, tlp), data_units, tlp->at_ps);
    rc->messages++;
    if (rc->hooks.on_message)
        rc->hooks.on_message(rc->hooks.self, tlp);
    fabric_end_posted(rc->fabric, index, TLP_SC);
}

static void on_unsupported(struct root_complex *rc, uint32_t index, const struct tlp *tlp,
                           uint32_t data_units)
{
    link_credit_return(rc->in, fabric_queue(rc->fabric, tlp), data_units, tlp->at_ps);
    sim_at(rc->fabric->sim, tlp->at_ps, PHASE_UPDATE, &rc->component, ROOT_COMPLEX_EV_REFUSE, index,
           0);
}

static void on_write(struct root_complex *rc, uint32_t index, struct tlp *tlp, uint32_t data_units)
{
    uint64_t taken_ps = take_in(rc, tlp->at_ps, tlp->bytes);
    link_credit_return(rc->in, fabric_queue(rc->fabric, tlp), data_units, taken_ps);
    if (tlp->attr & TLP_ATTR_MSI) {
        tlp_spend(tlp, PART_MEMORY, taken_ps + rc->params.msi_latency_ps);
        rc->interrupts++;
        sim_at(rc->fabric->sim, tlp->at_ps, PHASE_UPDATE, &rc->component, ROOT_COMPLEX_EV_INTERRUPT,
               index, 0);
        return;
    }
    rc->writes++;
    tlp_spend(tlp, PART_MEMORY, rc->memory_free_ps + rc->params.write_latency_ps);
    fabric_end_posted(rc->fabric, index, TLP_SC);
}

static void on_completion(struct root_complex *rc, uint32_t index, const struct tlp *tlp,
                          uint32_t data_units)
{
    link_credit_return(rc->in, fabric_queue(rc->fabric, tlp), data_units, tlp->at_ps);
    sim_at(rc->fabric->sim, tlp->at_ps, PHASE_UPDATE, &rc->component, ROOT_COMPLEX_EV_COMPLETION,
           index, 0);
}

static void on_tlp(void *self, uint32_t number, uint32_t index, uint32_t payload, uint64_t begin_ps,
                   uint64_t end_ps)
{
    (void)number, (void)begin_ps;
    struct root_complex *rc = self;
    struct tlp *tlp = tlp_get(&rc->fabric->tlps, index);
    uint32_t data_units = credit_data_units(payload);
    tlp_spend(tlp, PART_SERIALISE, end_ps);
    trace_emit(&rc->fabric->sim->trace, TR_DELIVERED, rc->component.id, 0, end_ps, tlp);
    switch ((enum tlp_kind)tlp->kind) {
    case TLP_MEM_READ:
        on_read(rc, index, tlp, data_units);
        return;
    case TLP_MEM_WRITE:
        on_write(rc, index, tlp, data_units);
        return;
    case TLP_CPL:
    case TLP_CPL_DATA:
        on_completion(rc, index, tlp, data_units);
        return;
    case TLP_FETCH_ADD:
    case TLP_SWAP:
    case TLP_COMPARE_SWAP:
        on_atomic(rc, index, tlp, data_units);
        return;
    case TLP_MSG:
    case TLP_MSG_DATA:
        on_message(rc, index, tlp, data_units);
        return;
    case TLP_CFG_READ:
    case TLP_CFG_WRITE:
    case TLP_IO_READ:
    case TLP_IO_WRITE:
        on_unsupported(rc, index, tlp, data_units);
        return;
    case TLP_KINDS:
        break;
    }
    CHECK(false);
}

/* Memory has the data of the read in @index: completions cut at the RCB and MPS. */
static void return_data(struct root_complex *rc, uint32_t index)
{
    struct fabric *fabric = rc->fabric;
    const struct tlp read = *tlp_get(&fabric->tlps, index);
    uint64_t address = read.address;
    uint32_t left = read.bytes;
    tlp_give_back(&fabric->tlps, index);
    while (left) {
        uint32_t bytes = split_completion(address, left, fabric->mps_bytes, fabric->rcb_bytes);
        uint32_t at = tlp_take(&fabric->tlps);
        struct tlp *tlp = tlp_get(&fabric->tlps, at);
        *tlp = read;
        tlp->kind = TLP_CPL_DATA;
        tlp->bytes = (uint16_t)bytes;
        tlp->cpl.completer = 0; /* the root complex is 00:00.0 of its domain */
        tlp->cpl.bytes_left = (uint16_t)left;
        tlp->cpl.status = TLP_SC;
        tlp->cpl.reserved = 0;
        tlp->cpl.lower_address = address & 0x7f;
        left -= bytes;
        address += bytes;
        if (!left)
            tlp->attr |= TLP_ATTR_LAST;
        port_submit(&rc->port, at);
    }
}

/* A request that a host does not take is answered as unsupported. */
static void refuse(struct root_complex *rc, uint32_t index)
{
    struct tlp *tlp = tlp_get(&rc->fabric->tlps, index);
    uint16_t lower = tlp->address & 0x7f;
    tlp->kind = TLP_CPL;
    tlp->attr |= TLP_ATTR_LAST;
    tlp->cpl.completer = 0;
    tlp->cpl.bytes_left = tlp->bytes;
    tlp->cpl.status = TLP_UR;
    tlp->cpl.reserved = 0;
    tlp->cpl.lower_address = lower;
    rc->unsupported++;
    port_submit(&rc->port, index);
}

static void handle(struct component *self, struct sim *sim, const struct event *event)
{
    (void)sim;
    struct root_complex *rc = (struct root_complex *)self;
    switch (event->kind) {
    case ROOT_COMPLEX_EV_PORT:
        port_pump(&rc->port);
        return;
    case ROOT_COMPLEX_EV_READ_READY:
        return_data(rc, event->a);
        return;
    case ROOT_COMPLEX_EV_INTERRUPT:
        fabric_end_posted(rc->fabric, event->a, TLP_SC);
        return;
    case ROOT_COMPLEX_EV_REFUSE:
        refuse(rc, event->a);
        return;
    default:
        root_complex_cpu_on_event(rc, event);
    }
}

static void report(const struct component *self, FILE *out)
{
    const struct root_complex *rc = (const struct root_complex *)self;
    port_report(&rc->port, self->name, out);
    if (rc->mmio_head)
        fprintf(out, "%s: the CPU's requests wait; %" PRIu32 " are in flight\n", self->name,
                rc->mmio_reads);
}

void root_complex_init(struct root_complex *rc, struct fabric *fabric,
                       const struct root_complex_params *params, uint64_t seed, uint64_t *slots)
{
    CHECK(params->mmio_outstanding <= ROOT_COMPLEX_TAGS);
    memset(rc, 0, sizeof *rc);
    rc->component = (struct component){.name = params->name, .handle = handle, .report = report};
    rc->fabric = fabric;
    rc->params = *params;
    rc->slots = slots;
    rng_init(&rc->rng, seed, params->name);
}

void root_complex_connect(struct root_complex *rc, struct link *in, struct link *out)
{
    rc->in = in;
    in->receiver = (struct link_receiver){on_tlp, rc, 0};
    port_init(&rc->port, rc->fabric, out, &rc->component, ROOT_COMPLEX_EV_PORT);
}
