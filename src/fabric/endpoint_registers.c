/* An MMIO request comes from endpoint.c (on_tlp), goes to the device kind; completions go to
 * port.c. */
#include "fabric/endpoint_registers.h"

#include "fabric/endpoint_config.h"
#include <linux/pci_regs.h>

/* Where @address leads; function n_functions: nowhere. */
static struct endpoint_place place_of(const struct endpoint *ep, uint64_t address)
{
    if (ep->params.config)
        return endpoint_config_decode(ep, address);
    uint64_t offset = address - ep->params.bar_base;
    uint64_t function = offset / ep->params.bar_bytes;
    if (function >= ep->params.n_functions)
        return (struct endpoint_place){.function = ep->params.n_functions};
    return (struct endpoint_place){(uint32_t)function, 0, offset % ep->params.bar_bytes};
}

/* The address is in no function: an Unsupported Request, which the PF reports. */
static void misdirected(struct endpoint *ep)
{
    ep->misdirected++;
    if (ep->params.config)
        endpoint_config_error(ep, ep->params.n_functions - 1, PCI_ERR_UNC_UNSUP);
}

void endpoint_take_write(struct endpoint *ep, uint32_t index)
{
    const struct tlp *tlp = tlp_get(&ep->fabric->tlps, index);
    bool known = place_of(ep, tlp->address).function < ep->params.n_functions;
    if (!known)
        misdirected(ep);
    fabric_end_posted(ep->fabric, index, known ? TLP_SC : TLP_UR);
}

void endpoint_write_register(struct endpoint *ep, uint32_t index)
{
    const struct tlp *tlp = tlp_get(&ep->fabric->tlps, index);
    const struct request *request = request_get(&ep->fabric->requests, tlp->request);
    struct endpoint_place place = place_of(ep, tlp->address);
    bool known = place.function < ep->params.n_functions;
    uint32_t value = request->value;
    bool is_msix = known && ep->params.config && endpoint_config_write_msix(ep, &place, value);
    if (!known)
        misdirected(ep);
    fabric_end_posted(ep->fabric, index, known ? TLP_SC : TLP_UR);
    if (known && !is_msix && place.bar == 0 && ep->params.ops->on_register_write)
        ep->params.ops->on_register_write(ep, (uint16_t)place.function, place.offset, value);
}

/* Makes the TLP, a request, its completion. */
static void complete(struct endpoint *ep, uint32_t index, uint16_t completer,
                     enum tlp_status status)
{
    struct tlp *tlp = tlp_get(&ep->fabric->tlps, index);
    uint64_t address = tlp->address;
    tlp_spend(tlp, PART_MEMORY, ep->fabric->sim->now_ps);
    tlp->kind = status == TLP_SC ? TLP_CPL_DATA : TLP_CPL;
    tlp->attr |= TLP_ATTR_LAST;
    tlp->cpl.completer = completer;
    tlp->cpl.bytes_left = tlp->bytes;
    tlp->cpl.status = (uint8_t)status;
    tlp->cpl.reserved = 0;
    tlp->cpl.lower_address = address & 0x7f;
    port_submit(&ep->port, index);
}

void endpoint_read_register(struct endpoint *ep, uint32_t index)
{
    const struct tlp *tlp = tlp_get(&ep->fabric->tlps, index);
    struct request *request = request_get(&ep->fabric->requests, tlp->request);
    struct endpoint_place place = place_of(ep, tlp->address);
    bool known = place.function < ep->params.n_functions;
    if (!known)
        misdirected(ep);
    request->value = 0; /* of registers that have no model */
    if (known && ep->params.config)
        endpoint_config_read_msix(ep, &place, &request->value);
    complete(ep, index, known ? ep->functions[place.function].rid : 0, known ? TLP_SC : TLP_UR);
}

void endpoint_refuse(struct endpoint *ep, uint32_t index)
{
    misdirected(ep);
    complete(ep, index, 0, TLP_UR);
}
