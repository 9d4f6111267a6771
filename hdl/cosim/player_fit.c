/* Whether the module is as large as the record asks, and does what the record's switch does; and
 * whether its buffers hold what waits in them: it stalls when they are full, as the simulator's
 * switch, which trusts in credits, never does. */
#include "player.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TO_BUFFER_CYCLES = 5 };

/* ---- sizes ---- */

static bool count_ports(const struct record *record, const struct player_module *module,
                        struct player_ports *ports, struct err *err)
{
    *ports = (struct player_ports){.n_up = module->up};
    for (uint32_t p = 0; p < record->n_ports; p++) {
        if (!record->ports[p].is_device && ports->n_devices)
            return err_at(err, NULL, "%s: a host's port behind a device's", record->path);
        ports->n_hosts += !record->ports[p].is_device;
        ports->n_devices += record->ports[p].is_device;
    }
    if (ports->n_hosts > module->up || ports->n_devices > module->down)
        return err_at(err, NULL,
                      "%s: the module has %" PRIu32 " upstream and %" PRIu32
                      " downstream ports, too few: make hdl-cosim COSIM_UP=%" PRIu32
                      " COSIM_DOWN=%" PRIu32,
                      record->path, module->up, module->down, ports->n_hosts, ports->n_devices);
    return true;
}

/* The highest tag under which a request of a host has been passed on. */
static bool check_tag(const struct record *record, const struct player_module *module,
                      const struct record_event *event, struct err *err)
{
    const struct mark mark = record_mark(record, event);
    struct tlp_header header;
    if (event->kind != RECORD_STEER || record->ports[event->port].is_device)
        return true;
    CHECK(record_unpack_header(event->tlp.header, &header));
    return tlp_header_kinds[header.kind].family != FAMILY_CONFIG || header.tag < module->tags ||
           record->ports[event->tlp.egress].owner_port == event->port ||
           err_at(err, &mark,
                  "tag %u is none of the module's, which has %" PRIu32
                  ": make hdl-cosim COSIM_TAGS=...",
                  (unsigned)header.tag, module->tags);
}

static bool check_event(const struct record *record, const struct player_module *module,
                        const struct record_event *event, struct err *err)
{
    const struct mark mark = record_mark(record, event);
    if (event->kind == RECORD_CLOSE)
        return err_at(err, &mark, "the module knows of no faults that close a way");
    if (event->kind == RECORD_COMMAND && event->command.vf >= module->functions)
        return err_at(err, &mark,
                      "VF %u is none of the module's, which has %" PRIu32
                      ": make hdl-cosim COSIM_FUNCTIONS=..., a power of two",
                      (unsigned)event->command.vf, module->functions);
    return check_tag(record, module, event, err);
}

bool player_fits(const struct record *record, const struct player_module *module,
                 struct player_ports *out_ports, struct err *err)
{
    if (record->datapath_bytes != module->datapath_bytes)
        return err_at(err, NULL, "%s: the module's data path is of %" PRIu32 " bytes, not %" PRIu32,
                      record->path, module->datapath_bytes, record->datapath_bytes);
    if (record->mps_bytes > module->beats * module->datapath_bytes)
        return err_at(err, NULL,
                      "%s: the module's buffers are for TLPs of %" PRIu32
                      " beats: make hdl-cosim COSIM_BEATS=%" PRIu32,
                      record->path, module->beats, record->mps_bytes / module->datapath_bytes);
    for (size_t i = 0; i < record->n_events; i++)
        if (!check_event(record, module, &record->events[i], err))
            return false;
    return count_ports(record, module, out_ports, err);
}

/* ---- buffers ---- */

struct step { /* of how many there are at an ingress */
    uint64_t cycle;
    int32_t by;
    uint16_t port;
};

struct steps {
    struct step *step;
    size_t n;
};

static int compare_steps(const void *a, const void *b)
{
    const struct step *x = a, *y = b;
    if (x->port != y->port)
        return x->port < y->port ? -1 : 1;
    if (x->cycle != y->cycle)
        return x->cycle < y->cycle ? -1 : 1;
    return (x->by > y->by) - (x->by < y->by);
}

