/* Nobody reaches what the assignment does not give him at that instant, however VFs move while TLPs
 * pass. Small random pools; hosts that ask for anything, theirs or not, known to anybody or not;
 * functions that write, read, interrupt and report; VFs that are drained, reset, taken and given in
 * mid-traffic through the switch's own tables. The oracle is naive: it keeps who holds what in
 * arrays of its own, knows the formulas of the numbering, and judges every TLP at the instant at
 * which its last byte arrives. Then hosts that behave: in the right order of steps every counter
 * stays at zero, in each of the wrong ones some do not.
 *
 * ISOLATION_CASES says how many random cases there are; by default 10,000.
 * Not pinned: which look-up of a cycle a write hits (test_live.c), and forged completions of
 * devices, whose hardware is trusted. */
#include "moves_rig.h"

#include "../unit/splitmix.h"
#include "fabric/switch_fault.h"
#include "pcie/tlp_header.h"

#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void suite_isolation_moves(void);

enum { CASES = 10000, ORDERLY_CASES = 300, SENDS = 120, MOVES = 3, CUTS = 6, NOBODY = -1 };
enum { LENGTH_PS = 100000000, ANSWER_PS = 300000, SLOW_PS = 40000000, POLL_PS = 500000 };
/* FLR_WAIT: until the VF has been reset and is ready. SETTLE: all that passed its look-up before
 * the entries went has arrived. UNBIND: what drivers began has ended. */
enum { FLR_WAIT_PS = 12000000, SETTLE_PS = 15000000, UNBIND_PS = 10000000, POLLS_MOST = 100 };

enum order { ORDER_CORRECT, ORDER_INVALIDATE_FIRST, ORDER_NO_FLR, ORDER_STALE_ENTRY };

struct plan {     /* of one case */
    bool hostile; /* hosts and functions do as they like; else only what they may */
    bool forges;  /* hosts complete what nobody asked */
    bool cuts;    /* slots are cut off (contained) and released at any time */
    enum order order;
};

/* ---- what the oracle knows ---- */

enum phase {
    PHASE_OWNERS,   /* the Owner's */
    PHASE_HELD,     /* the holder's */
    PHASE_DRAINING, /* the same; nothing new may begin */
    PHASE_RESET,    /* the same, and nothing is in flight but posted requests */
    PHASE_GAP       /* nobody's; the Owner may reach it, and posted requests arrive still */
};

struct oracle_vf {
    enum phase phase;
    uint32_t holder,
        function;   /* a User and the number in his slot, also of the last one in a gap */
    int programmer; /* for whom the VF does DMA, or NOBODY */
    bool quiet;     /* its drivers have let go of it */
    bool open;      /* its User has found it, and reaches its registers */
    int stale_host; /* whose driver still uses the entries of an earlier move */
    uint32_t stale_function;
    uint64_t left_ps;
};

struct origin { /* of a transaction, by the index of its request */
    bool live, forged, is_message;
    uint8_t kind;
    uint32_t port;
    uint16_t requester, tag, target;
    uint64_t address;
    int vf, programmer; /* of a device: which VF, or NOBODY; and who had it do so */
    int opens;          /* the last step of a User's enumeration of this VF */
};

struct move {
    uint32_t vf, to, polls;
    int step;
    bool busy;
};

enum { SENDING, ANSWERING, MOVING, CUTTING };

struct totals {
    uint64_t delivered, refused, blocked, moved, violations, lost, unexpected, foreign_dma;
    uint64_t undrained, astray, stale, dropped, unsupported;
};

static struct state {
    struct moves_rig rig;
    struct plan plan;
    uint64_t random;
    struct oracle_vf vfs[MOVES_POOL];
    struct origin origins[MOVES_REQUESTS];
    struct move moves[MOVES];
    uint64_t cut_ps[MOVES_HOSTS][MOVES_DEVICES]; /* since when it is; 0: not */
    struct request_owner owner;
    struct totals totals;
    uint64_t case_number;
    bool verbose;
} state;

static uint32_t below(uint32_t n)
{
    return splitmix_below(&state.random, n);
}

/* ---- the oracle's formulas ---- */

#define OWNER_BASE UINT64_C(0xe0000000)
#define USER_BASE  UINT64_C(0xf0000000)

static uint32_t device_of(uint32_t vf)
{
    return state.rig.vfs[vf].device;
}

static uint32_t owner_of(uint32_t device)
{
    return state.rig.shape.owner[device];
}

static bool is_lent(uint32_t vf)
{
    enum phase phase = state.vfs[vf].phase;
    return phase == PHASE_HELD || phase == PHASE_DRAINING || phase == PHASE_RESET;
}

static uint16_t owner_rid(uint32_t vf)
{
    uint32_t d = device_of(vf), i = state.rig.vfs[vf].number;
    return (uint16_t)((3 + 2 * d + (state.rig.shape.far[d] ? 1 : 0)) * 256 + 128 + 2 * i);
}

static uint64_t owner_bar(uint32_t vf)
{
    return OWNER_BASE + device_of(vf) * 0x1000000U + state.rig.vfs[vf].number * 0x4000U;
}

static uint16_t slot_rid(uint32_t device, uint32_t function)
{
    return (uint16_t)((3 + 2 * device) * 256 + function);
}

static uint16_t user_rid(uint32_t vf)
{
    return slot_rid(device_of(vf), state.vfs[vf].function);
}

static uint64_t user_bar(uint32_t vf, uint32_t function)
{
    return USER_BASE + device_of(vf) * 0x1000000U + (MOVES_SLOT_FUNCTIONS - function) * 0x4000U;
}

/* The VF of @device with that number in its Owner's domain, or NOBODY. */
static int vf_by_rid(uint32_t device, uint16_t rid)
{
    for (uint32_t vf = 0; vf < state.rig.n_vfs; vf++)
        if (device_of(vf) == device && owner_rid(vf) == rid)
            return (int)vf;
    return NOBODY;
}

