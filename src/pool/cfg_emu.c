#include "pool/cfg_emu.h"

#include "base/check.h"
#include "pcie/cap_sriov.h"

#include <linux/pci_regs.h>
#include <string.h>

enum {
    DW_COMMAND = PCI_COMMAND / 4,
    DW_HEADER_TYPE = PCI_CACHE_LINE_SIZE / 4,
    DW_BAR = PCI_BASE_ADDRESS_0 / 4,
    DW_INTERRUPT = PCI_INTERRUPT_LINE / 4,
    MULTIFUNCTION_SHIFT = 23 /* PCI_HEADER_TYPE bit 7 in its dword */
};

static uint32_t get32(const uint8_t *bytes, unsigned offset)
{
    return (uint32_t)bytes[offset] | (uint32_t)bytes[offset + 1] << 8 |
           (uint32_t)bytes[offset + 2] << 16 | (uint32_t)bytes[offset + 3] << 24;
}

static uint32_t spread(uint8_t byte_enables)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < 4; i++)
        if (byte_enables >> i & 1)
            mask |= 0xffU << 8 * i;
    return mask;
}

/* ---- model ---- */

static void model_bars(struct cfg_emu_model *model, const struct cfgspace *pf)
{
    for (unsigned n = 0; n < CFGSPACE_BARS; n++) {
        const uint64_t range_bytes = cap_sriov_vf_bar_bytes(pf, n);
        struct cfgspace_bar_spec spec = pf->layout->vf_bar[n];

        if (!range_bytes)
            continue;
        /* A VF's range is a page at least. */
        spec.log2_bytes = (uint8_t)__builtin_ctzll(range_bytes);
        model->bar[n] = spec;
        model->reset[DW_BAR + n] = (spec.is_64 ? PCI_BASE_ADDRESS_MEM_TYPE_64 : 0U) |
                                   (spec.prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0U);
        model->write_mask[DW_BAR + n] = (uint32_t)-range_bytes & ~0xfU;
        if (spec.is_64)
            model->write_mask[DW_BAR + n + 1] = (uint32_t)(-range_bytes >> 32);
    }
}

/* Finds the extended capability before ARI's and what its header says without it. ARI itself at
 * 0x100, where the list begins, leaves a null capability there that leads on. */
static void hide_ari(struct cfg_emu_model *model)
{
    const struct cfgspace_layout *vf = model->vf;
    const uint32_t after = get32(vf->reset, vf->ari) & 0xfff00000;
    unsigned at = PCI_CFG_SPACE_SIZE;

    model->hidden_ari = vf->ari;
    if (vf->ari == PCI_CFG_SPACE_SIZE) {
        model->relinked = vf->ari;
        model->relinked_header = after;
        return;
    }
    while (PCI_EXT_CAP_NEXT(get32(vf->reset, at)) != vf->ari) {
        const unsigned next = PCI_EXT_CAP_NEXT(get32(vf->reset, at));

        CHECK(next > at && next < vf->bytes);
        at = next;
    }
    model->relinked = (uint16_t)at;
    model->relinked_header = (get32(vf->reset, at) & 0x000fffff) | after;
}

