#include "host/manager.h"

#include "base/check.h"
#include "host/messages.h"

const char *manager_step_name(enum manager_step step)
{
    static const char *const names[MANAGER_STEPS] = {
        "notify",     "unbind", "stop",     "drain",   "flr",
        "invalidate", "load",   "presence", "hot_add", "driver",
    };
    return names[step];
}

/* ---- orders to the hardware ---- */

enum act {
    STOP,
    IN_FLIGHT,
    RESET,
    INVALIDATE,
    LOAD,
    SET_CARD,
    PRESS_BUTTON,
    IS_OFF,
    BOOTED,
    MOVING
};

struct order {
    const struct pool_control *control;
    enum act act;
    uint32_t vf, host, slot, function, move;
    bool present;
};

static void carry_out(void *target, struct plane_access *access)
{
    const struct order *o = target;
    const struct pool_control *c = o->control;
    switch (o->act) {
    case STOP:
        c->stop(c->self, o->vf);
        return;
    case IN_FLIGHT:
        access->value = c->in_flight(c->self, o->vf);
        return;
    case RESET:
        c->reset(c->self, o->vf);
        return;
    case INVALIDATE:
        c->invalidate(c->self, o->vf);
        return;
    case LOAD:
        c->load(c->self, o->vf, o->host, o->slot, o->function);
        return;
    case SET_CARD:
        c->set_card(c->self, o->host, o->slot, o->present);
        return;
    case PRESS_BUTTON:
        c->press_button(c->self, o->host, o->slot);
        return;
    case IS_OFF:
        access->value = c->is_off(c->self, o->host, o->slot);
        return;
    case BOOTED:
        c->booted(c->self);
        return;
    case MOVING:
        c->moving(c->self, o->move);
        return;
    }
}

/* Who works on what: the actor, and the move's record (NULL: boot). */
struct work {
    struct plane_actor *self;
    struct manager *manager;
    struct manager_move *move;
};

static uint64_t give(const struct work *work, struct order order)
{
    order.control = &work->manager->control;
    plane_compute(work->self, work->manager->access_ps);
    return plane_call(work->self, carry_out, &order, 0);
}

static void for_vfs(const struct work *work, const struct manager_slot *slot, enum act act)
{
    for (uint32_t i = 0; i < slot->n_vfs; i++)
        give(work, (struct order){.act = act, .vf = slot->vfs[i]});
}

static void load_from(const struct work *work, const struct manager_slot *slot, uint32_t first)
{
    for (uint32_t i = first; i < slot->n_vfs; i++)
        give(work, (struct order){.act = LOAD,
                                  .vf = slot->vfs[i],
                                  .host = slot->host,
                                  .slot = slot->slot,
                                  .function = i});
}

static void set_card(const struct work *work, const struct manager_slot *slot, bool present)
{
    give(work, (struct order){
                   .act = SET_CARD, .host = slot->host, .slot = slot->slot, .present = present});
}

static _Noreturn void fail(const struct work *work, const struct manager_slot *slot,
                           const char *what)
{
    struct err err;
    err_at(&err, NULL, "pool manager: slot %u of host %u %s", slot->slot, slot->host, what);
    plane_fail(work->self, &err);
}

/* ---- time ---- */

static void begin(const struct work *work, enum manager_step step)
{
    work->move->record.begin_ps[step] = plane_now_ps(work->self);
}

static void end(const struct work *work, enum manager_step step)
{
    work->move->record.end_ps[step] = plane_now_ps(work->self);
}

/* ---- taking a slot out of use ---- */

static bool is_off(const struct work *work, const struct manager_slot *slot)
{
    return give(work, (struct order){.act = IS_OFF, .host = slot->host, .slot = slot->slot});
}

/* The host's hot-plug driver turns the slot off, which the hardware tells. */
static void wait_for_power_off(const struct work *work, const struct manager_slot *slot)
{
    const struct manager *manager = work->manager;
    uint64_t limit_ps = plane_now_ps(work->self) + manager->power_limit_ps;
    while (!is_off(work, slot)) {
        uint64_t now_ps = plane_now_ps(work->self);
        if (now_ps >= limit_ps)
            fail(work, slot, "was asked to be let go of, but stays on");
        plane_wait_interrupt(work->self, manager->slot_vector, limit_ps - now_ps);
    }
}

/* Takes the next message to heart: it may be of another slot than the one waited for. False when
 * none comes. */