static int vf_by_address(uint32_t device, uint64_t address)
{
    for (uint32_t vf = 0; vf < state.rig.n_vfs; vf++)
        if (device_of(vf) == device && address >= owner_bar(vf) && address < owner_bar(vf) + 0x4000)
            return (int)vf;
    return NOBODY;
}

/* ---- judgement ---- */

static void judge(bool allowed, const char *what, uint32_t port, const struct tlp *tlp)
{
    if (allowed)
        return;
    state.totals.violations++;
    if (state.verbose)
        fprintf(stderr, "case %llu, %llu ps, port %u: %s (%s)\n",
                (unsigned long long)state.case_number, (unsigned long long)state.rig.sim.now_ps,
                port, what, tlp_kinds[tlp->kind].name);
}

/* True if host @h may reach @vf now. */
static bool may_reach(uint32_t h, uint32_t vf, bool posted)
{
    const struct oracle_vf *v = &state.vfs[vf];
    bool is_owner = h == owner_of(device_of(vf));
    switch (v->phase) {
    case PHASE_OWNERS:
        return is_owner;
    case PHASE_HELD:
    case PHASE_DRAINING:
        return h == v->holder;
    case PHASE_RESET:
        return h == v->holder && (posted || state.plan.forges);
    case PHASE_GAP:
        return is_owner || (h == v->holder && (posted || state.plan.forges));
    }
    return false;
}

/* A request has come through the slot of @h for device @d: not long after it was cut off. */
static bool is_passable(uint32_t h, uint32_t d)
{
    const uint64_t cut_ps = state.cut_ps[h][d];
    return !cut_ps || state.rig.sim.now_ps < cut_ps + SETTLE_PS;
}

static void judge_at_device(uint32_t port, const struct tlp *tlp, const struct origin *origin)
{
    const uint32_t d = port - state.rig.shape.hosts, h = origin->port;
    const bool posted = tlp_class_of(tlp) == CLASS_POSTED;
    const bool by_id = tlp_is_config(tlp) || origin->is_message;
    const uint16_t target = origin->is_message ? tlp->msg.target : tlp->cfg.target;
    int vf = by_id ? vf_by_rid(d, target) : vf_by_address(d, tlp->address);
    bool same = by_id ? target == origin->target : tlp->address == origin->address;
    bool by_user = vf != NOBODY && h != owner_of(d);
    judge(h < state.rig.shape.hosts, "from one device to another", port, tlp);
    if (h < state.rig.shape.hosts)
        judge(is_passable(h, d), "down through a slot that is cut off", port, tlp);
    if (vf == NOBODY)
        judge(h == owner_of(d) && same, "a PF is reached by somebody else", port, tlp);
    else
        judge(may_reach(h, (uint32_t)vf, posted), "a VF is reached by somebody else", port, tlp);
    if (vf != NOBODY && !by_user)
        judge(same, "the Owner's packet was changed", port, tlp);
    if (by_user && !by_id)
        judge(tlp->address - owner_bar((uint32_t)vf) ==
                  origin->address - user_bar((uint32_t)vf, state.vfs[vf].function),
              "wrong place", port, tlp);
    if (by_user && by_id)
        judge(tlp->requester == MOVES_PROXY_RID && origin->target == user_rid((uint32_t)vf),
              "not re-headed", port, tlp);
    else
        judge(tlp->requester == origin->requester, "requester was changed", port, tlp);
}

static void judge_at_host(uint32_t h, const struct tlp *tlp, const struct origin *origin)
{
    const uint32_t d = origin->port - state.rig.shape.hosts;
    judge(origin->port >= state.rig.shape.hosts, "from one host to another", h, tlp);
    judge(is_passable(h, d), "up through a slot that is cut off", h, tlp);
    if (origin->vf == NOBODY) {
        judge(h == owner_of(d) && tlp->requester == origin->requester, "not the Owner's", h, tlp);
        return;
    }
    const struct oracle_vf *v = &state.vfs[origin->vf];
    if (v->phase == PHASE_OWNERS || v->phase == PHASE_GAP) {
        /* Behind an FLR nothing comes any more; what it did for its Owner may still arrive. */
        judge(h == owner_of(d) && (v->phase == PHASE_OWNERS || v->holder == h) &&
                  tlp->requester == origin->requester,
              "a VF that is its Owner's reaches another", h, tlp);
    } else {
        judge(h == v->holder && tlp->requester == user_rid((uint32_t)origin->vf),
              "a lent VF reaches another than its User", h, tlp);
        judge(v->phase != PHASE_RESET || tlp_class_of(tlp) == CLASS_POSTED,
              "a request passes when all was drained", h, tlp);
        judge(!origin->is_message || tlp->msg.code >> 3 != 4, "INTx of a VF", h, tlp);
    }
    if (origin->programmer != (int)h) {
        state.totals.foreign_dma++;
        judge(false, "DMA for one host reaches another", h, tlp);
    }
}

/* A completion that @origin's port never asked for. */
static void judge_forged(uint32_t port, const struct tlp *tlp, const struct origin *origin)
{
    const uint32_t d = port - state.rig.shape.hosts;
    judge(port >= state.rig.shape.hosts, "a forged completion to a host", port, tlp);
    int vf = vf_by_rid(d, tlp->requester);
    if (vf == NOBODY)
        judge(origin->port == owner_of(d), "a PF gets a forged completion", port, tlp);
    else
        judge(may_reach(origin->port, (uint32_t)vf, true), "a VF gets a forged completion", port,
              tlp);
}

/* A configuration request that succeeded was of a function that the host can see, or could until
 * just now. */
