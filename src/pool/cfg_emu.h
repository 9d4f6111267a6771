/* cfg_emu.h - configuration space that a bare VF lacks, emulated for the User that it is lent to
 * (paper section 3.3; system.md "cfg_shadow" and "Why emulation cannot be avoided";
 * SR-IOV 1.1, 3.4). For each emulated function there is a shadow: for each dword its data, which of
 * its bits software writes, which it clears by writing one, and whether the dword passes to the VF
 * itself. Bits of the masks belong to the shadow even in a dword that passes. From the shadow:
 * vendor, device and class, header type with the multifunction bit, BARs (their sizes are those of
 * a VF's ranges), memory enable and interrupt disable, the capabilities' constant registers, the
 * list of extended capabilities, where ARI's next function is the User's next one or ARI is hidden
 * (a bare VF has no SR-IOV capability to hide). Passed on: everything in a capability that software
 * writes or that the device changes (bus master, MSI-X and device control with FLR, status, AER).
 * What is constant is kept once in a model that all alike VFs share. Decisions are pure: the switch
 * asks, then acts. No clock, no allocation. */
#ifndef POOLSIM_POOL_CFG_EMU_H
#define POOLSIM_POOL_CFG_EMU_H

#include "pcie/cfgspace.h"
#include "pool/addr_map.h"
#include "pool/tables.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    CFG_EMU_HEADER_DWS = 16,
    CFG_EMU_DWS = CFGSPACE_BYTES / 4,
    CFG_EMU_SLOT_FUNCTIONS = 8,  /* of a slot without ARI */
    CFG_EMU_ARI_FUNCTIONS = 256, /* and with it */
    CFG_EMU_LATENCY_CYCLES = 4   /* from request to completion, when the shadow answers */
};

enum cfg_emu_outcome {
    CFG_EMU_ANSWER, /* the shadow alone */
    CFG_EMU_PASS,   /* the VF alone, by a proxy tag */
    CFG_EMU_MIXED,  /* both: a write goes to both, a read's bits come from both */
    CFG_EMU_UR,     /* there is no such function */
    CFG_EMU_CRS     /* the VF is not ready yet, after its reset */
};

/* A dword of the shadow; the value part of a cfg_shadow entry. */
struct cfg_emu_row {
    uint32_t data;
    uint32_t write_mask;
    uint32_t w1c_mask;
    bool pass;
};

/* What alike VFs share. */
struct cfg_emu_model {
    const struct cfgspace_layout *vf; /* borrowed */
    uint32_t reset[CFG_EMU_HEADER_DWS], write_mask[CFG_EMU_HEADER_DWS];
    struct cfgspace_bar_spec bar[CFGSPACE_BARS];
    uint16_t ari;        /* offset of its capability, if it is shown */
    uint16_t hidden_ari; /* and if it is hidden */
    uint16_t relinked;   /* hidden: the extended capability whose next one it was */
    uint32_t relinked_header;
};

/* An emulated function. Zeroed: there is none. */
struct cfg_emu {
    const struct cfg_emu_model *model;   /* borrowed; NULL: absent */
    uint32_t header[CFG_EMU_HEADER_DWS]; /* the shadow's bits of the header */
    uint8_t next_function;               /* ARI */
    bool ready;
    uint8_t resets; /* under way; whoever sets ready counts them */
};

/* @pf has its SR-IOV capability set up (system page size); @vf is the layout of its VFs. @ari: the
 * slot forwards by ARI, so that the capability is shown if the VF has it. */
void cfg_emu_model_init(struct cfg_emu_model *model, const struct cfgspace *pf,
                        const struct cfgspace_layout *vf, bool ari);

/* ---- a slot's functions, numbered from 0 without holes ---- */

/* True if @n functions fit in a slot. */
bool cfg_emu_slot_holds(uint32_t n, bool ari);
/* Plugs a VF of @model in as *emu, with registers as after reset, ready. */
void cfg_emu_load(struct cfg_emu *emu, const struct cfg_emu_model *model);
void cfg_emu_unload(struct cfg_emu *emu);
/* After loading or unloading: function 0's multifunction bit, and with ARI each function's next
 * one. */
void cfg_emu_link(struct cfg_emu *functions, uint32_t n);
/* An FLR has begun: the shadow's registers are as after reset, and the function answers CRS until
 * @emu->ready is set again. */
void cfg_emu_reset(struct cfg_emu *emu);

/* ---- requests ---- */

struct cfg_emu_decision {
    enum cfg_emu_outcome outcome;
    uint32_t data; /* reads, ANSWER: the dword; MIXED: the shadow's bits of it */
    uint32_t mask; /* reads, MIXED: which bits those are */
};

/* What becomes of a request for the dword @dw (below CFG_EMU_DWS). Bit i of @byte_enables covers
 * byte i; a request without any is a flush, which passes if the dword does. */
struct cfg_emu_decision cfg_emu_read(const struct cfg_emu *emu, uint16_t dw);
struct cfg_emu_decision cfg_emu_write(const struct cfg_emu *emu, uint16_t dw, uint8_t byte_enables);
/* The dword of a MIXED read, when the VF has answered @from_vf. */
uint32_t cfg_emu_merge(const struct cfg_emu *emu, uint16_t dw, uint32_t from_vf);

enum cfg_emu_effect {
    CFG_EMU_RANGES = 1, /* a BAR or the memory enable changed: cfg_emu_map */
    CFG_EMU_FLR = 2     /* the passed write initiates an FLR: drain, cfg_emu_reset */
};
/* Does the shadow's part of a write (whatever was decided but UR and CRS); returns effects. */
unsigned cfg_emu_apply(struct cfg_emu *emu, uint16_t dw, uint32_t value, uint8_t byte_enables);

/* ---- views ---- */

struct cfg_emu_row cfg_emu_row(const struct cfg_emu *emu, uint16_t dw);
/* Dwords from the start on that are not all zero and read-only. */
uint16_t cfg_emu_dws(const struct cfg_emu *emu);
bool cfg_emu_memory_enabled(const struct cfg_emu *emu);
/* What BAR @n decodes: false when there is no such BAR, memory is not enabled, or no address has
 * been written. Only user_base and log2_bytes are set. */
bool cfg_emu_range(const struct cfg_emu *emu, unsigned n, struct addr_entry *out);
/* Rewrites the function's entries of its host port's map, @first_entry + n for BAR n, as the shadow
 * now says. @owner_base: by BAR, the VF's ranges in the Owner's domain; @port and @function: of the
 * entries. A range that the map refuses (it overlaps one of another function) is left out; returns
 * the first such refusal. */
enum addr_map_result cfg_emu_map(const struct cfg_emu *emu, struct addr_map *map,
                                 uint32_t first_entry, const uint64_t owner_base[CFGSPACE_BARS],
                                 uint16_t port, uint32_t function);

void cfg_emu_pack(uint16_t host_port, uint16_t function, uint16_t dw, const struct cfg_emu_row *row,
                  struct pool_entry *out);
bool cfg_emu_unpack(const struct pool_entry *entry, uint16_t *out_host_port, uint16_t *out_function,
                    uint16_t *out_dw, struct cfg_emu_row *out);

#endif
