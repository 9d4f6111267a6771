/* The software plane on a toy kernel whose answers depend on the order in which requests reach it:
 * both couplings give the same order and times, sums of latencies are exact, and software that
 * waits for ever is named. Not pinned: how many rounds a coupling takes. */
#include "forked.h"
#include "host/plane.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_plane(void);

enum {
    MOST_HOSTS = 5,
    MOST_ACTORS = 12,
    VECTORS = 3,
    TOY_MIN_PS = 40,
    EV_TOY_DONE = 1,
    CASES = 40
};

static const uint64_t limit_ps = 1000000;

/* ---- a toy fabric ---- */

struct toy {
    struct component component;
    struct sim sim;
    struct plane *plane;
    uint64_t count;                      /* of accesses so far: what a read returns */
    uint64_t hash;                       /* over (time, host, kind) of all accesses */
    uint64_t fixed_ps;                   /* latency of an access; 0: depends on what came before */
    struct plane_access *accesses[1024]; /* by number */
    uint32_t n_hosts;
    uint32_t order[64]; /* hosts in the order of their accesses */
    bool raises;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
    uint64_t state = hash ^ value;
    return splitmix(&state);
}

static void toy_issue(void *self, struct plane_access *access)
{
    struct toy *toy = self;
    toy->hash = mix(mix(mix(toy->hash, toy->sim.now_ps), access->host), access->kind);
    if (toy->count < 64)
        toy->order[toy->count] = access->host;
    toy->count++;
    const uint64_t latency_ps = toy->fixed_ps ? toy->fixed_ps : TOY_MIN_PS + toy->hash % 400;
    sim_at(&toy->sim, toy->sim.now_ps + latency_ps, PHASE_UPDATE, &toy->component, EV_TOY_DONE, 0,
           access->number);
    if (access->number >= 1024)
        abort();
    toy->accesses[access->number] = access;
}

static void toy_handle(struct component *self, struct sim *sim, const struct event *event)
{
    struct toy *toy = (struct toy *)self;
    struct plane_access *access = toy->accesses[event->b];
    access->failed = access->address == 0xdead;
    if (access->kind == PLANE_CFG_READ || access->kind == PLANE_MMIO_READ)
        access->value = toy->count;
    if (toy->raises)
        plane_raise(toy->plane, (uint32_t)(toy->hash % toy->n_hosts),
                    (uint32_t)(toy->hash / 7 % VECTORS), sim->now_ps + toy->hash / 31 % 2 * 25);
    plane_done(toy->plane, access, sim->now_ps + (access->address & 1));
}

struct rig {
    struct toy toy;
    uint32_t cpu_to_rc_ps[MOST_HOSTS];
    uint32_t cores;
    enum plane_coupling coupling;
    struct plane_actor *actors[MOST_ACTORS];
};

static bool rig_start(struct rig *rig, uint32_t n_hosts, struct err *err)
{
    static const char *const names[MOST_HOSTS] = {"h0", "h1", "h2", "h3", "h4"};
    struct plane_host hosts[MOST_HOSTS];
    struct toy *toy = &rig->toy;
    sim_init(&toy->sim, 2, 4096, limit_ps);
    toy->component = (struct component){.name = "toy", .handle = toy_handle};
    sim_add(&toy->sim, &toy->component, 0);
    toy->n_hosts = n_hosts;
    for (uint32_t h = 0; h < n_hosts; h++)
        hosts[h] = (struct plane_host){names[h], rig->cores ? rig->cores : 1, VECTORS,
                                       rig->cpu_to_rc_ps[h] ? rig->cpu_to_rc_ps[h] : 10};
    const struct plane_params params = {
        .hosts = hosts,
        .n_hosts = n_hosts,
        .coupling = rig->coupling,
        .io = {toy_issue, toy},
        .message_latency_ps = 700,
        .message_bps = 8000000000000U, /* a byte per ps */
    };
    toy->plane = plane_new(&toy->sim, 1, &params, err);
    return toy->plane;
}

static void rig_end(struct rig *rig)
{
    plane_free(rig->toy.plane);
    sim_fini(&rig->toy.sim);
}

/* ---- random programs ---- */