static bool may_see(uint32_t h, uint16_t target)
{
    const uint32_t bus = target >> 8, d = (bus - 3) / 2;
    if (bus <= 2)
        return true; /* the switch's own */
    if (d >= state.rig.shape.devices)
        return false;
    if (owner_of(d) == h) {
        int vf = vf_by_rid(d, target);
        return vf == NOBODY || !is_lent((uint32_t)vf);
    }
    for (uint32_t vf = 0; vf < state.rig.n_vfs; vf++) {
        const struct oracle_vf *v = &state.vfs[vf];
        bool left = v->phase == PHASE_GAP || v->phase == PHASE_OWNERS;
        if (device_of(vf) == d && v->holder == h && user_rid(vf) == target &&
            (!left || state.rig.sim.now_ps < v->left_ps + SETTLE_PS))
            return true;
    }
    return false;
}

/* Whose registers @address are to @host; an access has passed, so they are somebody's. */
static uint16_t completer_of(uint32_t host, uint64_t address)
{
    const bool by_user = address >= USER_BASE;
    const uint32_t d = (uint32_t)((address - (by_user ? USER_BASE : OWNER_BASE)) >> 24);
    for (uint32_t vf = 0; vf < state.rig.n_vfs; vf++) {
        const struct oracle_vf *v = &state.vfs[vf];
        if (by_user && device_of(vf) == d && is_lent(vf) && v->holder == host &&
            address - user_bar(vf, v->function) < 0x4000)
            return user_rid(vf);
        if (!by_user && address - owner_bar(vf) < 0x4000)
            return owner_rid(vf);
    }
    return slot_rid(d, 0); /* the PF */
}

/* A host that forges completions can make believe that his VF is drained. A real one that comes
 * after that may reach what he has in its place by then. */
static bool is_his_own_fault(uint32_t port, const struct tlp *tlp, const struct origin *origin)
{
    if (!state.plan.forges || port < state.rig.shape.hosts || origin->programmer == NOBODY)
        return false;
    const int vf = vf_by_rid(port - state.rig.shape.hosts, tlp->requester);
    return vf != NOBODY && may_reach((uint32_t)origin->programmer, (uint32_t)vf, true);
}

static void judge_completion(uint32_t port, const struct tlp *tlp, const struct origin *origin)
{
    judge(origin->live && port == origin->port, "a completion to another", port, tlp);
    judge((tlp->requester == origin->requester && tlp->tag == origin->tag) ||
              is_his_own_fault(port, tlp, origin),
          "a completion of another request", port, tlp);
    bool is_config = origin->kind == TLP_CFG_READ || origin->kind == TLP_CFG_WRITE;
    if (tlp->cpl.status != TLP_SC)
        return;
    if (!is_config && port < state.rig.shape.hosts)
        judge(tlp->cpl.completer == completer_of(port, origin->address),
              "not the completer as its host knows it", port, tlp);
    if (is_config)
        judge(tlp->cpl.completer == origin->target && may_see(port, origin->target),
              "a host sees what it may not", port, tlp);
}

/* ---- transactions ---- */

static void on_done(void *self, uint32_t at, struct request *request)
{
    (void)self, (void)request;
    state.origins[at].live = false;
    request_give_back(&state.rig.fabric.requests, at);
}

static struct tlp *new_tlp(uint32_t port, enum tlp_kind kind, uint32_t bytes, uint32_t *out_index)
{
    struct fabric *fabric = &state.rig.fabric;
    uint32_t at = request_take(&fabric->requests);
    struct request *request = request_get(&fabric->requests, at);
    *out_index = tlp_take(&fabric->tlps);
    struct tlp *tlp = tlp_get(&fabric->tlps, *out_index);
    *tlp = (struct tlp){.kind = (uint8_t)kind, .bytes = (uint16_t)bytes, .request = at};
    tlp_account_begin(tlp, state.rig.sim.now_ps);
    tlp->tag = tlp_class_of(tlp) == CLASS_NONPOSTED ? (uint16_t)below(256) : 0;
    request->owner = &state.owner;
    request->bytes = request->to_arrive = bytes;
    request->issued_ps = state.rig.sim.now_ps;
    state.origins[at] = (struct origin){.live = true,
                                        .is_message = kind == TLP_MSG || kind == TLP_MSG_DATA,
                                        .kind = (uint8_t)kind,
                                        .port = port,
                                        .tag = tlp->tag,
                                        .vf = NOBODY,
                                        .programmer = NOBODY,
                                        .opens = NOBODY};
    return tlp;
}

static void send(uint32_t port, uint32_t index)
{
    const struct tlp *tlp = tlp_get(&state.rig.fabric.tlps, index);
    struct request *request = request_get(&state.rig.fabric.requests, tlp->request);
    struct origin *origin = &state.origins[tlp->request];
    origin->requester = tlp->requester;
    origin->address = tlp->address;
    if (tlp_is_config(tlp)) {
        origin->target = tlp->cfg.target;
        request->address = (uint64_t)tlp->cfg.target << 16 | tlp->cfg.offset;
    }
    if (origin->is_message)
        origin->target = tlp->msg.target;
    moves_send(&state.rig, port, index);
}

/* Returns what the oracle knows of it. */
static struct origin *send_config(uint32_t h, enum tlp_kind kind, uint16_t target, uint16_t offset,
                                  uint32_t bytes, uint32_t value)
{
    uint32_t index;
    struct tlp *tlp = new_tlp(h, kind, bytes, &index);
    tlp->cfg.offset = offset;
    tlp->cfg.target = target;
    tlp->cfg.type = target >> 8 != 1; /* as the root port sends it */
    struct origin *origin = &state.origins[tlp->request];
    request_get(&state.rig.fabric.requests, tlp->request)->value = value;
    send(h, index);
    return origin;
}

static void open_function(uint32_t host, uint16_t rid, int vf)
{
    const uint32_t bits = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    send_config(host, TLP_CFG_WRITE, rid, PCI_COMMAND, 2, bits)->opens = vf;
}

