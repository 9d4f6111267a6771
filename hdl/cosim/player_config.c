/* What is beside the module in a switch: the bridges that answer configuration requests, who sets
 * functions up, and who gives VFs away. */
#include "player.h"

#include "base/check.h"
#include "cosim/lockstep_given.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOT_FUNCTIONS = 256, /* a slot's functions are numbered from a multiple of it on */
    SLOTS_OF_PORT = 256,
    TO_EDITOR_CYCLES = 5, /* from a TLP's first beat in to the stage that lets it go */
    STATE_LAG_CYCLES = 1, /* present and ready are looked at in a look-up's last cycle */
    RESET_LAG_CYCLES = 1  /* an orderly reset sees what has been completed a cycle before */
};

/* ---- functions ---- */

static uint32_t *first_of(const struct player_config *config, uint16_t port, uint16_t function)
{
    return &config->first_function[(size_t)port * SLOTS_OF_PORT + function / SLOT_FUNCTIONS];
}

uint32_t player_function(const struct player_config *config, uint16_t port, uint16_t function)
{
    return *first_of(config, port, function) - 1 + function % SLOT_FUNCTIONS;
}

enum record_function player_function_state(const struct player_config *config, uint16_t port,
                                           uint32_t number)
{
    return (enum record_function)config->states[port * config->module->emulated + number];
}

/* Functions of a slot lie side by side in the module, and slot by slot. */
static void number_functions(struct player_config *config)
{
    const struct record *record = config->record;
    const size_t n_slots = (size_t)record->n_ports * SLOTS_OF_PORT;
    config->first_function = calloc(n_slots, sizeof *config->first_function);
    CHECK(config->first_function);
    for (size_t i = 0; i < record->n_events; i++) {
        const struct record_event *event = &record->events[i];
        if (event->kind != RECORD_FUNCTION)
            continue;
        uint32_t *n = first_of(config, event->port, event->function.function);
        const uint32_t needs = event->function.function % SLOT_FUNCTIONS + 1U;
        *n = *n < needs ? needs : *n;
    }
    for (uint32_t p = 0; p < record->n_ports; p++) {
        uint32_t *slots = &config->first_function[(size_t)p * SLOTS_OF_PORT];
        uint32_t used = 0;
        for (uint32_t s = 0; s < SLOTS_OF_PORT; s++) {
            const uint32_t n = slots[s];
            slots[s] = used + 1;
            used += n;
        }
        struct err err;
        if (used <= config->module->emulated)
            continue;
        err_at(&err, NULL,
               "%s: port %" PRIu32 " has %" PRIu32 " emulated functions, the module %" PRIu32
               ": make hdl-cosim COSIM_EMULATED=..., a "
               "power of two",
               record->path, p, used, config->module->emulated);
        player_refuse(&err);
    }
}

/* ---- requests that configuration answers ---- */

static const struct record_event *decision(const struct player_config *config, uint32_t serial)
{
    const size_t decided = config->decisions[serial];
    return decided ? &config->record->events[decided - 1] : NULL;
}

static bool is_made(const struct player_config *config, const struct record_event *event)
{
    const struct record_event *decided =
        event->kind == RECORD_IN ? decision(config, event->tlp.serial) : NULL;
    return decided && decided->kind == RECORD_MAKE;
}

static void list_made(struct player_config *config)
{
    const struct record *record = config->record;
    size_t *n = calloc(record->n_ports, sizeof *n);
    config->made = calloc(record->n_ports, sizeof *config->made);
    config->next_made = calloc(record->n_ports, sizeof *config->next_made);
    CHECK(n && config->made && config->next_made);
    for (size_t i = 0; i < record->n_events; i++)
        n[record->events[i].port] += is_made(config, &record->events[i]);
    for (uint32_t p = 0; p < record->n_ports; p++) {
        config->made[p] = calloc(n[p] + 1, sizeof *config->made[p]);
        CHECK(config->made[p]);
        n[p] = 0;
    }
    for (size_t i = 0; i < record->n_events; i++)
        if (is_made(config, &record->events[i]))
            config->made[record->events[i].port][n[record->events[i].port]++] = &record->events[i];
    free(n);
}