void cfg_emu_model_init(struct cfg_emu_model *model, const struct cfgspace *pf,
                        const struct cfgspace_layout *vf, bool ari)
{
    const unsigned sriov = pf->layout->sriov;

    CHECK(sriov && vf->bytes >= 4 * CFG_EMU_HEADER_DWS && vf->bytes <= CFGSPACE_BYTES);
    *model = (struct cfg_emu_model){.vf = vf};
    for (unsigned dw = 0; dw < CFG_EMU_HEADER_DWS; dw++)
        model->reset[dw] = get32(vf->reset, 4 * dw);
    model->reset[PCI_VENDOR_ID / 4] = (uint32_t)cfgspace_get16(pf, PCI_VENDOR_ID) |
                                      (uint32_t)cfgspace_get16(pf, sriov + PCI_SRIOV_VF_DID) << 16;
    model->reset[DW_COMMAND] = 0;
    /* A VF has no memory enable and the like of its own (SR-IOV 3.4.1.3); what a whole function of
     * this device has beside that is the PF's. */
    model->write_mask[DW_COMMAND] =
        get32(pf->layout->write_mask, PCI_COMMAND) & ~get32(vf->write_mask, PCI_COMMAND) & 0xffff;
    /* Registers for software's own use; they do nothing. */
    model->write_mask[DW_HEADER_TYPE] = get32(pf->layout->write_mask, PCI_CACHE_LINE_SIZE) & 0xff;
    model->write_mask[DW_INTERRUPT] = get32(pf->layout->write_mask, PCI_INTERRUPT_LINE) & 0xff;
    model_bars(model, pf);
    if (!vf->ari)
        return;
    if (ari)
        model->ari = vf->ari;
    else
        hide_ari(model);
}

/* ---- a slot's functions ---- */

bool cfg_emu_slot_holds(uint32_t n, bool ari)
{
    return n <= (ari ? CFG_EMU_ARI_FUNCTIONS : CFG_EMU_SLOT_FUNCTIONS);
}

void cfg_emu_load(struct cfg_emu *emu, const struct cfg_emu_model *model)
{
    *emu = (struct cfg_emu){.model = model, .ready = true};
    memcpy(emu->header, model->reset, sizeof emu->header);
}

void cfg_emu_unload(struct cfg_emu *emu)
{
    *emu = (struct cfg_emu){0};
}

void cfg_emu_link(struct cfg_emu *functions, uint32_t n)
{
    uint32_t next = 0, present = 0;

    CHECK(n <= CFG_EMU_ARI_FUNCTIONS);
    for (uint32_t i = n; i-- > 0;) {
        if (!functions[i].model)
            continue;
        functions[i].next_function = (uint8_t)next;
        next = i;
        present++;
    }
    if (n && functions[0].model) {
        uint32_t *dw = functions->header + DW_HEADER_TYPE;

        *dw = (*dw & ~(1U << MULTIFUNCTION_SHIFT)) | (uint32_t)(present > 1) << MULTIFUNCTION_SHIFT;
    }
}

void cfg_emu_reset(struct cfg_emu *emu)
{
    CHECK(emu->model);
    const uint32_t multifunction = emu->header[DW_HEADER_TYPE] & 1U << MULTIFUNCTION_SHIFT;

    memcpy(emu->header, emu->model->reset, sizeof emu->header);
    emu->header[DW_HEADER_TYPE] |= multifunction;
    emu->ready = false;
}

/* ---- requests ---- */

static struct cfg_emu_row header_row(const struct cfg_emu *emu, uint16_t dw)
{
    return (struct cfg_emu_row){
        .data = emu->header[dw],
        .write_mask = emu->model->write_mask[dw],
        .pass = dw == DW_COMMAND, /* bus master and status are the VF's own */
    };
}

struct cfg_emu_row cfg_emu_row(const struct cfg_emu *emu, uint16_t dw)
{
    const struct cfg_emu_model *model = emu->model;
    const unsigned offset = 4U * dw;

    CHECK(model && dw < CFG_EMU_DWS);
    const struct cfgspace_layout *vf = model->vf;

    if (dw < CFG_EMU_HEADER_DWS)
        return header_row(emu, dw);
    if (offset >= vf->bytes)
        return (struct cfg_emu_row){0};
    if (model->relinked && offset == model->relinked)
        return (struct cfg_emu_row){.data = model->relinked_header};
    if (model->hidden_ari && (offset == model->hidden_ari || offset == model->hidden_ari + 4U))
        return (struct cfg_emu_row){0};
    if (model->ari && offset == model->ari + 4U)
        return (struct cfg_emu_row){.data = (get32(vf->reset, offset) & 0xffff00ff) |
                                            (uint32_t)emu->next_function << 8};
    if (vf->kind[dw] != CFGSPACE_KIND_PLAIN ||
        (get32(vf->write_mask, offset) | get32(vf->w1c_mask, offset)) != 0)
        return (struct cfg_emu_row){.pass = true};
    return (struct cfg_emu_row){.data = get32(vf->reset, offset)};
}