static bool take_message(const struct work *work, uint64_t patience_ps)
{
    struct manager *manager = work->manager;
    struct plane_message message;
    if (!plane_receive(work->self, patience_ps, &message))
        return false;
    manager->pfs_ready += message.kind == NOTE_PF_READY;
    manager->hosts_up += message.kind == NOTE_HOST_UP;
    for (uint32_t s = 0; s < manager->n_slots; s++) {
        struct manager_slot *slot = &manager->slots[s];
        if (message.argument[0] != slot->host || message.argument[1] != slot->slot)
            continue;
        if (message.kind == NOTE_SLOT_DOWN)
            slot->is_down = true;
        if (message.kind != NOTE_SLOT_UP)
            continue;
        slot->is_up = true;
        slot->added_ps[0] = message.argument[2];
        slot->added_ps[1] = message.argument[3];
    }
    return true;
}

static void wait_until(const struct work *work, struct manager_slot *slot, bool *what)
{
    while (!*what)
        if (!take_message(work, work->manager->power_limit_ps))
            fail(work, slot, "does not answer");
    *what = false;
}

/* Tells a slot's host, or just takes the card. */
static void notify(const struct work *work, const struct manager_slot *slot)
{
    const struct plane_message message = {
        .kind = NOTE_UNBIND, .bytes = NOTE_BYTES, .argument = {slot->slot}};
    if (slot->n_vfs == 0)
        return;
    switch (work->move->order) {
    case MANAGER_GRACEFUL:
        give(work, (struct order){.act = PRESS_BUTTON, .host = slot->host, .slot = slot->slot});
        return;
    case MANAGER_IMMEDIATE:
        plane_send(work->self, slot->agent, &message);
        return;
    case MANAGER_SURPRISE:
        set_card(work, slot, false);
        return;
    }
}

static void wait_for_unbind(const struct work *work, struct manager_slot *slot)
{
    if (slot->n_vfs == 0)
        return;
    if (work->move->order == MANAGER_GRACEFUL)
        wait_for_power_off(work, slot);
    else
        wait_until(work, slot, &slot->is_down);
    set_card(work, slot, false);
}

/* The hosts let go of both slots, or find their cards gone. */
static void take_out(const struct work *work, struct manager_slot *from, struct manager_slot *to)
{
    begin(work, MANAGER_NOTIFY);
    notify(work, from);
    notify(work, to);
    end(work, MANAGER_NOTIFY);
    if (work->move->order == MANAGER_SURPRISE)
        return;
    begin(work, MANAGER_UNBIND);
    wait_for_unbind(work, from);
    wait_for_unbind(work, to);
    end(work, MANAGER_UNBIND);
}

static uint32_t in_flight(const struct work *work, const struct manager_slot *slot)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < slot->n_vfs; i++)
        sum += (uint32_t)give(work, (struct order){.act = IN_FLIGHT, .vf = slot->vfs[i]});
    return sum;
}

/* Of both slots: what stays in @to is reset when its card comes back, since that powers it up. */
static void drain(const struct work *work, const struct manager_slot *from,
                  const struct manager_slot *to)
{
    struct manager_record *record = &work->move->record;
    uint64_t limit_ps = plane_now_ps(work->self) + work->manager->drain_limit_ps;
    begin(work, MANAGER_DRAIN);
    uint32_t left = in_flight(work, from) + in_flight(work, to);
    record->in_flight += left;
    while (left && plane_now_ps(work->self) < limit_ps) {
        plane_sleep(work->self, work->manager->poll_ps);
        left = in_flight(work, from) + in_flight(work, to);
    }
    record->abandoned += left;
    end(work, MANAGER_DRAIN);
}

static void reset(const struct work *work, const struct manager_slot *slot)
{
    begin(work, MANAGER_FLR);
    for_vfs(work, slot, RESET);
    plane_sleep(work->self, work->manager->flr_ps);
    end(work, MANAGER_FLR);
}

static void invalidate(const struct work *work, const struct manager_slot *slot)
{
    begin(work, MANAGER_INVALIDATE);
    for_vfs(work, slot, INVALIDATE);
    end(work, MANAGER_INVALIDATE);
}

/* Makes the slot's VFs nobody's. */
static void release(const struct work *work, const struct manager_slot *from,
                    const struct manager_slot *to)
{
    enum manager_fault fault = work->move->fault;
    begin(work, MANAGER_STOP);
    for_vfs(work, from, STOP);
    end(work, MANAGER_STOP);
    if (fault != MANAGER_NO_DRAIN)
        drain(work, from, to);
    if (fault != MANAGER_NO_FLR)
        reset(work, from);
    if (fault != MANAGER_STALE_ENTRY && fault != MANAGER_INVALIDATE_FIRST)
        invalidate(work, from);
}