/* @host's software finds @vf at number @function of its slot. */
static void enumerate(uint32_t vf, uint32_t host, uint32_t function)
{
    const uint16_t rid = slot_rid(device_of(vf), function);
    send_config(host, TLP_CFG_WRITE, rid, PCI_BASE_ADDRESS_0, 4, (uint32_t)user_bar(vf, function));
    open_function(host, rid, (int)vf);
}

/* The last step of it has been answered: by a request to try again when no proxy tag was free. */
static void end_enumeration(const struct origin *origin, enum tlp_status status)
{
    struct oracle_vf *v = &state.vfs[origin->opens];
    if (status == TLP_CRS && v->phase == PHASE_HELD)
        open_function(origin->port, origin->target, origin->opens);
    else
        v->open = true;
}

/* ---- what hosts ask for ---- */

/* In hostile cases the Owner does not use a VF that is being given away: it has agreed to that. */
static bool is_usable(uint32_t h, uint32_t vf)
{
    const struct oracle_vf *v = &state.vfs[vf];
    if (state.plan.hostile)
        return h != owner_of(device_of(vf)) || v->phase != PHASE_GAP;
    return (v->phase == PHASE_HELD && h == v->holder && v->open && !v->quiet) ||
           (v->phase == PHASE_OWNERS && h == owner_of(device_of(vf)) && !v->quiet);
}

/* Any address; false: none that this host may try. */
static bool choose_address(uint32_t h, uint64_t *out)
{
    const uint64_t offset = below(MOVES_BAR_BYTES / 8) * UINT64_C(8);
    const uint32_t vf = below(state.rig.n_vfs);
    const struct oracle_vf *v = &state.vfs[vf];
    if (v->stale_host == (int)h && below(2)) {
        *out = user_bar(vf, v->stale_function) + offset;
        return true;
    }
    if (!state.plan.hostile) {
        *out = (v->phase == PHASE_HELD ? user_bar(vf, v->function) : owner_bar(vf)) + offset;
        return is_usable(h, vf);
    }
    switch (below(6)) {
    case 0:
        *out = owner_bar(vf) + offset;
        return is_usable(h, vf);
    case 1:
        *out = OWNER_BASE + device_of(vf) * 0x1000000U + 0x80000U + offset; /* the PF's */
        return true;
    case 2:
        *out = splitmix(&state.random) & ~UINT64_C(7);
        return true;
    default:
        *out = user_bar(vf, v->phase == PHASE_OWNERS ? below(MOVES_SLOT_FUNCTIONS) : v->function) +
               offset;
        return true;
    }
}

static bool choose_target(uint32_t h, uint16_t *out)
{
    const uint32_t vf = below(state.rig.n_vfs);
    const struct oracle_vf *v = &state.vfs[vf];
    if (!state.plan.hostile) {
        *out = v->phase == PHASE_HELD ? user_rid(vf) : owner_rid(vf);
        return is_usable(h, vf);
    }
    switch (below(6)) {
    case 0:
        *out = owner_rid(vf);
        return is_usable(h, vf);
    case 1:
        *out = (uint16_t)((3 + 2 * device_of(vf)) * 256); /* PF, or the User's function 0 */
        return true;
    case 2:
        *out = (uint16_t)splitmix(&state.random);
        return vf_by_rid(0, *out) == NOBODY && vf_by_rid(1, *out) == NOBODY &&
               vf_by_rid(2, *out) == NOBODY;
    case 3:
        *out = (uint16_t)(0x100 + below(2) * 0x100 + below(3)); /* bridges, and beside them */
        return true;
    default:
        *out = user_rid(vf);
        return true;
    }
}

/* True if @target is behind the downstream bridge of a device that is not the host's own. */
static bool is_in_slot(uint32_t h, uint16_t target)
{
    for (uint32_t d = 0; d < state.rig.shape.devices; d++)
        if ((target >> 8 == 3 + 2 * d || target >> 8 == 4 + 2 * d) && owner_of(d) != h)
            return true;
    return false;
}

static void ask_config(uint32_t h)
{
    uint16_t target;
    if (!choose_target(h, &target))
        return;
    switch (below(4)) {
    case 0: /* passes on to a VF */
        send_config(h, TLP_CFG_READ, target, moves_devctl(), 2, 0);
        return;
    case 1: /* an FLR of what may be somebody else's; the Owner would reset a whole device */
        if (state.plan.hostile && is_in_slot(h, target))
            send_config(h, TLP_CFG_WRITE, target, moves_devctl(), 2, 0);
        return;
    default:
        send_config(h, TLP_CFG_READ, target, (uint16_t)(below(64) * 4), 4, 0);
    }
}

static const enum tlp_kind memory_kinds[] = {TLP_MEM_READ,    TLP_MEM_READ,  TLP_MEM_WRITE,
                                             TLP_MEM_WRITE,   TLP_FETCH_ADD, TLP_SWAP,
                                             TLP_COMPARE_SWAP};
enum { MEMORY_KINDS = sizeof memory_kinds / sizeof memory_kinds[0] };

static uint32_t bytes_of(enum tlp_kind kind)
{
    return kind == TLP_COMPARE_SWAP                    ? 16
           : kind == TLP_FETCH_ADD || kind == TLP_SWAP ? 8
                                                       : 8 * (1 + below(16));
}

static void ask_memory(uint32_t h)
{
    uint64_t address;
    uint32_t index;
    if (!choose_address(h, &address))
        return;
    enum tlp_kind kind = memory_kinds[below(MEMORY_KINDS)];
    struct tlp *tlp = new_tlp(h, kind, bytes_of(kind), &index);
    tlp->address = address;
    tlp->requester = (uint16_t)(below(2) * 8);
    send(h, index);
}