/* Absent or not ready. */
static bool refuses(const struct cfg_emu *emu, struct cfg_emu_decision *out)
{
    if (emu->model && emu->ready)
        return false;
    *out = (struct cfg_emu_decision){.outcome = emu->model ? CFG_EMU_CRS : CFG_EMU_UR};
    return true;
}

struct cfg_emu_decision cfg_emu_read(const struct cfg_emu *emu, uint16_t dw)
{
    struct cfg_emu_decision refused;

    if (refuses(emu, &refused))
        return refused;
    const struct cfg_emu_row row = cfg_emu_row(emu, dw);
    const uint32_t mask = row.write_mask | row.w1c_mask;

    if (!row.pass)
        return (struct cfg_emu_decision){.outcome = CFG_EMU_ANSWER, .data = row.data};
    if (!mask)
        return (struct cfg_emu_decision){.outcome = CFG_EMU_PASS};
    return (struct cfg_emu_decision){CFG_EMU_MIXED, row.data & mask, mask};
}

struct cfg_emu_decision cfg_emu_write(const struct cfg_emu *emu, uint16_t dw, uint8_t byte_enables)
{
    struct cfg_emu_decision refused;

    if (refuses(emu, &refused))
        return refused;
    const struct cfg_emu_row row = cfg_emu_row(emu, dw);

    if (!row.pass)
        return (struct cfg_emu_decision){.outcome = CFG_EMU_ANSWER};
    const bool touches = (row.write_mask | row.w1c_mask) & spread(byte_enables);
    return (struct cfg_emu_decision){.outcome = touches ? CFG_EMU_MIXED : CFG_EMU_PASS};
}

uint32_t cfg_emu_merge(const struct cfg_emu *emu, uint16_t dw, uint32_t from_vf)
{
    const struct cfg_emu_row row = cfg_emu_row(emu, dw);
    const uint32_t mask = row.write_mask | row.w1c_mask;

    return (from_vf & ~mask) | (row.data & mask);
}

unsigned cfg_emu_apply(struct cfg_emu *emu, uint16_t dw, uint32_t value, uint8_t byte_enables)
{
    const struct cfg_emu_row row = cfg_emu_row(emu, dw);
    const uint32_t enabled = spread(byte_enables);
    const unsigned express = emu->model->vf->express;

    if (express && 4U * dw == express + PCI_EXP_DEVCTL)
        return (value & enabled & PCI_EXP_DEVCTL_BCR_FLR) ? CFG_EMU_FLR : 0;
    if (dw >= CFG_EMU_HEADER_DWS)
        return 0;
    const uint32_t writable = row.write_mask & enabled;
    const uint32_t data =
        ((row.data & ~writable) | (value & writable)) & ~(value & row.w1c_mask & enabled);
    const uint32_t changed = data ^ row.data;

    emu->header[dw] = data;
    if (dw == DW_COMMAND)
        return (changed & PCI_COMMAND_MEMORY) ? CFG_EMU_RANGES : 0;
    return changed && dw >= DW_BAR && dw < DW_BAR + CFGSPACE_BARS ? CFG_EMU_RANGES : 0;
}

/* ---- views ---- */

uint16_t cfg_emu_dws(const struct cfg_emu *emu)
{
    uint16_t n = emu->model->vf->bytes / 4;

    while (n > CFG_EMU_HEADER_DWS) {
        const struct cfg_emu_row row = cfg_emu_row(emu, (uint16_t)(n - 1));

        if (row.pass || (row.data | row.write_mask | row.w1c_mask) != 0)
            break;
        n--;
    }
    return n;
}