const struct record_event *player_config_freed(struct player_config *config, uint16_t port,
                                               uint64_t cycle)
{
    const struct record_event *request = config->made[port][config->next_made[port]];
    if (!request || request->cycle + TO_EDITOR_CYCLES > cycle)
        return NULL;
    config->next_made[port]++;
    return request;
}

/* ---- TLPs of the switch's own ---- */

static void add_own(struct player_config *config, const struct record_event *make)
{
    if (config->n_own == config->own_capacity) {
        config->own_capacity = config->own_capacity ? 2 * config->own_capacity : 16;
        config->own = reallocarray(config->own, config->own_capacity, sizeof *config->own);
        CHECK(config->own);
    }
    size_t at = config->n_own++;
    for (; at > 0 && config->own[at - 1].from_cycle > make->cycle; at--)
        config->own[at] = config->own[at - 1];
    config->own[at] = (struct player_own){make, make->cycle};
}

void player_config_answer(struct player_config *config, const struct record_event *request)
{
    add_own(config, decision(config, request->tlp.serial));
}

/* The first that waits at @port; n_own: there is none. */
static size_t first_own(const struct player_config *config, uint16_t port)
{
    size_t at = 0;
    while (at < config->n_own && config->own[at].make->port != port)
        at++;
    return at;
}

const struct record_event *player_config_own(const struct player_config *config, uint16_t port,
                                             uint64_t cycle)
{
    const size_t at = first_own(config, port);
    return at < config->n_own && config->own[at].from_cycle <= cycle ? config->own[at].make : NULL;
}

void player_config_own_taken(struct player_config *config, uint16_t port)
{
    const size_t at = first_own(config, port);
    CHECK(at < config->n_own);
    config->n_own--;
    memmove(&config->own[at], &config->own[at + 1], (config->n_own - at) * sizeof *config->own);
}

/* ---- as time goes on ---- */

/* The next event of that kind up to @cycle. */
static const struct record_event *next_of(const struct record *record, size_t *next,
                                          enum record_kind kind, uint64_t cycle)
{
    while (*next < record->n_events && record->events[*next].cycle <= cycle)
        if (record->events[(*next)++].kind == kind)
            return &record->events[*next - 1];
    return NULL;
}

void player_config_run(struct player_config *config, uint64_t cycle)
{
    const struct record *record = config->record;
    const struct record_event *event;
    const uint64_t state_cycle = cycle < STATE_LAG_CYCLES ? 0 : cycle - STATE_LAG_CYCLES;
    while ((event = next_of(record, &config->next_function, RECORD_FUNCTION, state_cycle)))
        config->states[event->port * config->module->emulated +
                       player_function(config, event->port, event->function.function)] =
            (uint8_t)event->function.state;
    while ((event = next_of(record, &config->next_own, RECORD_MAKE, cycle)))
        if (!config->decisions[event->tlp.serial])
            add_own(config, event);
}

const struct record_event *player_config_command(struct player_config *config, uint64_t cycle)
{
    const struct record *record = config->record;
    const size_t before = config->next_command;
    const struct record_event *event =
        next_of(record, &config->next_command, RECORD_COMMAND, cycle);
    if (event && event->command.command == ASSIGNMENT_RESET && event->cycle > 0 &&
        event->cycle + RESET_LAG_CYCLES > cycle) {
        config->next_command = before;
        return NULL;
    }
    return event;
}

void player_config_init(struct player_config *config, const struct record *record,
                        const struct player_module *module, const struct player_ports *ports)
{
    *config = (struct player_config){.record = record, .module = module, .ports = *ports};
    config->decisions = lockstep_decisions(record);
    config->states = calloc(record->n_ports, module->emulated);
    CHECK(config->decisions && config->states);
    number_functions(config);
    list_made(config);
    for (size_t i = 0; i < record->n_events; i++)
        config->counts |= record->events[i].kind == RECORD_COMMAND;
}