struct program {
    struct rig *rig;
    uint64_t state;
    uint64_t seen; /* hash over every value and outcome */
    uint32_t n_actors;
    uint32_t steps;
    uint32_t vector; /* its own on its host */
};

static void note(struct program *program, uint64_t value)
{
    program->seen = mix(program->seen, value);
}

static void step(struct plane_actor *self, struct program *program)
{
    uint64_t *state = &program->state;
    struct plane_message message = {.kind = 1, .bytes = 1 + splitmix_below(state, 300)};
    switch (splitmix_below(state, 10)) {
    case 0:
    case 1:
        note(program, plane_cfg_read(self, (uint16_t)splitmix_below(state, 9), 4, 4));
        return;
    case 2:
        plane_cfg_write(self, (uint16_t)splitmix_below(state, 9), 8, 2, 77);
        return;
    case 3:
        note(program, plane_mmio_read(self, splitmix_below(state, 99), 8));
        return;
    case 4:
        plane_mmio_write(self, splitmix_below(state, 99), 4, 5);
        return;
    case 5:
        note(program,
             program->vector < VECTORS &&
                 plane_wait_interrupt(self, program->vector, 1 + splitmix_below(state, 2000)));
        return;
    case 6:
        plane_sleep(self, splitmix_below(state, 3) * 50 + splitmix_below(state, 2));
        return;
    case 7:
        plane_compute(self, splitmix_below(state, 900));
        return;
    case 8:
        plane_send(self, program->rig->actors[splitmix_below(state, program->n_actors)], &message);
        return;
    default:
        if (plane_receive(self, 1 + splitmix_below(state, 1500), &message))
            note(program, message.bytes);
        return;
    }
}

static void run_program(struct plane_actor *self, void *argument)
{
    struct program *program = argument;
    for (uint32_t i = 0; i < program->steps; i++) {
        step(self, program);
        note(program, plane_now_ps(self));
    }
}

struct random_case {
    uint64_t seed;
    enum plane_coupling coupling;
    uint64_t slice_ps; /* runs in slices of this; 0: in one go */
};

struct outcome {
    uint64_t hash, finished_ps, toy_hash, seen, rounds, events;
    enum plane_result result;
};

static enum plane_result run_sliced(struct rig *rig, uint64_t slice_ps)
{
    enum plane_result result = PLANE_TIME;
    for (uint64_t t = slice_ps; result == PLANE_TIME; t += slice_ps)
        result = plane_run(rig->toy.plane, t);
    return result;
}

static void run_random(void *argument, void *out)
{
    const struct random_case *c = argument;
    struct outcome *outcome = out;
    uint64_t state = c->seed;
    struct err err;
    struct program programs[MOST_ACTORS] = {0};
    struct rig *rig = calloc(1, sizeof *rig);
    if (!rig)
        abort();
    const uint32_t n_hosts = 1 + splitmix_below(&state, MOST_HOSTS);
    const uint32_t n_actors = 1 + splitmix_below(&state, MOST_ACTORS);
    rig->cores = 1 + splitmix_below(&state, 2);
    rig->coupling = c->coupling;
    rig->toy.raises = true;
    for (uint32_t h = 0; h < n_hosts; h++)
        rig->cpu_to_rc_ps[h] = 1 + splitmix_below(&state, 3) * 20;
    if (!rig_start(rig, n_hosts, &err))
        abort();
    uint32_t vectors[MOST_HOSTS] = {0};
    for (uint32_t a = 0; a < n_actors; a++) {
        const uint32_t host = splitmix_below(&state, n_hosts);
        programs[a] = (struct program){rig, splitmix(&state), 0, n_actors, 60, vectors[host]++};
        rig->actors[a] =
            plane_spawn(rig->toy.plane, host, "program", false, run_program, &programs[a]);
    }
    outcome->result =
        c->slice_ps ? run_sliced(rig, c->slice_ps) : plane_run(rig->toy.plane, UINT64_MAX);
    outcome->hash = plane_hash(rig->toy.plane);
    outcome->finished_ps = plane_finished_ps(rig->toy.plane);
    outcome->toy_hash = rig->toy.hash;
    outcome->rounds = plane_rounds(rig->toy.plane);
    for (uint32_t a = 0; a < n_actors; a++)
        outcome->seen = mix(outcome->seen, programs[a].seen);
    rig_end(rig);
    free(rig);
}