/* ---- putting it into use ---- */

/* Hands the move's VFs over from one slot's list to the other's. */
static void hand_over(const struct manager_move *move, struct manager_slot *from,
                      struct manager_slot *to)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < from->n_vfs; i++) {
        const uint32_t vf = from->vfs[i];
        if (vf - move->vf < move->n_vfs)
            to->vfs[to->n_vfs++] = vf;
        else
            from->vfs[kept++] = vf;
    }
    CHECK(kept + move->n_vfs == from->n_vfs);
    from->n_vfs = kept;
}

static void put_in(const struct work *work, const struct manager_slot *slot)
{
    if (slot->n_vfs)
        set_card(work, slot, true);
}

/* The drivers of a slot's host are up when it says so. */
static void wait_for_use(const struct work *work, struct manager_slot *slot)
{
    if (slot->n_vfs)
        wait_until(work, slot, &slot->is_up);
}

/* As the new User's own account has it. */
static void record_use(const struct work *work, const struct manager_slot *slot)
{
    struct manager_record *record = &work->move->record;
    record->begin_ps[MANAGER_HOT_ADD] = slot->added_ps[0];
    record->end_ps[MANAGER_HOT_ADD] = slot->added_ps[1];
    record->begin_ps[MANAGER_DRIVER] = slot->added_ps[1];
    end(work, MANAGER_DRIVER);
}

static struct manager_slot *slot_of(struct manager *manager, uint32_t vf)
{
    for (uint32_t s = 0; s < manager->n_slots; s++)
        for (uint32_t i = 0; i < manager->slots[s].n_vfs; i++)
            if (manager->slots[s].vfs[i] == vf)
                return &manager->slots[s];
    return NULL;
}

static void do_move(const struct work *work)
{
    struct manager_move *move = work->move;
    struct manager_slot *from = slot_of(work->manager, move->vf);
    struct manager_slot *to = &work->manager->slots[move->to];
    CHECK(from && from != to);
    move->from = (uint32_t)(from - work->manager->slots);
    give(work, (struct order){.act = MOVING, .move = (uint32_t)(move - work->manager->moves)});
    if (move->fault == MANAGER_INVALIDATE_FIRST)
        invalidate(work, from);
    take_out(work, from, to);
    release(work, from, to);
    hand_over(move, from, to);
    begin(work, MANAGER_LOAD);
    load_from(work, from, 0);
    load_from(work, to, to->n_vfs - move->n_vfs);
    end(work, MANAGER_LOAD);
    begin(work, MANAGER_PRESENCE);
    put_in(work, to);
    put_in(work, from);
    end(work, MANAGER_PRESENCE);
    wait_for_use(work, to);
    record_use(work, to);
    wait_for_use(work, from);
    move->record.done = true;
}

/* ---- the actor ---- */

static void wait_for_pfs(const struct work *work)
{
    while (work->manager->pfs_ready < work->manager->n_pfs)
        take_message(work, PLANE_FOREVER);
}

static void wait_for_hosts(const struct work *work)
{
    while (work->manager->hosts_up < work->manager->n_hosts)
        take_message(work, PLANE_FOREVER);
}

/* Lends what is lent at boot, and waits until it is in use. */
static void lend(const struct work *work)
{
    struct manager *manager = work->manager;
    manager->lend_ps = plane_now_ps(work->self);
    for (uint32_t s = 0; s < manager->n_slots; s++)
        load_from(work, &manager->slots[s], 0);
    for (uint32_t s = 0; s < manager->n_slots; s++)
        put_in(work, &manager->slots[s]);
    manager->lent_ps = plane_now_ps(work->self);
    for (uint32_t s = 0; s < manager->n_slots; s++)
        wait_for_use(work, &manager->slots[s]);
}

void manager_run(struct plane_actor *self, void *argument)
{
    struct manager *manager = argument;
    struct work work = {self, manager, NULL};
    wait_for_pfs(&work);
    lend(&work);
    wait_for_hosts(&work);
    manager->booted_ps = plane_now_ps(self);
    give(&work, (struct order){.act = BOOTED});
    const struct plane_message booted = {.kind = NOTE_BOOTED, .bytes = NOTE_BYTES};
    if (manager->listener)
        plane_send(self, manager->listener, &booted);
    for (uint32_t m = 0; m < manager->n_moves; m++) {
        work.move = &manager->moves[m];
        uint64_t due_ps = manager->booted_ps + work.move->at_ps;
        if (due_ps > plane_now_ps(self))
            plane_sleep(self, due_ps - plane_now_ps(self));
        do_move(&work);
    }
}
