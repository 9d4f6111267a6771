/* The wrappers that actors block in. */
#include "base/check.h"
#include "host/plane_actor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t second_ps = UINT64_C(1000000000000);

/* ---- actors ---- */

static void run_actor(void *argument)
{
    struct plane_actor *self = argument;
    struct plane *plane = self->plane;
    self->code(self, self->argument);
    self->finished = true;
    if (self->daemon)
        return;
    plane->unfinished--;
    if (plane->finished_ps < engine_now_ps())
        plane->finished_ps = engine_now_ps();
}

struct plane_actor *plane_spawn(struct plane *plane, uint32_t host, const char *name, bool daemon,
                                void (*code)(struct plane_actor *self, void *argument),
                                void *argument)
{
    struct plane_actor *actor = calloc(1, sizeof *actor);
    uint32_t n = plane->n_actors + 1;
    plane->actors = realloc(plane->actors, n * sizeof(struct plane_actor *));
    plane->busy_ps = realloc(plane->busy_ps, n * sizeof *plane->busy_ps);
    CHECK(actor && plane->actors && plane->busy_ps && host < plane->n_hosts);
    actor->plane = plane;
    actor->name = name;
    actor->host = host;
    actor->number = plane->n_actors;
    actor->daemon = daemon;
    actor->code = code;
    actor->argument = argument;
    actor->hash = UINT64_C(0xcbf29ce484222325);
    plane->actors[actor->number] = actor;
    plane->busy_ps[actor->number] = UINT64_MAX;
    plane->n_actors = n;
    if (!daemon) {
        plane->unfinished++;
        plane->told_finished = false;
    }
    plane->has_spawned = true;
    actor->thread = engine_spawn(plane->engine, host, name, run_actor, actor);
    return actor;
}

uint64_t plane_now_ps(const struct plane_actor *self)
{
    (void)self;
    return engine_now_ps();
}

uint32_t plane_host_of(const struct plane_actor *self)
{
    return self->host;
}

const char *plane_name_of(const struct plane_actor *self)
{
    return self->name;
}

static void go_on(struct plane_actor *self)
{
    self->hash = plane_mix(plane_mix(self->hash, self->wait), engine_now_ps());
    self->wait = PLANE_RUNS;
}

/* Until wake(). */
static void block(struct plane_actor *self, enum plane_wait wait, uint32_t what, uint64_t at)
{
    self->wait = wait;
    self->wait_for = what;
    self->wait_at = at;
    self->timed_out = false;
    engine_block(self->thread);
    go_on(self);
}

/* SimGrid lets time pass until @end_ps at least. */
static void begin_busy(struct plane_actor *self, enum plane_wait wait, uint64_t end_ps)
{
    self->wait = wait;
    self->wait_at = end_ps;
    self->plane->busy_ps[self->number] = end_ps;
}

static void end_busy(struct plane_actor *self)
{
    self->plane->busy_ps[self->number] = UINT64_MAX;
    go_on(self);
}

/* ---- accesses ---- */

static struct plane_access *take_access(struct plane_actor *self, enum plane_access_kind kind,
                                        uint64_t address, uint8_t bytes, uint64_t value)
{
    struct plane *plane = self->plane;
    if (!plane->free_access) {
        struct plane_access_slot *slot = calloc(1, sizeof *slot);
        CHECK(slot);
        slot->older = plane->accesses;
        slot->access.number = slot->older ? slot->older->access.number + 1 : 0;
        plane->accesses = slot;
        plane->free_access = &slot->access;
    }
    struct plane_access *access = plane->free_access;
    plane->free_access = access->next;
    *access = (struct plane_access){
        .number = access->number,
        .address = address,
        .value = value,
        .kind = kind,
        .host = self->host,
        .bytes = bytes,
        .actor = self,
    };
    return access;
}

void plane_give_back(struct plane *plane, struct plane_access *access)
{
    access->next = plane->free_access;
    plane->free_access = access;
}

/* Waits for the access's end; returns its value, or all ones of its width. */
static uint64_t finish(struct plane_actor *self, struct plane_access *access)
{
    plane_submit(self, access);
    block(self, PLANE_WAITS_ANSWER, access->kind, access->address);
    uint64_t value = access->value;
    if (access->failed)
        value = UINT64_MAX;
    if (access->bytes)
        value &= UINT64_MAX >> (64 - 8 * access->bytes);
    plane_give_back(self->plane, access);
    return value;
}