static void check_same(const struct outcome *x, const struct outcome *y)
{
    CU_ASSERT_EQUAL(x->result, PLANE_FINISHED);
    CU_ASSERT_EQUAL(y->result, PLANE_FINISHED);
    CU_ASSERT_EQUAL(x->hash, y->hash);
    CU_ASSERT_EQUAL(x->finished_ps, y->finished_ps);
    CU_ASSERT_EQUAL(x->toy_hash, y->toy_hash);
    CU_ASSERT_EQUAL(x->seen, y->seen);
}

static void test_couplings_agree(void)
{
    uint64_t ahead_rounds = 0, event_rounds = 0;
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        struct random_case ahead = {seed, PLANE_RUN_AHEAD, 0};
        struct random_case per_event = {seed, PLANE_PER_EVENT, 0};
        struct outcome x = {0}, y = {0};
        CU_ASSERT_TRUE(forked(run_random, &ahead, &x, sizeof x));
        CU_ASSERT_TRUE(forked(run_random, &per_event, &y, sizeof y));
        check_same(&x, &y);
        ahead_rounds += x.rounds;
        event_rounds += y.rounds;
    }
    CU_ASSERT_TRUE(ahead_rounds <= event_rounds);
}

/* Stopping at arbitrary times changes nothing. */
static void test_slices(void)
{
    for (uint64_t seed = 1; seed <= CASES / 2; seed++) {
        struct random_case whole = {seed, PLANE_RUN_AHEAD, 0};
        struct random_case sliced = {seed, PLANE_RUN_AHEAD, 1 + seed * 13};
        struct outcome x = {0}, y = {0};
        CU_ASSERT_TRUE(forked(run_random, &whole, &x, sizeof x));
        CU_ASSERT_TRUE(forked(run_random, &sliced, &y, sizeof y));
        check_same(&x, &y);
    }
}

/* ---- exact times ---- */

enum { LOG = 32 };

struct log {
    uint64_t time_ps[LOG];
    uint64_t value[LOG];
    uint32_t n;
    enum plane_result result;
    uint32_t order[8];
    char message[512];
    uint64_t finished_ps;
};

struct script {
    struct rig *rig;
    struct log *log;
    void (*body)(struct plane_actor *self, struct script *script);
    uint32_t number;
};

static void put(struct script *script, const struct plane_actor *self, uint64_t value)
{
    struct log *log = script->log;
    if (log->n == LOG)
        abort();
    log->time_ps[log->n] = plane_now_ps(self);
    log->value[log->n++] = value;
}

static void run_script(struct plane_actor *self, void *argument)
{
    struct script *script = argument;
    script->body(self, script);
}

struct scene { /* one actor per body, on hosts[] */
    void (*body[4])(struct plane_actor *self, struct script *script);
    uint32_t hosts[4];
    bool daemon[4];
    uint32_t cores;
};

static void run_scene(void *argument, void *out)
{
    const struct scene *scene = argument;
    struct log *log = out;
    struct err err;
    struct script scripts[4];
    struct rig *rig = calloc(1, sizeof *rig);
    if (!rig)
        abort();
    rig->cores = scene->cores;
    rig->toy.fixed_ps = 100;
    rig->cpu_to_rc_ps[0] = 10;
    rig->cpu_to_rc_ps[1] = 10;
    if (!rig_start(rig, 3, &err))
        abort();
    for (uint32_t a = 0; a < 4 && scene->body[a]; a++) {
        scripts[a] = (struct script){rig, log, scene->body[a], a};
        rig->actors[a] = plane_spawn(rig->toy.plane, scene->hosts[a], "actor", scene->daemon[a],
                                     run_script, &scripts[a]);
    }
    log->result = plane_run(rig->toy.plane, UINT64_MAX);
    log->finished_ps = plane_finished_ps(rig->toy.plane);
    memcpy(log->order, rig->toy.order, sizeof log->order);
    if (log->result == PLANE_DEADLOCK) {
        plane_explain(rig->toy.plane, &err);
        memcpy(log->message, err.message, sizeof log->message);
    }
    rig_end(rig);
    free(rig);
}