bool cfg_emu_memory_enabled(const struct cfg_emu *emu)
{
    return emu->model && (emu->header[DW_COMMAND] & PCI_COMMAND_MEMORY);
}

bool cfg_emu_range(const struct cfg_emu *emu, unsigned n, struct addr_entry *out)
{
    CHECK(n < CFGSPACE_BARS);
    if (!cfg_emu_memory_enabled(emu) || !emu->model->bar[n].log2_bytes)
        return false;
    const struct cfgspace_bar_spec *spec = &emu->model->bar[n];
    uint64_t base = emu->header[DW_BAR + n] & (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;

    if (spec->is_64)
        base |= (uint64_t)emu->header[DW_BAR + n + 1] << 32;
    if (base == 0)
        return false;
    *out = (struct addr_entry){.user_base = base, .log2_bytes = spec->log2_bytes};
    return true;
}

enum addr_map_result cfg_emu_map(const struct cfg_emu *emu, struct addr_map *map,
                                 uint32_t first_entry, const uint64_t owner_base[CFGSPACE_BARS],
                                 uint16_t port, uint32_t function)
{
    enum addr_map_result first_refusal = ADDR_MAP_OK;
    struct addr_entry entry;

    for (unsigned n = 0; n < CFGSPACE_BARS; n++)
        addr_map_invalidate(map, first_entry + n);
    for (unsigned n = 0; n < CFGSPACE_BARS; n++) {
        if (!cfg_emu_range(emu, n, &entry))
            continue;
        entry.owner_base = owner_base[n];
        entry.port = port;
        entry.function = function;
        const enum addr_map_result result = addr_map_write(map, first_entry + n, &entry);

        if (first_refusal == ADDR_MAP_OK)
            first_refusal = result;
    }
    return first_refusal;
}

void cfg_emu_pack(uint16_t host_port, uint16_t function, uint16_t dw, const struct cfg_emu_row *row,
                  struct pool_entry *out)
{
    *out = (struct pool_entry){0};
    POOL_SET(out, CFG_SHADOW, KEY_PORT, host_port);
    POOL_SET(out, CFG_SHADOW, KEY_FUNCTION, function);
    POOL_SET(out, CFG_SHADOW, KEY_DW, dw);
    POOL_SET(out, CFG_SHADOW, DATA, row->data);
    POOL_SET(out, CFG_SHADOW, WRITE_MASK, row->write_mask);
    POOL_SET(out, CFG_SHADOW, W1C_MASK, row->w1c_mask);
    POOL_SET(out, CFG_SHADOW, PASS, row->pass);
    POOL_SET(out, CFG_SHADOW, VALID, 1);
}

bool cfg_emu_unpack(const struct pool_entry *entry, uint16_t *out_host_port, uint16_t *out_function,
                    uint16_t *out_dw, struct cfg_emu_row *out)
{
    if (!POOL_GET(entry, CFG_SHADOW, VALID))
        return false;
    *out_host_port = (uint16_t)POOL_GET(entry, CFG_SHADOW, KEY_PORT);
    *out_function = (uint16_t)POOL_GET(entry, CFG_SHADOW, KEY_FUNCTION);
    *out_dw = (uint16_t)POOL_GET(entry, CFG_SHADOW, KEY_DW);
    *out = (struct cfg_emu_row){
        .data = (uint32_t)POOL_GET(entry, CFG_SHADOW, DATA),
        .write_mask = (uint32_t)POOL_GET(entry, CFG_SHADOW, WRITE_MASK),
        .w1c_mask = (uint32_t)POOL_GET(entry, CFG_SHADOW, W1C_MASK),
        .pass = POOL_GET(entry, CFG_SHADOW, PASS) != 0,
    };
    return true;
}