/* Messages by ID, to the ports, and such as no host sends; I/O. */
static void ask_other(uint32_t h)
{
    static const uint8_t codes[] = {MESSAGE_PME_TURN_OFF, MESSAGE_ERR_FATAL, MESSAGE_PM_PME, 0x7e,
                                    0x7e};
    uint16_t target;
    uint32_t index;
    if (!state.plan.hostile || !choose_target(h, &target))
        return;
    if (below(4) == 0) {
        enum tlp_kind kind = below(2) ? TLP_IO_READ : TLP_IO_WRITE;
        new_tlp(h, kind, 4, &index)->address = below(0x10000) * 4U;
    } else {
        struct tlp *tlp = new_tlp(h, TLP_MSG, 0, &index);
        tlp->msg.code = codes[below(sizeof codes)];
        tlp->msg.routing = tlp->msg.code == 0x7e ? MSG_BY_ID : MSG_LOCAL;
        tlp->msg.target = target;
    }
    send(h, index);
}

static void forge_completion(uint32_t h)
{
    uint16_t target;
    uint32_t index;
    if (!choose_target(h, &target))
        return;
    struct tlp *tlp = new_tlp(h, TLP_CPL_DATA, 8, &index);
    struct request *request = request_get(&state.rig.fabric.requests, tlp->request);
    state.origins[tlp->request].forged = true;
    state.origins[tlp->request].live = false;
    request->ghosts = 1; /* nobody waits for it */
    request->kind = REQUEST_GONE;
    tlp->attr = TLP_ATTR_LAST;
    tlp->requester = target;
    tlp->tag = (uint16_t)below(256);
    tlp->cpl.bytes_left = 8;
    send(h, index);
}

static void host_sends(uint32_t h)
{
    uint32_t what = below(10);
    if (what < 6)
        ask_memory(h);
    else if (what < 8)
        ask_config(h);
    else if (what < 9 || !state.plan.forges)
        ask_other(h);
    else
        forge_completion(h);
}

/* ---- what functions do ---- */

static void device_sends(uint32_t d)
{
    uint32_t index, vf = state.rig.first_vf[d] + below(state.rig.shape.vfs[d]);
    const struct oracle_vf *v = &state.vfs[vf];
    const bool is_vf = below(8) != 0;
    if (is_vf && v->programmer == NOBODY)
        return;
    const uint32_t what = state.plan.hostile ? below(10) : below(7);
    enum tlp_kind kind = what < 7   ? memory_kinds[below(MEMORY_KINDS)]
                         : what < 9 ? TLP_MSG
                         : below(2) ? TLP_IO_READ
                                    : TLP_CFG_READ;
    struct tlp *tlp = new_tlp(state.rig.shape.hosts + d, kind, kind == TLP_MSG ? 0 : 8, &index);
    struct origin *origin = &state.origins[tlp->request];
    tlp->requester = (uint16_t)((3 + 2 * d) * 256);
    if (is_vf) {
        tlp->requester = owner_rid(vf);
        origin->vf = (int)vf;
        origin->programmer = v->programmer;
    } else if (state.plan.hostile && below(2)) {
        do /* one that nobody has */
            tlp->requester = (uint16_t)splitmix(&state.random);
        while (tlp->requester >> 8 >= 3 && tlp->requester >> 8 < 3 + 2 * MOVES_DEVICES);
    }
    if (kind == TLP_MSG) {
        static const uint8_t codes[] = {MESSAGE_ERR_NONFATAL, MESSAGE_PM_PME, 0x7e, 0x20,
                                        MESSAGE_PME_TURN_OFF};
        tlp->msg.code = codes[below(sizeof codes)];
        tlp->msg.routing = MSG_TO_ROOT;
    } else if (kind == TLP_CFG_READ) {
        tlp->cfg.target = (uint16_t)(below(8) * 256);
        tlp->bytes = 4;
    } else {
        /* Any address is a host's memory; also those of BARs. */
        tlp->address = below(2) ? owner_bar(vf) : below(1U << 20) * UINT64_C(8);
        if (kind == TLP_MEM_WRITE && below(3) == 0)
            tlp->attr = TLP_ATTR_MSI;
        if (kind == TLP_MEM_READ)
            tlp->bytes = (uint16_t)(64 + 8 * below(16));
    }
    struct request *request = request_get(&state.rig.fabric.requests, tlp->request);
    request->bytes = request->to_arrive = tlp->bytes;
    send(state.rig.shape.hosts + d, index);
}

/* ---- what becomes of what arrives ---- */

/* The request @index becomes its completion; longer reads get two. */
static void answer(uint32_t port, uint32_t index)
{
    struct fabric *fabric = &state.rig.fabric;
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    const uint16_t bytes = tlp->bytes, target = tlp->cfg.target;
    const bool is_config = tlp_is_config(tlp);
    const bool has_data = tlp->kind != TLP_CFG_WRITE;
    const uint32_t d = port - state.rig.shape.hosts;
    uint16_t completer = 0;
    if (is_config) {
        completer = target;
    } else if (port >= state.rig.shape.hosts) {
        int vf = vf_by_address(d, tlp->address);
        completer = vf == NOBODY ? (uint16_t)((3 + 2 * d) * 256) : owner_rid((uint32_t)vf);
    }
    tlp_spend(tlp, PART_MEMORY, state.rig.sim.now_ps);
    tlp->kind = has_data ? TLP_CPL_DATA : TLP_CPL;
    tlp->address = 0;
    tlp->cpl.completer = completer;
    tlp->cpl.bytes_left = is_config ? 4 : bytes;
    tlp->cpl.status = TLP_SC;
    if (bytes > 64) {
        uint32_t first = tlp_take(&fabric->tlps);
        struct tlp *part = tlp_get(&fabric->tlps, first);
        *part = *tlp;
        part->bytes = 64;
        tlp->bytes = bytes - 64;
        tlp->cpl.bytes_left = tlp->bytes;
        moves_send(&state.rig, port, first);
    }
    tlp->attr |= TLP_ATTR_LAST;
    moves_send(&state.rig, port, index);
}

