/* A configuration request comes from endpoint.c, its completion goes to port.c. */
#include "fabric/endpoint_config.h"

#include "pcie/cap_aer.h"
#include "pcie/cap_express.h"
#include "pcie/tlp_header.h"
#include <linux/pci_regs.h>
#include <string.h>

static uint64_t now_of(const struct endpoint *ep)
{
    return ep->fabric->sim->now_ps;
}

static bool is_pf(const struct endpoint_config *config, uint32_t f)
{
    return f == config->n_vfs;
}

struct cfgspace *endpoint_config_space(const struct endpoint *ep, uint32_t f)
{
    struct endpoint_config *config = ep->params.config;
    return is_pf(config, f) ? &config->pf.space : &config->vfs[f];
}

/* The function that a target in the tree is; n_functions: none. */
static uint32_t function_of(const struct endpoint *ep, const struct hierarchy_target *target)
{
    if (target->hit != HIERARCHY_LOCAL)
        return ep->params.n_functions;
    return target->vf == HIERARCHY_PF ? ep->params.config->n_vfs : (uint32_t)target->vf;
}

void endpoint_config_update_rids(struct endpoint *ep)
{
    const struct endpoint_config *config = ep->params.config;
    for (uint32_t vf = 0; vf < config->n_vfs; vf++)
        ep->functions[vf].rid = hierarchy_rid(&config->tree, 0, (int32_t)vf);
    ep->functions[config->n_vfs].rid = hierarchy_rid(&config->tree, 0, HIERARCHY_PF);
}

/* ---- resets
 * -----------------------------------------------------------------------------------------------
 */

static void reset_function(struct endpoint *ep, uint32_t f, enum cfgspace_reset_kind kind,
                           uint64_t ready_ps)
{
    struct endpoint_config_function *function = &ep->params.config->functions[f];
    struct cfgspace *space = endpoint_config_space(ep, f);
    endpoint_abort(ep, (uint16_t)f);
    cfgspace_reset(space, kind);
    function->ready_ps = ready_ps;
    for (uint32_t v = 0; v < endpoint_config_vectors(space); v++)
        function->msix[v] = (struct endpoint_msix_entry){.control = PCI_MSIX_ENTRY_CTRL_MASKBIT};
}

static void reset_vfs(struct endpoint *ep, enum cfgspace_reset_kind kind, uint64_t ready_ps)
{
    for (uint32_t vf = 0; vf < ep->params.config->n_vfs; vf++)
        reset_function(ep, vf, kind, ready_ps);
}

void endpoint_config_reset(struct endpoint *ep, uint32_t f)
{
    uint64_t ready_ps = now_of(ep) + ep->params.config->params.flr_ps;
    if (is_pf(ep->params.config, f))
        reset_vfs(ep, CFGSPACE_RESET_COLD, ready_ps);
    reset_function(ep, f, CFGSPACE_RESET_FLR, ready_ps);
    endpoint_config_update_rids(ep);
}

void endpoint_config_hot_reset(struct endpoint *ep)
{
    reset_vfs(ep, CFGSPACE_RESET_COLD, now_of(ep));
    reset_function(ep, ep->params.config->n_vfs, CFGSPACE_RESET_HOT, now_of(ep));
    ep->params.config->pf.captured_bus = 0;
    endpoint_config_update_rids(ep);
}

/* ---- requests
 * -----------------------------------------------------------------------------------------------
 */

static void act(struct endpoint *ep, uint32_t f, unsigned effects)
{
    const struct endpoint_config_params *params = &ep->params.config->params;
    if (effects & CFGSPACE_FLR)
        endpoint_config_reset(ep, f);
    if (effects & CFGSPACE_VF_ENABLE)
        reset_vfs(ep, CFGSPACE_RESET_COLD, now_of(ep) + params->vf_ready_ps);
    if (effects & CFGSPACE_COMMAND)
        endpoint_pump(ep); /* it may be a bus master now */
}

enum tlp_status endpoint_config_access(struct endpoint *ep, const struct cfg_request *access,
                                       uint32_t *value)
{
    struct endpoint_config *config = ep->params.config;
    uint8_t bus = (uint8_t)(access->target >> 8);
    struct hierarchy_target target =
        hierarchy_route(&config->tree, access->type, bus, (uint8_t)access->target);
    uint32_t f = function_of(ep, &target);
    if (f == ep->params.n_functions)
        return TLP_UR;
    if (now_of(ep) < config->functions[f].ready_ps)
        return TLP_CRS;
    if (access->is_read) {
        *value = cfgspace_read_sized(endpoint_config_space(ep, f), access->offset, access->bytes);
        return TLP_SC;
    }
    act(ep, f, hierarchy_write(&config->tree, &target, bus, access->offset, access->bytes, *value));
    endpoint_config_update_rids(ep);
    return TLP_SC;
}