/* The most that there are at once at any port. */
static uint32_t most_of(struct steps *steps, uint16_t *out_port)
{
    int32_t now = 0, most = 0;
    *out_port = 0;
    if (steps->n)
        qsort(steps->step, steps->n, sizeof *steps->step, compare_steps);
    for (size_t i = 0; i < steps->n; i++) {
        if (i == 0 || steps->step[i].port != steps->step[i - 1].port)
            now = 0;
        now += steps->step[i].by;
        if (now > most) {
            most = now;
            *out_port = steps->step[i].port;
        }
    }
    return (uint32_t)most;
}

static void add(struct steps *steps, uint16_t port, uint64_t cycle, int32_t by)
{
    steps->step[steps->n++] = (struct step){cycle, by, port};
}

/* How a TLP ended in the switch, or that another one goes on in its place. */
static bool ends(const struct record_event *event)
{
    return event->kind == RECORD_ANSWER || event->kind == RECORD_DROP ||
           event->kind == RECORD_TAKE || event->kind == RECORD_MAKE;
}

static bool waits_as_answer(const struct record_event *event)
{
    return event->kind == RECORD_ANSWER || event->kind == RECORD_MAKE;
}

/* A TLP takes a slot from its first beat in to its last beat out; an answer waits from when it is
 * made. */
static void count(const struct record *record, struct steps *slots, struct steps *answers)
{
    const struct record_event **in = calloc((size_t)record->n_serials + 1, sizeof *in);
    const struct record_event **ended = calloc((size_t)record->n_serials + 1, sizeof *ended);
    CHECK(in && ended);
    for (size_t i = 0; i < record->n_events; i++) {
        const struct record_event *event = &record->events[i];
        if (event->kind == RECORD_IN)
            in[event->tlp.serial] = event;
        else if (ends(event))
            ended[event->tlp.serial] = event;
    }
    for (uint32_t s = 1; s <= record->n_serials; s++)
        if (ended[s] && waits_as_answer(ended[s]))
            add(answers, ended[s]->port, ended[s]->cycle, 1);
        else if (!ended[s] && in[s])
            add(slots, in[s]->port, in[s]->cycle + TO_BUFFER_CYCLES, 1);
    for (size_t i = 0; i < record->n_events; i++) {
        const struct record_event *event = &record->events[i];
        struct tlp_header header;
        if (event->kind != RECORD_OUT)
            continue;
        CHECK(record_unpack_header(event->tlp.header, &header));
        const struct record_event *end = ended[event->tlp.serial];
        if (end)
            add(answers, end->port, event->cycle, -1);
        else if (in[event->tlp.serial])
            add(slots, in[event->tlp.serial]->port,
                event->cycle + record_beats(record, &header) - 1, -1);
    }
    free(in);
    free(ended);
}

bool player_has_room(const struct record *record, const struct player_module *module,
                     struct err *err)
{
    struct steps taken = {calloc(2 * record->n_events + 1, sizeof *taken.step), 0};
    struct steps waiting = {calloc(2 * record->n_events + 1, sizeof *waiting.step), 0};
    uint16_t slots_port, answers_port;
    CHECK(taken.step && waiting.step);
    count(record, &taken, &waiting);
    const uint32_t most_taken = most_of(&taken, &slots_port);
    const uint32_t most_waiting = most_of(&waiting, &answers_port);
    free(taken.step);
    free(waiting.step);
    if (most_taken > module->slots)
        return err_at(err, NULL,
                      "%s: %" PRIu32 " TLPs wait in port %u's receive buffer, which holds %" PRIu32
                      " in the module: make hdl-cosim COSIM_SLOTS=..., a power of two",
                      record->path, most_taken, (unsigned)slots_port, module->slots);
    if (most_waiting > module->answers)
        return err_at(err, NULL,
                      "%s: %" PRIu32
                      " completions and TLPs of the switch's own wait at port %u, which holds "
                      "%" PRIu32 " in the module: make hdl-cosim COSIM_ANSWERS=...",
                      record->path, most_waiting, (unsigned)answers_port, module->answers);
    return true;
}