static void take_completion(uint32_t port, uint32_t index, const struct origin *origin)
{
    struct fabric *fabric = &state.rig.fabric;
    const struct tlp *tlp = tlp_get(&fabric->tlps, index);
    if (origin->forged) {
        judge_forged(port, tlp, origin);
        fabric_lose(fabric, index);
        return;
    }
    judge_completion(port, tlp, origin);
    if (port != origin->port || !origin->live) {
        state.totals.unexpected++;
        fabric_lose(fabric, index);
        return;
    }
    uint32_t at = tlp->request;
    bool last = tlp->attr & TLP_ATTR_LAST;
    const enum tlp_status status = (enum tlp_status)tlp->cpl.status;
    tlp_give_back(&fabric->tlps, index);
    if (origin->opens != NOBODY)
        end_enumeration(origin, status);
    if (last)
        on_done(NULL, at, NULL);
}

/* A VF that is reset forgets what it was told to do. */
static void reset_function(uint32_t d, const struct tlp *tlp)
{
    const struct request *request = request_get(&state.rig.fabric.requests, tlp->request);
    int vf = vf_by_rid(d, tlp->cfg.target);
    if (tlp->kind == TLP_CFG_WRITE && vf != NOBODY && tlp->cfg.offset == moves_devctl() &&
        request->value & PCI_EXP_DEVCTL_BCR_FLR)
        state.vfs[vf].programmer = NOBODY;
}

static void on_arrival(void *self, uint32_t port, uint32_t index)
{
    (void)self;
    struct moves_rig *rig = &state.rig;
    const struct tlp *tlp = tlp_get(&rig->fabric.tlps, index);
    const struct request *request = request_get(&rig->fabric.requests, tlp->request);
    const struct origin *origin = &state.origins[tlp->request];
    state.totals.delivered++;
    if (!tlp_is_request(tlp)) {
        take_completion(port, index, origin);
        return;
    }
    if (request->owner == &state.owner) {
        if (port < rig->shape.hosts)
            judge_at_host(port, tlp, origin);
        else
            judge_at_device(port, tlp, origin);
    } else { /* the switch's own: an FLR */
        int vf =
            port < rig->shape.hosts ? NOBODY : vf_by_rid(port - rig->shape.hosts, tlp->cfg.target);
        judge(vf != NOBODY && tlp->kind == TLP_CFG_WRITE && state.vfs[vf].phase == PHASE_RESET,
              "an FLR of another function", port, tlp);
    }
    if (tlp_is_config(tlp) && port >= rig->shape.hosts)
        reset_function(port - rig->shape.hosts, tlp);
    if (tlp_class_of(tlp) == CLASS_POSTED) {
        fabric_end_posted(&rig->fabric, index, TLP_SC);
        return;
    }
    /* Draining waits for a lent VF's requests however slow they are; nobody waits for others. */
    bool waited_for = port < rig->shape.hosts
                          ? origin->vf != NOBODY && is_lent((uint32_t)origin->vf)
                          : origin->port != owner_of(port - rig->shape.hosts);
    uint32_t most_ps = waited_for && below(8) == 0 ? SLOW_PS : ANSWER_PS;
    moves_later(rig, rig->sim.now_ps + 1 + below(most_ps), ANSWERING, (uint64_t)index << 8 | port);
}

/* ---- moves ---- */

static int free_function(uint32_t device, uint32_t host)
{
    for (uint32_t f = 0; f < MOVES_SLOT_FUNCTIONS; f++) {
        bool taken = false;
        for (uint32_t vf = 0; vf < state.rig.n_vfs; vf++)
            taken |= device_of(vf) == device && is_lent(vf) && state.vfs[vf].holder == host &&
                     state.vfs[vf].function == f;
        if (!taken)
            return (int)f;
    }
    return NOBODY;
}

/* The VF becomes its new User's, who sets it to work. */
static void give(uint32_t vf, uint32_t to)
{
    struct oracle_vf *v = &state.vfs[vf];
    int function = to == owner_of(device_of(vf)) ? NOBODY : free_function(device_of(vf), to);
    v->quiet = false;
    if (function == NOBODY) {
        v->phase = PHASE_OWNERS;
        if (state.plan.order != ORDER_NO_FLR)
            v->programmer = (int)owner_of(device_of(vf));
        return;
    }
    moves_load(&state.rig, vf, to, (uint32_t)function);
    CU_ASSERT_EQUAL_FATAL(assignment_do(&state.rig.table, vf, ASSIGNMENT_ATTACH, NULL),
                          ASSIGNMENT_OK);
    v->phase = PHASE_HELD;
    v->open = false;
    v->holder = to;
    v->function = (uint32_t)function;
    if (state.plan.order != ORDER_NO_FLR)
        v->programmer = (int)to;
    enumerate(vf, to, v->function);
    if (v->stale_host != NOBODY) /* to him it looks as if it had come back from its reset */
        enumerate(vf, (uint32_t)v->stale_host, v->stale_function);
    state.totals.moved++;
}

static void take_away(uint32_t vf)
{
    struct oracle_vf *v = &state.vfs[vf];
    bool stale = state.plan.order == ORDER_STALE_ENTRY;
    moves_invalidate(&state.rig, vf, stale);
    if (stale) {
        v->stale_host = (int)v->holder;
        v->stale_function = v->function;
    }
}

static void command(uint32_t vf, enum assignment_command what)
{
    CU_ASSERT_EQUAL_FATAL(assignment_do(&state.rig.table, vf, what, NULL), ASSIGNMENT_OK);
}

enum { UNBIND, DRAIN, WAIT_DRAINED, FLR_OVER, LOAD };

/* Only with the right order is everything drained in time. */
static bool is_drained(struct move *move)
{
    if (assignment_drain_ack(&state.rig.table, move->vf))
        return true;
    move->polls++;
    CU_ASSERT_FATAL(move->polls < POLLS_MOST || state.plan.order != ORDER_CORRECT);
    return move->polls == POLLS_MOST;
}

