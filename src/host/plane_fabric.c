#include "host/plane_fabric.h"

#include "base/check.h"

#include <linux/pci_regs.h>
#include <stdlib.h>

enum { RETRY_ID = 0xffff0001, ACCESS_BYTES = 4 };

static enum request_kind kind_of(const struct plane_access *access)
{
    switch (access->kind) {
    case PLANE_CFG_READ:
        return REQUEST_CFG_READ;
    case PLANE_CFG_WRITE:
        return REQUEST_CFG_WRITE;
    case PLANE_MMIO_READ:
        return REQUEST_MMIO_READ;
    case PLANE_MMIO_WRITE:
        return REQUEST_MMIO_WRITE;
    case PLANE_CALL:
    case PLANE_LOCK:
    case PLANE_UNLOCK:
        break;
    }
    CHECK(false);
}

/* Remembers who is meant by its number. */
static void note(struct plane_fabric *pf, struct plane_access *access)
{
    if (access->number >= pf->n_accesses) {
        pf->n_accesses = 2 * access->number + 16;
        pf->accesses = realloc(pf->accesses, pf->n_accesses * sizeof(struct plane_access *));
        CHECK(pf->accesses);
    }
    pf->accesses[access->number] = access;
}

static void issue(void *self, struct plane_access *access)
{
    struct plane_fabric *pf = self;
    struct request_pool *requests = &pf->fabric->requests;
    struct root_complex *rc = &pf->hosts[access->host];
    uint32_t at = request_take(requests);
    struct request *request = request_get(requests, at);
    CHECK(access->bytes <= ACCESS_BYTES);
    request->kind = (uint8_t)kind_of(access);
    request->born_ps = pf->fabric->sim->now_ps;
    request->address = access->address;
    request->bytes = access->bytes;
    request->value = (uint32_t)access->value;
    request->owner = &pf->owner;
    request->context = access->number;
    note(pf, access);
    pf->counts[access->host].issued++;
    if (access->kind == PLANE_CFG_READ || access->kind == PLANE_CFG_WRITE)
        root_complex_config(rc, at);
    else
        root_complex_mmio(rc, at);
}

static void on_done(void *self, uint32_t at, struct request *request)
{
    struct plane_fabric *pf = self;
    struct plane_access *access = pf->accesses[request->context];
    bool shows_retry = request->status == TLP_CRS && access->kind == PLANE_CFG_READ &&
                       (uint16_t)access->address == PCI_VENDOR_ID;
    struct plane_fabric_counts *counts = &pf->counts[access->host];
    counts->timeouts += request->status == TLP_TIMEOUT;
    counts->unsupported += request->status == TLP_UR;
    counts->aborted += request->status == TLP_CA;
    access->failed = request->status != TLP_SC && !shows_retry;
    access->value = shows_retry ? RETRY_ID : request->value;
    uint64_t done_ps = request->done_ps;
    request_give_back(&pf->fabric->requests, at);
    plane_done(pf->plane, access, done_ps);
}

struct plane_io plane_fabric_init(struct plane_fabric *self, struct fabric *fabric,
                                  struct root_complex *hosts, uint32_t n_hosts)
{
    *self = (struct plane_fabric){.fabric = fabric,
                                  .hosts = hosts,
                                  .owner = {on_done, self},
                                  .counts = calloc(n_hosts, sizeof *self->counts)};
    CHECK(self->counts);
    return (struct plane_io){issue, self};
}

void plane_fabric_fini(struct plane_fabric *self)
{
    free(self->accesses);
    free(self->counts);
    self->accesses = NULL;
    self->counts = NULL;
}