static uint64_t cfg_address(uint16_t bdf, uint16_t offset)
{
    return (uint64_t)bdf << 16 | offset;
}

uint32_t plane_cfg_read(struct plane_actor *self, uint16_t bdf, uint16_t offset, uint8_t bytes)
{
    CHECK(bytes == 1 || bytes == 2 || bytes == 4);
    return (uint32_t)finish(self,
                            take_access(self, PLANE_CFG_READ, cfg_address(bdf, offset), bytes, 0));
}

void plane_cfg_write(struct plane_actor *self, uint16_t bdf, uint16_t offset, uint8_t bytes,
                     uint32_t value)
{
    CHECK(bytes == 1 || bytes == 2 || bytes == 4);
    finish(self, take_access(self, PLANE_CFG_WRITE, cfg_address(bdf, offset), bytes, value));
}

uint64_t plane_mmio_read(struct plane_actor *self, uint64_t address, uint8_t bytes)
{
    CHECK(bytes > 0 && bytes <= 8);
    return finish(self, take_access(self, PLANE_MMIO_READ, address, bytes, 0));
}

void plane_mmio_write(struct plane_actor *self, uint64_t address, uint8_t bytes, uint64_t value)
{
    CHECK(bytes > 0 && bytes <= 8);
    plane_submit(self, take_access(self, PLANE_MMIO_WRITE, address, bytes, value));
}

uint64_t plane_call(struct plane_actor *self,
                    void (*call)(void *target, struct plane_access *access), void *target,
                    uint64_t value)
{
    struct plane_access *access = take_access(self, PLANE_CALL, 0, 0, value);
    access->call = call;
    access->self = target;
    return finish(self, access);
}

void plane_lock(struct plane_actor *self, struct plane_mutex *mutex)
{
    struct plane_access *access = take_access(self, PLANE_LOCK, 0, 0, 0);
    access->self = mutex;
    finish(self, access);
}

void plane_unlock(struct plane_actor *self, struct plane_mutex *mutex)
{
    struct plane_access *access = take_access(self, PLANE_UNLOCK, 0, 0, 0);
    access->self = mutex;
    plane_submit(self, access);
}

static uint32_t read_cfg(void *self, uint16_t bdf, uint16_t offset, uint8_t bytes)
{
    const struct plane_cfg *cfg = self;
    plane_compute(cfg->actor, cfg->compute_ps);
    return plane_cfg_read(cfg->actor, bdf, offset, bytes);
}

static void write_cfg(void *self, uint16_t bdf, uint16_t offset, uint8_t bytes, uint32_t value)
{
    const struct plane_cfg *cfg = self;
    plane_compute(cfg->actor, cfg->compute_ps);
    plane_cfg_write(cfg->actor, bdf, offset, bytes, value);
}

struct cfg_access plane_cfg_access(struct plane_cfg *cfg)
{
    return (struct cfg_access){read_cfg, write_cfg, cfg};
}

/* ---- time ---- */

void plane_sleep(struct plane_actor *self, uint64_t ps)
{
    uint64_t until_ps = engine_now_ps() + ps;
    begin_busy(self, PLANE_SLEEPS, until_ps);
    engine_sleep_until(until_ps);
    end_busy(self);
}

void plane_compute(struct plane_actor *self, uint64_t ps)
{
    if (ps == 0)
        return;
    begin_busy(self, PLANE_COMPUTES, engine_now_ps() + ps);
    engine_compute(ps);
    end_busy(self);
}

static void arm_timeout(struct plane_actor *self, uint64_t timeout_ps)
{
    struct plane *plane = self->plane;
    if (timeout_ps == PLANE_FOREVER)
        return;
    if (timeout_ps < plane->lookahead_ps)
        timeout_ps = plane->lookahead_ps;
    const struct plane_item item = {
        .time_ps = engine_now_ps() + timeout_ps,
        .order = plane_order(self->host, PLANE_TIMEOUTS, self->number),
        .sequence = ++self->sequence,
        .value = self->wait_number,
        .kind = PLANE_ITEM_TIMEOUT,
        .a = self->number,
    };
    plane_queue_push(&plane->news, &item);
}