static void begin_reset(uint32_t vf)
{
    struct oracle_vf *v = &state.vfs[vf];
    v->phase = PHASE_RESET;
    if (state.plan.order == ORDER_INVALIDATE_FIRST)
        v->programmer = NOBODY; /* there is no entry any more by which to send it an FLR */
    if (!assignment_drain_ack(&state.rig.table, vf)) {
        command(vf, ASSIGNMENT_ABANDON);
        return;
    }
    command(vf, ASSIGNMENT_RESET);
    if (state.plan.order == ORDER_CORRECT || state.plan.order == ORDER_STALE_ENTRY)
        moves_flr(&state.rig, vf);
}

static void end_reset(uint32_t vf)
{
    struct oracle_vf *v = &state.vfs[vf];
    if (state.rig.assignments[vf].state == ASSIGNMENT_RESETTING) {
        command(vf, ASSIGNMENT_RESET_DONE);
        command(vf, ASSIGNMENT_RELEASE);
    }
    if (state.plan.order != ORDER_INVALIDATE_FIRST)
        take_away(vf);
    if (state.plan.order != ORDER_NO_FLR)
        CU_ASSERT_EQUAL(v->programmer, NOBODY);
    v->phase = PHASE_GAP;
    v->left_ps = state.rig.sim.now_ps;
}

/* One step, and how long until the next; 0: that was the last. */
static uint64_t do_step(struct move *move)
{
    const uint32_t vf = move->vf;
    struct oracle_vf *v = &state.vfs[vf];
    const enum order order = state.plan.order;
    switch (move->step) {
    case UNBIND:
        v->quiet = order != ORDER_INVALIDATE_FIRST;
        if (v->quiet && !state.plan.hostile && order != ORDER_NO_FLR)
            v->programmer = NOBODY; /* its driver stops it */
        move->step = DRAIN;
        return UNBIND_PS;
    case DRAIN:
        if (v->phase == PHASE_OWNERS) { /* the Owner resets it and agrees to lend it */
            v->programmer = order == ORDER_NO_FLR ? v->programmer : NOBODY;
            v->phase = PHASE_GAP;
            v->holder = owner_of(device_of(vf));
            move->step = LOAD;
            return SETTLE_PS;
        }
        if (order == ORDER_INVALIDATE_FIRST)
            take_away(vf);
        v->phase = PHASE_DRAINING;
        command(vf, ASSIGNMENT_DRAIN);
        move->step = WAIT_DRAINED;
        return below(2) ? POLL_PS : 20 * POLL_PS;
    case WAIT_DRAINED:
        if (!is_drained(move))
            return POLL_PS;
        begin_reset(vf);
        move->step = FLR_OVER;
        return FLR_WAIT_PS;
    case FLR_OVER:
        end_reset(vf);
        move->step = LOAD;
        return SETTLE_PS;
    default:
        give(vf, move->to);
        return 0;
    }
}

static void on_move(uint32_t number)
{
    struct move *move = &state.moves[number];
    if (!move->busy) {
        for (int i = 0; i < MOVES; i++)
            if (state.moves[i].busy && state.moves[i].vf == move->vf)
                return;
        move->busy = true;
        if (!state.plan.hostile && state.vfs[move->vf].holder == move->to)
            move->to = (move->to + 1) % state.rig.shape.hosts;
    }
    uint64_t wait_ps = do_step(move);
    move->busy = wait_ps != 0;
    if (wait_ps)
        moves_later(&state.rig, state.rig.sim.now_ps + wait_ps, MOVING, number);
}

static void cut_or_release(uint32_t h, uint32_t d)
{
    const bool cut = !state.cut_ps[h][d];
    switch_fault_contain(&state.rig.sw, h, d, cut);
    state.cut_ps[h][d] = cut ? state.rig.sim.now_ps : 0;
}

static void on_event(void *self, uint32_t what, uint64_t b)
{
    (void)self;
    if (what == SENDING && b < state.rig.shape.hosts)
        host_sends((uint32_t)b);
    else if (what == SENDING)
        device_sends((uint32_t)b - state.rig.shape.hosts);
    else if (what == ANSWERING)
        answer((uint32_t)(b & 0xff), (uint32_t)(b >> 8));
    else if (what == CUTTING)
        cut_or_release((uint32_t)(b & 0xff), (uint32_t)(b >> 8));
    else
        on_move((uint32_t)b);
}

/* ---- cases ---- */

static struct moves_shape random_shape(void)
{
    struct moves_shape shape = {.hosts = 2 + below(MOVES_HOSTS - 1),
                                .devices = 1 + below(MOVES_DEVICES),
                                .credits = 2 + below(15),
                                .proxy_tags = 2 + below(6),
                                .cut_through = below(2),
                                .voq = below(2),
                                .pipelined = below(2)};
    for (uint32_t d = 0; d < shape.devices; d++) {
        shape.owner[d] = below(shape.hosts);
        shape.vfs[d] = 1 + below(MOVES_VFS);
        shape.far[d] = below(2);
        shape.cam[d] = below(2) ? shape.vfs[d] : 1 + below(shape.vfs[d]);
    }
    return shape;
}