static struct log play(const struct scene *scene)
{
    struct log log = {0};
    struct scene copy = *scene;
    CU_ASSERT_TRUE(forked(run_scene, &copy, &log, sizeof log));
    return log;
}

static void act_accesses(struct plane_actor *self, struct script *script)
{
    put(script, self, plane_cfg_read(self, 0x0100, 0, 4));
    plane_mmio_write(self, 0x2000, 4, 1);
    put(script, self, 0);
    put(script, self, plane_cfg_read(self, 0, 0xdead, 2));
    put(script, self, plane_mmio_read(self, 0x2001, 1));
}

static void test_accesses(void)
{
    const struct log log = play(&(struct scene){{act_accesses}, {0}, {false}, 1});
    CU_ASSERT_EQUAL(log.result, PLANE_FINISHED);
    CU_ASSERT_EQUAL(log.n, 4);
    CU_ASSERT_EQUAL(log.time_ps[0], 110); /* 10 to the root complex, 100 there and back */
    CU_ASSERT_EQUAL(log.value[0], 1);
    CU_ASSERT_EQUAL(log.time_ps[1], 110); /* posted */
    CU_ASSERT_EQUAL(log.time_ps[2], 220 + 1);
    CU_ASSERT_EQUAL(log.value[2], 0xffff); /* nobody there: all ones of two bytes */
    CU_ASSERT_EQUAL(log.time_ps[3], 221 + 110 + 1);
    CU_ASSERT_EQUAL(log.value[3], 4);
    CU_ASSERT_EQUAL(log.finished_ps, 332);
}

static void act_compute(struct plane_actor *self, struct script *script)
{
    plane_compute(self, 1000);
    put(script, self, script->number);
    plane_compute(self, 333);
    plane_sleep(self, 1);
    put(script, self, plane_cfg_read(self, 0, 0, 4));
}