/* The status of the request's completion; its data go into the request. */
static enum tlp_status serve(struct endpoint *ep, const struct tlp *tlp, struct request *request)
{
    const struct cfg_request access = {.target = tlp->cfg.target,
                                       .offset = tlp->cfg.offset,
                                       .type = tlp->cfg.type,
                                       .bytes = (uint8_t)tlp->bytes,
                                       .is_read = tlp->kind == TLP_CFG_READ};
    return endpoint_config_access(ep, &access, &request->value);
}

void endpoint_config_answer(struct endpoint *ep, uint32_t index)
{
    struct tlp *tlp = tlp_get(&ep->fabric->tlps, index);
    struct request *request = request_get(&ep->fabric->requests, tlp->request);
    uint16_t target = tlp->cfg.target;
    bool is_read = tlp->kind == TLP_CFG_READ;
    enum tlp_status status = ep->params.config ? serve(ep, tlp, request) : TLP_UR;
    tlp_spend(tlp, PART_MEMORY, now_of(ep));
    tlp->kind = is_read && status == TLP_SC ? TLP_CPL_DATA : TLP_CPL;
    tlp->attr |= TLP_ATTR_LAST;
    tlp->cpl.lower_address = 0;
    tlp->cpl.completer = target;
    tlp->cpl.bytes_left = 4; /* 2.2.9: of all but memory reads */
    tlp->cpl.status = (uint8_t)status;
    tlp->cpl.reserved = 0;
    port_submit(&ep->port, index);
}

/* ---- memory
 * -----------------------------------------------------------------------------------------------
 */

struct endpoint_place endpoint_config_decode(const struct endpoint *ep, uint64_t address)
{
    struct hierarchy_target target =
        hierarchy_route_address(&ep->params.config->tree, HIERARCHY_MEMORY, address);
    return (struct endpoint_place){function_of(ep, &target), target.bar, target.offset};
}

/* ---- MSI-X
 * -----------------------------------------------------------------------------------------------
 */

