#include "base/check.h"
#include "base/units.h"
#include "config/moves.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_BUS = 3, /* behind a host's root port and the switch's upstream bridge */
    BUSES = 256 - FIRST_BUS,
    FUNCTIONS = 8,
    ARI_FUNCTIONS = 256,
    NOT_LENT = 0
};

/* What a host sees in one slot: some VFs of one device. Ascending by the first three. */
struct card {
    uint32_t host, device, slot;
    uint32_t functions;
    uint64_t window_bytes; /* that boot keeps for it */
};

struct room {
    const struct loader *loader;
    const struct config *config;
    struct card *cards;
    uint32_t n_cards;
    uint32_t *vf_card; /* per VF: index of its card plus 1, or NOT_LENT */
    uint32_t *used;    /* slots of each host that have been used */
};

static int compare_cards(const void *a, const void *b)
{
    const struct card *x = a, *y = b;
    if (x->host != y->host)
        return x->host < y->host ? -1 : 1;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

/* Every place that VFs are ever at. */
static void find_cards(struct room *room)
{
    const struct config *config = room->config;
    const size_t most = (size_t)config->n_lends + config->n_moves;
    struct card *cards = calloc(most + 1, sizeof *cards);
    CHECK(cards);
    uint32_t n = 0;
    for (uint32_t i = 0; i < config->n_lends; i++) {
        const struct cfg_lend *lend = &config->lends[i];
        cards[n++] = (struct card){.host = lend->host, .device = lend->device, .slot = lend->slot};
    }
    for (uint32_t i = 0; i < config->n_moves; i++) {
        const struct cfg_move *move = &config->moves[i];
        cards[n++] = (struct card){.host = move->host, .device = move->device, .slot = move->slot};
    }
    qsort(cards, n, sizeof *cards, compare_cards);
    for (uint32_t i = 0; i < n; i++)
        if (room->n_cards == 0 || compare_cards(&cards[room->n_cards - 1], &cards[i]) != 0)
            cards[room->n_cards++] = cards[i];
    room->cards = cards;
}

static uint32_t card_at(const struct room *room, uint32_t host, uint32_t device, uint32_t slot)
{
    const struct card key = {.host = host, .device = device, .slot = slot};
    const struct card *card =
        bsearch(&key, room->cards, room->n_cards, sizeof *room->cards, compare_cards);
    CHECK(card);
    return (uint32_t)(card - room->cards);
}

static uint32_t most_functions(const struct room *room, const struct cfg_device *device)
{
    const uint32_t root = attach_root(room->config, device->switch_index);
    return device->ari && !room->config->switches[root].ari_hidden ? ARI_FUNCTIONS : FUNCTIONS;
}

/* Who asks for room, for messages. */
struct asker {
    const char *list;
    const struct load_group *groups;
    size_t index;
};

/* One function more in the card. */
static bool plug(const struct room *room, const struct asker *asker, uint32_t index)
{
    const struct config *config = room->config;
    struct card *card = &room->cards[index];
    const struct cfg_host *host = &config->hosts[card->host];
    const struct cfg_device *device = &config->devices[card->device];
    const uint32_t most = most_functions(room, device);
    if (card->functions++ == most)
        return load_refuse(room->loader, asker->list, asker->groups, asker->index, "slot",
                           "slot %u of \"%s\" for \"%s\" is full with %u functions; use another "
                           "slot%s",
                           card->slot, host->name, device->name, most,
                           most == FUNCTIONS ? ", or ARI: devices' ari and emulation.ari" : "");
    return true;
}

/* A slot for the card. */
static bool take_slot(const struct room *room, const struct asker *asker, uint32_t index)
{
    const struct config *config = room->config;
    const struct card *card = &room->cards[index];
    const struct cfg_host *host = &config->hosts[card->host];
    const uint32_t used = room->used[card->host]++;
    if (!host->hotplug.slots_auto && used >= host->hotplug.slots)
        return load_refuse(room->loader, asker->list, asker->groups, asker->index, "to",
                           host->hotplug.slots == 0
                               ? "\"%s\" has no hot-plug slot (hotplug.slots: %u)"
                               : "\"%s\" has no hot-plug slot left; it has %u",
                           host->name, host->hotplug.slots);
    return true;
}

/* ---- at the start ---- */

static bool place_lends(const struct room *room)
{
    const struct config *config = room->config;
    struct asker asker = {"lend", room->loader->lend_groups, 0};
    for (uint32_t i = 0; i < config->n_lends; i++) {
        const struct cfg_lend *lend = &config->lends[i];
        const uint32_t card = card_at(room, lend->host, lend->device, lend->slot);
        asker.index = load_lend_block(config, i);
        if ((room->cards[card].functions == 0 && !take_slot(room, &asker, card)) ||
            !plug(room, &asker, card))
            return false;
        room->vf_card[room->loader->vf_base[lend->device] + lend->vf] = card + 1;
    }
    return true;
}

struct need {
    uint64_t bytes, slots; /* address space, and slots that want as much below 4 GiB */
};

static bool check_windows_of(const struct room *room, uint32_t h, const struct need *need)
{
    const struct cfg_host *host = &room->config->hosts[h];
    const size_t group = load_group_of(room->loader->host_groups, room->loader->n_host_groups, h);
    char has[UNITS_TEXT_MAX], wants[UNITS_TEXT_MAX];
    const uint64_t low_bytes = need->slots * host->hotplug.window_bytes;
    if (need->bytes > host->window64_bytes)
        return load_refuse(room->loader, "hosts", room->loader->host_groups, group, "mmio.window64",
                           "%s are too small for \"%s\": what it owns and is lent needs %s",
                           units_format_bytes(host->window64_bytes, has, sizeof has), host->name,
                           units_format_bytes(need->bytes, wants, sizeof wants));
    if (low_bytes > host->window_bytes)
        return load_refuse(room->loader, "hosts", room->loader->host_groups, group, "mmio.window",
                           "%s are too small for \"%s\": its slots keep %s",
                           units_format_bytes(host->window_bytes, has, sizeof has), host->name,
                           units_format_bytes(low_bytes, wants, sizeof wants));
    return true;
}

/* What firmware keeps behind each slot, and whether the host has so much. */
static bool keep_windows(const struct room *room)
{
    const struct config *config = room->config;
    struct need *needs = calloc((size_t)config->n_hosts + 1, sizeof *needs);
    CHECK(needs);
    for (uint32_t i = 0; i < room->n_cards; i++) {
        struct card *card = &room->cards[i];
        const uint64_t bytes = card->functions * config->devices[card->device].bar_bytes;
        const uint64_t least = config->hosts[card->host].hotplug.window_bytes;
        card->window_bytes = bytes > least ? bytes : least;
        needs[card->host].bytes += card->window_bytes;
        needs[card->host].slots++;
    }
    for (uint32_t d = 0; d < config->n_devices; d++)
        needs[config->devices[d].owner_index].bytes +=
            (config->devices[d].vfs + UINT64_C(1)) * config->devices[d].bar_bytes;
    bool good = true;
    for (uint32_t h = 0; good && h < config->n_hosts; h++)
        good = check_windows_of(room, h, &needs[h]);
    free(needs);
    return good;
}

/* ---- on the way ---- */

static bool check_buses(const struct room *room, const struct asker *asker, uint32_t host)
{
    const struct config *config = room->config;
    uint32_t buses = room->used[host];
    for (uint32_t d = 0; d < config->n_devices; d++)
        buses += config->devices[d].owner_index == (int)host;
    return buses <= BUSES ||
           load_refuse(room->loader, asker->list, asker->groups, asker->index, "to",
                       "\"%s\" has no bus number left for another slot; its devices and slots take "
                       "all %d",
                       config->hosts[host].name, BUSES);
}

static bool leave(const struct room *room, const struct asker *asker, const struct cfg_move *move,
                  uint32_t vf, uint32_t to)
{
    const struct config *config = room->config;
    const uint32_t at = room->vf_card[room->loader->vf_base[move->device] + vf];
    const char *device = config->devices[move->device].name;
    if (at == NOT_LENT)
        return load_refuse(room->loader, asker->list, asker->groups, asker->index, "vf",
                           "VF %u of \"%s\" is lent to nobody, so it is in no slot to leave", vf,
                           device);
    if (at == to + 1)
        return load_refuse(room->loader, asker->list, asker->groups, asker->index, "to",
                           "\"%s\" has VF %u of \"%s\" already", config->hosts[move->host].name, vf,
                           device);
    room->cards[at - 1].functions--;
    return true;
}

static bool check_window(const struct room *room, const struct asker *asker, uint32_t index)
{
    const struct card *card = &room->cards[index];
    const uint64_t bytes = card->functions * room->config->devices[card->device].bar_bytes;
    char has[UNITS_TEXT_MAX], wants[UNITS_TEXT_MAX];
    return bytes <= card->window_bytes ||
           load_refuse(room->loader, asker->list, asker->groups, asker->index, "to",
                       "the slot of \"%s\" keeps %s, and %u functions need %s; raise its "
                       "hotplug.window",
                       room->config->hosts[card->host].name,
                       units_format_bytes(card->window_bytes, has, sizeof has), card->functions,
                       units_format_bytes(bytes, wants, sizeof wants));
}

static bool follow_moves(const struct room *room, bool *known)
{
    const struct config *config = room->config;
    struct asker asker = {"moves", room->loader->move_groups, 0};
    for (uint32_t i = 0; i < room->n_cards; i++)
        known[i] = room->cards[i].functions > 0;
    for (; asker.index < config->n_moves; asker.index++) {
        const struct cfg_move *move = &config->moves[asker.index];
        const uint32_t to = card_at(room, move->host, move->device, move->slot);
        if (!known[to] && (!take_slot(room, &asker, to) || !check_buses(room, &asker, move->host)))
            return false;
        known[to] = true;
        for (uint32_t vf = move->first_vf; vf < move->first_vf + move->n_vfs; vf++) {
            if (!leave(room, &asker, move, vf, to) || !plug(room, &asker, to))
                return false;
            room->vf_card[room->loader->vf_base[move->device] + vf] = to + 1;
        }
        if (!check_window(room, &asker, to))
            return false;
    }
    return true;
}

bool slots_check(struct loader *loader)
{
    const struct config *config = loader->config;
    struct room room = {.loader = loader, .config = config};
    find_cards(&room);
    room.vf_card = calloc((size_t)loader->vf_base[config->n_devices] + 1, sizeof *room.vf_card);
    room.used = calloc((size_t)config->n_hosts + 1, sizeof *room.used);
    bool *known = calloc((size_t)room.n_cards + 1, sizeof *known);
    CHECK(room.vf_card && room.used && known);
    const bool good = place_lends(&room) && keep_windows(&room) && follow_moves(&room, known);
    free(room.cards);
    free(room.vf_card);
    free(room.used);
    free(known);
    return good;
}