bool plane_wait_interrupt(struct plane_actor *self, uint32_t number, uint64_t timeout_ps)
{
    struct plane_host_state *host = &self->plane->hosts[self->host];
    CHECK(number < host->params.vectors);
    struct plane_vector *vector = &host->vectors[number];
    if (!vector->raised) {
        CHECK(!vector->waits);
        vector->waits = self;
        arm_timeout(self, timeout_ps);
        block(self, PLANE_WAITS_INTERRUPT, number, 0);
    }
    bool raised = vector->raised;
    vector->raised = false;
    return raised;
}

/* ---- messages ---- */

void plane_send(struct plane_actor *self, struct plane_actor *to,
                const struct plane_message *message)
{
    struct plane *plane = self->plane;
    struct plane_letter *letter = calloc(1, sizeof *letter);
    CHECK(letter);
    letter->message = *message;
    letter->message.from = self;
    if (to->host != self->host) {
        uint64_t ps = (uint64_t)message->bytes * 8 * second_ps / plane->message_bps;
        begin_busy(self, PLANE_SENDS, engine_now_ps() + ps);
        engine_transfer(self->thread, to->host, ps);
        end_busy(self);
    }
    const struct plane_item item = {
        .time_ps = engine_now_ps() + plane->message_latency_ps,
        .order = plane_order(to->host, PLANE_MESSAGES, self->number),
        .sequence = ++self->sequence,
        .object = letter,
        .kind = PLANE_ITEM_MESSAGE,
        .a = to->number,
    };
    plane_queue_push(&plane->news, &item);
}

bool plane_receive(struct plane_actor *self, uint64_t timeout_ps, struct plane_message *out)
{
    if (!self->letters) {
        arm_timeout(self, timeout_ps);
        block(self, PLANE_WAITS_MESSAGE, 0, 0);
    }
    struct plane_letter *letter = self->letters;
    if (!letter)
        return false;
    self->letters = letter->next;
    if (!self->letters)
        self->last_letter = NULL;
    *out = letter->message;
    free(letter);
    return true;
}

/* ---- what they wait for ---- */

static void describe(const struct plane_actor *actor, FILE *out)
{
    static const char *const accesses[] = {"configuration read", "configuration write", "MMIO read",
                                           "MMIO write", "call"};
    fprintf(out, "%s on %s ", actor->name, actor->plane->hosts[actor->host].params.name);
    switch (actor->wait) {
    case PLANE_RUNS:
        fprintf(out, "runs");
        return;
    case PLANE_WAITS_ANSWER:
        fprintf(out, "waits for the end of a %s at 0x%" PRIx64, accesses[actor->wait_for],
                actor->wait_at);
        return;
    case PLANE_WAITS_INTERRUPT:
        fprintf(out, "waits for interrupt %" PRIu32, actor->wait_for);
        return;
    case PLANE_WAITS_MESSAGE:
        fprintf(out, "waits for a message");
        return;
    case PLANE_SLEEPS:
        fprintf(out, "sleeps until %" PRIu64 " ps", actor->wait_at);
        return;
    case PLANE_COMPUTES:
        fprintf(out, "computes until %" PRIu64 " ps or later", actor->wait_at);
        return;
    case PLANE_SENDS:
        fprintf(out, "sends a message until %" PRIu64 " ps or later", actor->wait_at);
        return;
    }
}

void plane_report(const struct plane *plane, FILE *out)
{
    for (uint32_t a = 0; a < plane->n_actors; a++) {
        const struct plane_actor *actor = plane->actors[a];
        if (actor->finished)
            continue;
        fprintf(out, "software: ");
        describe(actor, out);
        fprintf(out, "%s\n", actor->daemon ? " (serves others)" : "");
    }
}

void plane_fail(struct plane_actor *self, const struct err *err)
{
    struct plane *plane = self->plane;
    if (!plane->failed)
        plane->err = *err;
    plane->failed = true;
    for (;;)
        block(self, PLANE_RUNS, 0, 0);
}

bool plane_explain(const struct plane *plane, struct err *err)
{
    if (plane->failed) {
        *err = plane->err;
        return false;
    }
    char text[sizeof err->message] = "";
    FILE *out = fmemopen(text, sizeof text, "w");
    CHECK(out);
    const char *separator = "";
    for (uint32_t a = 0; a < plane->n_actors; a++) {
        const struct plane_actor *actor = plane->actors[a];
        if (actor->finished || actor->daemon)
            continue;
        fprintf(out, "%s", separator);
        describe(actor, out);
        separator = "; ";
    }
    fclose(out);
    text[sizeof text - 1] = '\0';
    return err_at(err, NULL, "software is in a deadlock: %s", text);
}
