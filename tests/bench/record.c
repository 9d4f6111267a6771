/* record.c - what a real run asks of its event queue, without a word from the kernel: a shim in
 * front of every component sees each event that is taken and, by the kernel's sequence number, how
 * many its handler has pushed. Since every event bears its own sequence number, those that are
 * taken later, or are left in the queue at the end, tell what was pushed when. */
#include "bench.h"

#include "base/check.h"
#include "run/build.h"

#include <stdio.h>
#include <stdlib.h>

struct recorder {
    struct event *by_sequence; /* [capacity]; event of sequence number s at s - 1 */
    uint64_t *pushed;          /* [limit + 1]: events pushed up to the end of each step */
    size_t capacity;
    uint32_t steps, limit;
};

struct shim {
    struct component component;
    struct component *real;
    struct recorder *recorder;
};

static void *allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count ? count : 1, bytes);
    CHECK(memory);
    return memory;
}

static void note(struct recorder *recorder, const struct event *event)
{
    const uint64_t sequence = event->order & ((UINT64_C(1) << EVENT_SEQUENCE_BITS) - 1);
    while (sequence > recorder->capacity) {
        const size_t more = 2 * recorder->capacity + 1;
        recorder->by_sequence =
            realloc(recorder->by_sequence, more * sizeof *recorder->by_sequence);
        CHECK(recorder->by_sequence);
        recorder->capacity = more;
    }
    recorder->by_sequence[sequence - 1] = *event;
}

static void on_event(struct component *self, struct sim *sim, const struct event *event)
{
    const struct shim *shim = (const struct shim *)self;
    struct recorder *recorder = shim->recorder;
    /* A tick is not in the queue: what it pushes counts as pushed by the event before. */
    const bool is_tick = !(event->order & ((UINT64_C(1) << EVENT_SEQUENCE_BITS) - 1));
    if (!is_tick)
        note(recorder, event);
    shim->real->handle(shim->real, sim, event);
    recorder->steps += !is_tick;
    recorder->pushed[recorder->steps] = sim->sequence;
    if (recorder->steps == recorder->limit)
        sim_stop(sim);
}

/* Runs @model with a shim in front of every component. */
static void observe(struct model *model, struct recorder *recorder)
{
    struct sim *sim = &model->sim;
    struct component **real = allocate(sim->n_components, sizeof(struct component *));
    struct shim *shims = allocate(sim->n_components, sizeof *shims);
    for (uint32_t i = 0; i < sim->n_components; i++) {
        real[i] = sim->components[i];
        if (!real[i])
            continue;
        shims[i] = (struct shim){.component = *real[i], .real = real[i], .recorder = recorder};
        shims[i].component.handle = on_event;
        sim->components[i] = &shims[i].component;
    }
    traffic_start(&model->traffic);
    recorder->pushed[0] = sim->sequence;
    CHECK(sim_run(sim, UINT64_MAX) == SIM_STOPPED);
    for (uint32_t i = 0; i < sim->n_components; i++)
        sim->components[i] = real[i];
    free(real);
    free(shims);
    struct event event;
    while (eventq_pop(&sim->queue, &event))
        note(recorder, &event);
}

bool recording_make(struct recording *out, const char *path, uint32_t n_steps)
{
    struct config *config = NULL;
    struct model *model = allocate(1, sizeof *model);
    struct err err = {0};
    const bool good =
        config_load(path, 0, NULL, &config, &err) && model_build(config, false, 0, model, &err);
    if (good) {
        struct recorder recorder = {.capacity = n_steps, .limit = n_steps};
        recorder.by_sequence = allocate(recorder.capacity, sizeof *recorder.by_sequence);
        recorder.pushed = allocate((size_t)n_steps + 1, sizeof *recorder.pushed);
        observe(model, &recorder);
        model_free(model);
        *out = (struct recording){
            .events = recorder.by_sequence, .pushed = recorder.pushed, .n_steps = n_steps};
        snprintf(out->name, sizeof out->name, "%s", config->name);
    } else {
        err_print(&err, stderr);
    }
    config_free(config);
    free(model);
    return good;
}

void recording_fini(struct recording *recording)
{
    free(recording->events);
    free(recording->pushed);
}

double recording_pending(const struct recording *recording)
{
    double sum = 0;
    for (uint32_t step = 0; step < recording->n_steps; step++)
        sum += (double)(recording->pushed[step] - step);
    return sum / recording->n_steps;
}
