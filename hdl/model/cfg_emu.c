/* Lock-step model of cfg_emu: src/pool/cfg_emu.c with the time that the hardware takes, for
 * functions that stand in for the VFs of a device like the 82599. The bench loads a function's
 * rows, lets it be seen, asks at random, and loads it anew now and then. */
#define PORT_LIST "cfg_emu.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "pcie/cap_header.h"
#include "pcie/cap_sriov.h"
#include "pool/cfg_emu.h"
#include <linux/pci_regs.h>

enum { VF_BYTES = 0x160, PF_BYTES = 0x1c0, MEMORY_BYTES = 8192 };

struct request {
    uint32_t function;
    uint16_t dw;
    bool write;
    uint8_t byte_enables;
    uint32_t data;
    bool present, ready; /* when it was accepted */
};

struct emulator {
    struct cfgspace_layout pf_layout, vf_layout;
    struct cfgspace pf;
    uint8_t pf_memory[MEMORY_BYTES], vf_memory[MEMORY_BYTES], pf_value[PF_BYTES];
    struct cfg_emu_model model;
    struct cfg_emu function[N_FUNCTIONS];
    struct request request;
    uint32_t cycles_left; /* until the result stands */
    bool busy, valid;
    struct cfg_emu_decision decision;
    /* Stimulus. */
    uint32_t loading; /* the function being loaded, N_FUNCTIONS: none */
    uint32_t next_dw;
    uint64_t seen; /* functions that are present */
};

static void init_device(struct emulator *emulator)
{
    const struct cap_header_options header = {
        .vendor = 0x8086, .device = 0x10fb, .class_code = 0x020000, .revision = 1};
    const struct cap_sriov_options sriov = {
        .total_vfs = 64,
        .vf_device_id = 0x10ed,
        .page_sizes = 0x553,
        .routing = {0x180, 2},
        .ari_routing = {0x80, 1},
        .bar = {[0] = {14, .is_64 = true}, [3] = {14, .is_64 = true}},
    };
    struct cfgspace_layout *vf = &emulator->vf_layout;

    CHECK(cfgspace_layout_memory_bytes(PF_BYTES) <= MEMORY_BYTES);
    cfgspace_layout_init(&emulator->pf_layout, PF_BYTES, emulator->pf_memory);
    cap_header_add_type0(&emulator->pf_layout, &header);
    cap_sriov_add(&emulator->pf_layout, 0x100, &sriov);
    cfgspace_init(&emulator->pf, &emulator->pf_layout, emulator->pf_value);
    cfgspace_layout_init(vf, VF_BYTES, emulator->vf_memory);
    for (uint16_t offset = PCI_STATUS; offset < VF_BYTES; offset++)
        cfgspace_layout_reg8(vf, offset, (uint8_t)(offset * 37U), 0, 0);
    vf->is_vf = true;
    vf->express = 0xa0;
    vf->aer = 0x100;
    cfgspace_layout_reg16(vf, PCI_COMMAND, 0, PCI_COMMAND_MASTER, 0);
    cfgspace_layout_reg16(vf, 0xa8, 0xf, 0, 0);
    cfgspace_layout_kind(vf, 0xa8, 4, CFGSPACE_KIND_DEVICE);
    cfgspace_layout_reg32(vf, 0x104, 0, 0, 0x3ff030);
    cfg_emu_model_init(&emulator->model, &emulator->pf, vf, false);
}

static void init(void *state)
{
    struct emulator *emulator = state;

    init_device(emulator);
    for (uint32_t f = 0; f < N_FUNCTIONS; f++)
        cfg_emu_load(&emulator->function[f], &emulator->model);
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct emulator *emulator = state;
    const struct cfg_emu_decision *decision = &emulator->decision;

    EXPECT(s_ready, (!emulator->busy || (emulator->valid && GET_IN(m_ready))) && !GET_IN(w_valid));
    EXPECT(w_ready, !emulator->busy);
    EXPECT(m_valid, emulator->valid);
    if (!emulator->valid)
        return;
    EXPECT(m_outcome, decision->outcome);
    if (emulator->request.write)
        return;
    if (decision->outcome == CFG_EMU_ANSWER || decision->outcome == CFG_EMU_MIXED)
        EXPECT(m_data, decision->data);
    if (decision->outcome == CFG_EMU_MIXED)
        EXPECT(m_mask, decision->mask);
}

