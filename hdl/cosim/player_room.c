/* Whether the module's buffers hold what waits in them: it stalls when they are full, as the
 * simulator's switch, which trusts in credits, never does. */
#include "player.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TO_BUFFER_CYCLES = 5 };

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

/* A TLP takes a slot from its first beat in to its last beat out; an answer waits from when it is
 * made. */
static void count(const struct record *record, struct steps *slots, struct steps *answers)
{
    const struct record_event **in = calloc((size_t)record->n_serials + 1, sizeof *in);
    const struct record_event **refused = calloc((size_t)record->n_serials + 1, sizeof *refused);
    CHECK(in && refused);
    for (size_t i = 0; i < record->n_events; i++) {
        const struct record_event *event = &record->events[i];
        if (event->kind == RECORD_IN)
            in[event->tlp.serial] = event;
        else if (event->kind == RECORD_ANSWER || event->kind == RECORD_DROP)
            refused[event->tlp.serial] = event;
    }
    for (uint32_t s = 1; s <= record->n_serials; s++)
        if (in[s] && !refused[s])
            add(slots, in[s]->port, in[s]->cycle + TO_BUFFER_CYCLES, 1);
        else if (refused[s] && refused[s]->kind == RECORD_ANSWER)
            add(answers, refused[s]->port, refused[s]->cycle, 1);
    for (size_t i = 0; i < record->n_events; i++) {
        const struct record_event *event = &record->events[i];
        struct tlp_header header;
        if (event->kind != RECORD_OUT || !in[event->tlp.serial])
            continue;
        CHECK(record_unpack_header(event->tlp.header, &header));
        if (refused[event->tlp.serial])
            add(answers, refused[event->tlp.serial]->port, event->cycle, -1);
        else
            add(slots, in[event->tlp.serial]->port,
                event->cycle + record_beats(record, &header) - 1, -1);
    }
    free(in);
    free(refused);
}

bool player_has_room(const struct record *record, uint32_t slots, uint32_t answers, struct err *err)
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
    if (most_taken > slots)
        return err_at(err, NULL,
                      "%s: %" PRIu32 " TLPs wait in port %u's receive buffer, which holds %" PRIu32
                      " in the module: make hdl-cosim COSIM_SLOTS=..., a power of two",
                      record->path, most_taken, (unsigned)slots_port, slots);
    if (most_waiting > answers)
        return err_at(err, NULL,
                      "%s: %" PRIu32
                      " completions of refused requests wait at port %u, which holds "
                      "%" PRIu32 " in the module: make hdl-cosim COSIM_ANSWERS=...",
                      record->path, most_waiting, (unsigned)answers_port, answers);
    return true;
}