uint32_t endpoint_config_vectors(const struct cfgspace *space)
{
    uint16_t msix = space->layout->msix;
    return msix ? (cfgspace_get16(space, msix + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) + 1U : 0;
}

/* The dword of the table that the place is; NULL: it is not in the table. */
static uint32_t *msix_dword(const struct endpoint *ep, const struct endpoint_place *place)
{
    const struct cfgspace *space = endpoint_config_space(ep, place->function);
    uint16_t msix = space->layout->msix;
    if (!msix)
        return NULL;
    uint32_t table = cfgspace_get32(space, msix + PCI_MSIX_TABLE);
    uint64_t at = place->offset - (table & PCI_MSIX_TABLE_OFFSET);
    uint64_t bytes = (uint64_t)endpoint_config_vectors(space) * PCI_MSIX_ENTRY_SIZE;
    if (place->bar != (table & PCI_MSIX_TABLE_BIR) || at >= bytes)
        return NULL;
    return (uint32_t *)ep->params.config->functions[place->function].msix + at / 4;
}

bool endpoint_config_write_msix(const struct endpoint *ep, const struct endpoint_place *place,
                                uint32_t value)
{
    uint32_t *dword = msix_dword(ep, place);
    if (dword)
        *dword = value;
    return dword != NULL;
}

bool endpoint_config_read_msix(const struct endpoint *ep, const struct endpoint_place *place,
                               uint32_t *out_value)
{
    const uint32_t *dword = msix_dword(ep, place);
    if (dword)
        *out_value = *dword;
    return dword != NULL;
}

bool endpoint_config_interrupt(const struct endpoint *ep, uint32_t f, uint64_t *out_address)
{
    const struct endpoint_config_function *function = &ep->params.config->functions[f];
    const struct cfgspace *space = endpoint_config_space(ep, f);
    uint16_t msix = space->layout->msix;
    if (!msix)
        return false;
    uint16_t flags = cfgspace_get16(space, msix + PCI_MSIX_FLAGS);
    if (!(flags & PCI_MSIX_FLAGS_ENABLE) || flags & PCI_MSIX_FLAGS_MASKALL ||
        function->msix[0].control & PCI_MSIX_ENTRY_CTRL_MASKBIT)
        return false;
    *out_address = function->msix[0].address;
    return true;
}

bool endpoint_config_is_master(const struct endpoint *ep, uint32_t f)
{
    return cfgspace_bus_master(endpoint_config_space(ep, f));
}

/* ---- errors
 * -----------------------------------------------------------------------------------------------
 */

static void on_message_sent(void *self, uint32_t at, struct request *request)
{
    (void)request;
    struct endpoint *ep = self;
    request_give_back(&ep->fabric->requests, at);
}

static void send_message(struct endpoint *ep, uint32_t f, enum tlp_message code)
{
    struct fabric *fabric = ep->fabric;
    uint32_t at = request_take(&fabric->requests);
    struct request *request = request_get(&fabric->requests, at);
    ep->params.config->message_owner = (struct request_owner){on_message_sent, ep};
    request->kind = REQUEST_MESSAGE;
    request->function = (uint16_t)f;
    request->owner = &ep->params.config->message_owner;
    request->born_ps = request->issued_ps = now_of(ep);
    uint32_t index = tlp_take(&fabric->tlps);
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    tlp_account_begin(tlp, now_of(ep));
    tlp->address = 0;
    tlp->msg.code = (uint8_t)code;
    tlp->msg.routing = MSG_TO_ROOT;
    tlp->requester = ep->functions[f].rid;
    tlp->request = at;
    tlp->tag = 0;
    tlp->bytes = 0;
    tlp->kind = TLP_MSG;
    tlp->attr = 0;
    port_submit(&ep->port, index);
}

void endpoint_config_error(struct endpoint *ep, uint32_t f, uint32_t status)
{
    struct cfgspace *space = endpoint_config_space(ep, f);
    const struct cfgspace *pf = endpoint_config_space(ep, ep->params.config->n_vfs);
    enum cap_aer_message message = CAP_AER_NONFATAL;
    if (space->layout->aer && pf->layout->aer)
        message = cap_aer_log_uncorrectable(space, pf, status, NULL);
    bool fatal = message == CAP_AER_FATAL;
    cap_express_set_errors(space,
                           (uint16_t)((fatal ? PCI_EXP_DEVSTA_FED : PCI_EXP_DEVSTA_NFED) |
                                      (status == PCI_ERR_UNC_UNSUP ? PCI_EXP_DEVSTA_URD : 0)));
    /* A VF has no enables of its own, its PF's apply (SR-IOV 3.5.4). */
    uint16_t control = cfgspace_get16(pf, pf->layout->express + PCI_EXP_DEVCTL);
    uint16_t wanted = fatal ? PCI_EXP_DEVCTL_FERE : PCI_EXP_DEVCTL_NFERE;
    bool reports_unsupported = status != PCI_ERR_UNC_UNSUP || control & PCI_EXP_DEVCTL_URRE;
    if (message != CAP_AER_NONE && control & wanted && reports_unsupported)
        send_message(ep, f, fatal ? MESSAGE_ERR_FATAL : MESSAGE_ERR_NONFATAL);
}

/* ---- life cycle
 * -----------------------------------------------------------------------------------------------
 */

static size_t round_up(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

static uint32_t layout_vectors(const struct cfgspace_layout *layout)
{
    const struct cfgspace reset = {layout, layout->reset};
    return endpoint_config_vectors(&reset);
}

static size_t function_bytes(const struct cfgspace_layout *layout)
{
    return round_up(layout->bytes +
                    (size_t)layout_vectors(layout) * sizeof(struct endpoint_msix_entry));
}

size_t endpoint_config_memory_bytes(const struct endpoint_config_params *params,
                                    uint32_t n_functions)
{
    size_t vfs = n_functions - 1;
    return round_up(sizeof(struct endpoint_config)) +
           round_up(n_functions * sizeof(struct endpoint_config_function)) +
           round_up(vfs * sizeof(struct cfgspace)) + function_bytes(params->pf) +
           (vfs ? vfs * function_bytes(params->vf) : 0);
}

struct endpoint_config *endpoint_config_init(void *memory,
                                             const struct endpoint_config_params *params,
                                             uint32_t n_functions)
{
    struct endpoint_config *config = memory;
    char *at = (char *)memory + round_up(sizeof *config);
    CHECK(n_functions > 0 && (n_functions == 1 || (params->vf && params->pf->sriov)));
    config->params = *params;
    config->n_vfs = n_functions - 1;
    config->functions = (void *)at;
    at += round_up(n_functions * sizeof(struct endpoint_config_function));
    config->vfs = (void *)at;
    at += round_up(config->n_vfs * sizeof(struct cfgspace));
    hierarchy_init(&config->tree, &config->pf, 1, HIERARCHY_LINK);
    for (uint32_t f = 0; f < n_functions; f++) {
        const struct cfgspace_layout *layout = is_pf(config, f) ? params->pf : params->vf;
        uint32_t vectors = layout_vectors(layout);
        /* The table first, which is aligned. */
        config->functions[f].msix = (void *)at;
        for (uint32_t v = 0; v < vectors; v++)
            config->functions[f].msix[v].control = PCI_MSIX_ENTRY_CTRL_MASKBIT;
        uint8_t *value = (uint8_t *)at + vectors * sizeof(struct endpoint_msix_entry);
        at += function_bytes(layout);
        if (is_pf(config, f))
            hierarchy_add(&config->tree, HIERARCHY_TOP, 0, layout, value);
        else
            cfgspace_init(&config->vfs[f], layout, value);
    }
    if (config->n_vfs)
        hierarchy_set_vfs(&config->tree, 0, config->vfs, (uint16_t)config->n_vfs);
    return config;
}