/* The answer, and what the request changes. */
static void serve(struct emulator *emulator)
{
    const struct request *request = &emulator->request;
    struct cfg_emu absent = {0};
    struct cfg_emu *emu = request->present ? &emulator->function[request->function] : &absent;
    const bool was_ready = emu->ready;

    emu->ready = request->ready;
    emulator->decision = request->write ? cfg_emu_write(emu, request->dw, request->byte_enables)
                                        : cfg_emu_read(emu, request->dw);
    if (request->write && emulator->decision.outcome < CFG_EMU_UR)
        cfg_emu_apply(emu, request->dw, request->data, request->byte_enables);
    emu->ready = was_ready;
}

static void accept_request(struct emulator *emulator, const struct vector *in)
{
    const uint32_t function = (uint32_t)GET_IN(s_function);

    emulator->request = (struct request){
        .function = function,
        .dw = (uint16_t)GET_IN(s_dw),
        .write = GET_IN(s_write),
        .byte_enables = (uint8_t)GET_IN(s_byte_enables),
        .data = (uint32_t)GET_IN(s_data),
        .present = function < N_FUNCTIONS && GET_IN(present) >> function & 1,
        .ready = function < N_FUNCTIONS && GET_IN(ready) >> function & 1,
    };
    emulator->busy = true;
    emulator->cycles_left = CFG_EMU_LATENCY_CYCLES;
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct emulator *emulator = state;

    if (GET_IN(w_valid) && GET_OUT(w_ready))
        emulator->next_dw++;
    if (emulator->valid && GET_IN(m_ready))
        emulator->busy = emulator->valid = false;
    if (GET_IN(s_valid) && GET_OUT(s_ready))
        accept_request(emulator, in);
    if (emulator->busy && !emulator->valid && --emulator->cycles_left == 0) {
        emulator->valid = true;
        serve(emulator);
    }
    /* The write back comes with the last cycle before the result. A reset before that prevents it.
     */
    if (GET_IN(rst))
        emulator->busy = emulator->valid = false;
}

static void draw_row(const struct emulator *emulator, struct vector *in)
{
    const struct port *port = &in_ports[IN_w_entry];
    const uint16_t dw = (uint16_t)emulator->next_dw;
    const struct cfg_emu_row row = cfg_emu_row(&emulator->function[emulator->loading], dw);
    struct pool_entry entry;

    cfg_emu_pack(1, (uint16_t)emulator->loading, dw, &row, &entry);
    for (uint32_t at = 0; at < CFG_SHADOW_W; at += 32) {
        const uint32_t n = CFG_SHADOW_W - at < 32 ? CFG_SHADOW_W - at : 32;

        port_set_at(in, port, at, n, pool_entry_get(&entry, at, n));
    }
}

static void load(struct emulator *emulator, uint64_t *rng, struct vector *in)
{
    if (emulator->loading < N_FUNCTIONS && emulator->next_dw == N_DWS) {
        emulator->seen |= UINT64_C(1) << emulator->loading;
        emulator->loading = N_FUNCTIONS;
    }
    if (!emulator->busy && (emulator->seen == 0 || one_in(rng, 3000)) &&
        (emulator->loading == N_FUNCTIONS || emulator->seen == 0) &&
        (emulator->next_dw == 0 || emulator->next_dw == N_DWS)) {
        emulator->loading = draw_below(rng, N_FUNCTIONS);
        emulator->next_dw = 0;
        emulator->seen &= ~(UINT64_C(1) << emulator->loading);
        cfg_emu_load(&emulator->function[emulator->loading], &emulator->model);
    }
    const bool is_loading = emulator->loading < N_FUNCTIONS && emulator->next_dw < N_DWS;
    SET_IN(w_valid, is_loading && !one_in(rng, 4));
    if (is_loading)
        draw_row(emulator, in);
    SET_IN(present, emulator->seen);
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    struct emulator *emulator = state;

    (void)out;
    load(emulator, rng, in);
    SET_IN(ready, one_in(rng, 16) ? draw(rng) : UINT64_MAX);
    SET_IN(s_valid, !one_in(rng, 3));
    SET_IN(s_function, one_in(rng, 16) ? draw(rng) : draw_below(rng, N_FUNCTIONS));
    SET_IN(s_dw, one_in(rng, 8)   ? draw(rng)
                 : one_in(rng, 2) ? draw_below(rng, CFG_EMU_HEADER_DWS)
                                  : draw_below(rng, N_DWS));
    SET_IN(s_write, draw(rng));
    SET_IN(s_byte_enables, draw(rng));
    SET_IN(s_data, one_in(rng, 4) ? UINT64_MAX : draw(rng));
    SET_IN(m_ready, !one_in(rng, 3));
}

FAMILY(cfg_emu, struct emulator);