/* Three at work on two cores: each has two thirds of a core. */
static void test_compute(void)
{
    const struct log alone = play(&(struct scene){{act_compute}, {0}, {false}, 1});
    CU_ASSERT_EQUAL(alone.time_ps[0], 1000);
    CU_ASSERT_EQUAL(alone.time_ps[1], 1000 + 333 + 1 + 110);
    const struct log shared =
        play(&(struct scene){{act_compute, act_compute, act_compute}, {0, 0, 0}, {false}, 2});
    CU_ASSERT_EQUAL(shared.n, 6);
    for (uint32_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(shared.time_ps[i], 1500);
    for (uint32_t i = 3; i < 6; i++)
        CU_ASSERT_TRUE(shared.time_ps[i] >= 1500 + 499 + 111 &&
                       shared.time_ps[i] <= 1500 + 501 + 111);
}

static void act_raise(void *target, struct plane_access *access)
{
    struct rig *rig = target;
    plane_raise(rig->toy.plane, 0, (uint32_t)access->value, rig->toy.sim.now_ps + 490);
}

/* Raised by the other actor at 10, for 500. */
static void act_wait(struct plane_actor *self, struct script *script)
{
    put(script, self, plane_wait_interrupt(self, 1, 499)); /* just missed */
    put(script, self, plane_wait_interrupt(self, 1, 1));   /* at its time-out's own instant */
    put(script, self, plane_wait_interrupt(self, 1, 50));  /* taken already */
}

static void act_ring(struct plane_actor *self, struct script *script)
{
    plane_call(self, act_raise, script->rig, 1);
}

static void test_interrupts(void)
{
    const struct log log = play(&(struct scene){{act_wait, act_ring}, {0, 1}, {false}, 1});
    CU_ASSERT_EQUAL(log.n, 3);
    CU_ASSERT_EQUAL(log.time_ps[0], 499);
    CU_ASSERT_EQUAL(log.value[0], 0);
    CU_ASSERT_EQUAL(log.time_ps[1], 500);
    CU_ASSERT_EQUAL(log.value[1], 1);
    CU_ASSERT_EQUAL(log.time_ps[2], 550);
    CU_ASSERT_EQUAL(log.value[2], 0);
}

/* ---- messages ---- */

static void act_send(struct plane_actor *self, struct script *script)
{
    const struct plane_message message = {.kind = script->number, .bytes = 500, .argument = {7}};
    plane_send(self, script->rig->actors[2], &message);
    put(script, self, 100);
}

static void act_receive(struct plane_actor *self, struct script *script)
{
    struct plane_message message = {0};
    for (uint32_t i = 0; i < 2; i++) {
        /* The first arrives at its time-out's own instant. */
        const bool got = plane_receive(self, i ? PLANE_FOREVER : 1700, &message);
        put(script, self, got ? message.kind : 99);
        if (message.from != script->rig->actors[message.kind])
            abort();
    }
    put(script, self, plane_receive(self, 300, &message));
}

/* Two hosts send 500 bytes at a byte per ps to a third, whose link they share. */
static void test_messages(void)
{
    const struct log log =
        play(&(struct scene){{act_send, act_send, act_receive}, {1, 0, 2}, {false}, 1});
    CU_ASSERT_EQUAL(log.n, 5);
    CU_ASSERT_EQUAL(log.time_ps[0], 1000);
    CU_ASSERT_EQUAL(log.time_ps[1], 1000);
    CU_ASSERT_EQUAL(log.time_ps[2], 1700);
    CU_ASSERT_EQUAL(log.value[2], 0); /* both are for host 2: the first actor's is first */
    CU_ASSERT_EQUAL(log.value[3], 1);
    CU_ASSERT_EQUAL(log.time_ps[4], 2000);
    CU_ASSERT_EQUAL(log.value[4], 0);
}

/* ---- order ---- */

static void act_read(struct plane_actor *self, struct script *script)
{
    (void)script;
    for (uint32_t i = 0; i < 2; i++)
        plane_cfg_read(self, 0, 0, 4);
}

/* Whoever was made first: at one instant the lower host is first at the kernel. */
static void test_order_of_hosts(void)
{
    const struct log log =
        play(&(struct scene){{act_read, act_read, act_read}, {2, 0, 1}, {false}, 1});
    const uint32_t expected[] = {0, 1, 2, 0, 1, 2};
    CU_ASSERT_EQUAL(memcmp(log.order, expected, sizeof expected), 0);
}

/* ---- the end ---- */

static void act_serve(struct plane_actor *self, struct script *script)
{
    (void)script;
    while (plane_wait_interrupt(self, 2, PLANE_FOREVER))
        ;
}

static void act_wait_for_ever(struct plane_actor *self, struct script *script)
{
    struct plane_message message;
    (void)script;
    plane_receive(self, PLANE_FOREVER, &message);
}

static void test_deadlock(void)
{
    const struct log good = play(&(struct scene){{act_serve, act_read}, {0, 1}, {true, false}, 1});
    CU_ASSERT_EQUAL(good.result, PLANE_FINISHED);
    const struct log bad =
        play(&(struct scene){{act_serve, act_wait_for_ever}, {0, 1}, {false, false}, 1});
    CU_ASSERT_EQUAL(bad.result, PLANE_DEADLOCK);
    CU_ASSERT_STRING_EQUAL(bad.message, "software is in a deadlock: actor on h0 waits for "
                                        "interrupt 2; actor on h1 waits for a message");
}

static void start_twice(void *argument, void *out)
{
    struct rig *rigs = argument;
    struct err err;
    char *text = out;
    if (!rig_start(&rigs[0], 1, &err) || rig_start(&rigs[1], 1, &err))
        abort();
    memcpy(text, err.message, sizeof err.message);
}

static void test_one_engine(void)
{
    static struct rig rigs[2];
    char text[512] = "";
    CU_ASSERT_TRUE(forked(start_twice, rigs, text, sizeof text));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "fork for each run"));
}

void suite_plane(void)
{
    CU_pSuite suite = CU_add_suite("plane", NULL, NULL);
    CU_add_test(suite, "both couplings give the same times", test_couplings_agree);
    CU_add_test(suite, "in slices as in one go", test_slices);
    CU_add_test(suite, "accesses take the sum of their parts", test_accesses);
    CU_add_test(suite, "computing shares cores", test_compute);
    CU_add_test(suite, "interrupts and time-outs", test_interrupts);
    CU_add_test(suite, "messages share links", test_messages);
    CU_add_test(suite, "order of hosts at one instant", test_order_of_hosts);
    CU_add_test(suite, "a deadlock names who waits for what", test_deadlock);
    CU_add_test(suite, "one engine per process", test_one_engine);
}