static void begin_case(const struct plan *plan, uint64_t number)
{
    const struct moves_ops ops = {.on_arrival = on_arrival, .on_event = on_event};
    state.plan = *plan;
    state.case_number = number;
    state.random = number * 4 + plan->order;
    state.owner = (struct request_owner){on_done, NULL};
    memset(state.origins, 0, sizeof state.origins);
    memset(state.moves, 0, sizeof state.moves);
    memset(state.cut_ps, 0, sizeof state.cut_ps);
    const struct moves_shape shape = random_shape();
    moves_rig_init(&state.rig, &shape, &ops);
    for (uint32_t vf = 0; vf < state.rig.n_vfs; vf++) {
        state.vfs[vf] = (struct oracle_vf){.programmer = (int)owner_of(device_of(vf)),
                                           .holder = owner_of(device_of(vf)),
                                           .stale_host = NOBODY};
        if (below(3))
            give(vf, below(shape.hosts));
    }
    const uint32_t ports = shape.hosts + shape.devices;
    for (int i = 0; i < SENDS; i++)
        moves_later(&state.rig, 1 + below(LENGTH_PS), SENDING, below(ports));
    for (uint32_t i = 0; i < MOVES; i++) {
        state.moves[i] = (struct move){.vf = below(state.rig.n_vfs), .to = below(shape.hosts)};
        moves_later(&state.rig, 1 + below(LENGTH_PS / 2), MOVING, i);
    }
    for (int i = 0; plan->cuts && i < CUTS; i++)
        moves_later(&state.rig, 1 + below(LENGTH_PS), CUTTING,
                    (uint64_t)below(shape.devices) << 8 | below(shape.hosts));
}

/* What was asked and not answered. */
static void count_lost(void)
{
    struct request_pool *requests = &state.rig.fabric.requests;
    for (uint32_t at = 1; at < requests->fresh; at++) {
        if (!state.origins[at].live)
            continue;
        struct request *request = request_get(requests, at);
        state.totals.lost++;
        state.origins[at].live = false;
        request_expire(request, request->issued_ps, 1, TLP_TIMEOUT);
        request_give_back(requests, at);
    }
}

static void run_case(const struct plan *plan, uint64_t number)
{
    const struct pcie_switch *sw = &state.rig.sw;
    struct totals *totals = &state.totals;
    const uint64_t before = totals->violations;
    begin_case(plan, number);
    CU_ASSERT_EQUAL_FATAL(sim_run(&state.rig.sim, UINT64_MAX), SIM_EMPTY);
    count_lost();
    totals->undrained += sw->undrained;
    totals->astray += sw->astray;
    totals->stale += sw->stale;
    totals->dropped += sw->dropped;
    totals->unsupported += sw->unsupported;
    totals->refused += sw->dropped + sw->unsupported;
    totals->blocked += sw->blocked;
    if (plan->order == ORDER_CORRECT) {
        CU_ASSERT(moves_rig_is_conserved(&state.rig));
        CU_ASSERT_EQUAL(sw->astray, 0);
        CU_ASSERT_EQUAL(totals->violations, before);
    }
    moves_rig_fini(&state.rig);
}

static uint64_t cases_wanted(void)
{
    const char *text = getenv("ISOLATION_CASES");
    uint64_t cases = text ? strtoull(text, NULL, 10) : 0;
    return cases ? cases : CASES;
}

static void nobody_reaches_what_the_assignment_does_not_give(void)
{
    const uint64_t cases = cases_wanted();
    state.totals = (struct totals){0};
    state.verbose = true;
    moves_rig_enter();
    for (uint64_t i = 0; i < cases; i++) {
        const struct plan plan = {.hostile = true, .forges = i % 4 == 0, .cuts = i % 3 == 0};
        run_case(&plan, i);
    }
    moves_rig_exit();
    CU_ASSERT_EQUAL(state.totals.violations, 0);
    CU_ASSERT(state.totals.delivered > 50 * cases); /* all of this happens often */
    CU_ASSERT(state.totals.refused > 5 * cases);
    CU_ASSERT(state.totals.moved > cases);
    CU_ASSERT(state.totals.blocked > cases);
}

/* ---- the order of steps ---- */

static struct totals run_order(enum order order)
{
    state.totals = (struct totals){0};
    state.verbose = order == ORDER_CORRECT;
    for (uint64_t i = 0; i < ORDERLY_CASES; i++) {
        const struct plan plan = {.order = order};
        run_case(&plan, i);
    }
    CU_ASSERT(state.totals.moved > ORDERLY_CASES);
    return state.totals;
}

static void the_right_order_counts_nothing_and_wrong_ones_do(void)
{
    moves_rig_enter();
    const struct totals correct = run_order(ORDER_CORRECT);
    CU_ASSERT_EQUAL(correct.violations, 0);
    CU_ASSERT_EQUAL(correct.lost, 0);
    CU_ASSERT_EQUAL(correct.undrained, 0);
    CU_ASSERT_EQUAL(correct.astray, 0);
    CU_ASSERT_EQUAL(correct.stale, 0);
    CU_ASSERT_EQUAL(correct.unexpected, 0);
    CU_ASSERT_EQUAL(correct.dropped, 0);
    CU_ASSERT_EQUAL(correct.unsupported, 0);
    /* DMA and accesses of lent VFs go to the Owner or nobody, their completions too. */
    const struct totals first = run_order(ORDER_INVALIDATE_FIRST);
    CU_ASSERT(first.violations > 0);
    CU_ASSERT(first.astray > 0);
    CU_ASSERT(first.dropped > 0);
    CU_ASSERT(first.lost > 0);
    /* The VF goes on with what its old User told it. */
    const struct totals no_flr = run_order(ORDER_NO_FLR);
    CU_ASSERT(no_flr.undrained > 0);
    CU_ASSERT(no_flr.foreign_dma > 0);
    /* The old User reaches the new one's VF, which answers the new one. */
    const struct totals stale = run_order(ORDER_STALE_ENTRY);
    CU_ASSERT(stale.violations > 0);
    CU_ASSERT(stale.astray > 0);
    CU_ASSERT(stale.unexpected > 0);
    CU_ASSERT(stale.lost > 0);
    moves_rig_exit();
}

void suite_isolation_moves(void)
{
    CU_pSuite suite = CU_add_suite("isolation_moves", NULL, NULL);

    CU_add_test(suite, "nobody reaches what the assignment does not give",
                nobody_reaches_what_the_assignment_does_not_give);
    CU_add_test(suite, "the right order counts nothing and wrong ones do",
                the_right_order_counts_nothing_and_wrong_ones_do);
}
