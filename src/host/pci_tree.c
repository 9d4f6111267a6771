#include "host/pci_tree.h"

#include "base/check.h"
#include <linux/pci_regs.h>

void pci_tree_init(struct pci_tree *tree, struct arena *arena, const struct cfg_access *access,
                   uint8_t first_bus)
{
    *tree = (struct pci_tree){.arena = arena, .access = *access, .first_bus = first_bus};
}

struct pci_function *pci_tree_first(const struct pci_tree *tree)
{
    for (unsigned number = tree->first_bus; number < PCI_BUSES; number++)
        if (tree->bus[number] && tree->bus[number]->first)
            return tree->bus[number]->first;
    return NULL;
}

struct pci_function *pci_tree_next(const struct pci_tree *tree, const struct pci_function *function)
{
    if (function->next)
        return function->next;
    for (unsigned number = function->bus->number + 1U; number < PCI_BUSES; number++)
        if (tree->bus[number] && tree->bus[number]->first)
            return tree->bus[number]->first;
    return NULL;
}

struct pci_function *pci_tree_find(const struct pci_tree *tree, uint16_t rid)
{
    struct pci_function *function = pci_tree_first(tree);
    while (function && function->rid != rid)
        function = pci_tree_next(tree, function);
    return function;
}

bool pci_bus_is_link(const struct pci_bus *bus)
{
    return bus->bridge && bus->bridge->express &&
           (bus->bridge->port == PCI_EXP_TYPE_ROOT_PORT ||
            bus->bridge->port == PCI_EXP_TYPE_DOWNSTREAM);
}

struct pci_function *pci_tree_add_function(struct pci_tree *tree, struct pci_bus *bus, uint16_t rid)
{
    struct pci_function *function = tree->free_functions;
    if (function)
        tree->free_functions = function->next;
    else
        function = arena_alloc(tree->arena, 1, sizeof(*function));
    if (!function)
        return NULL;

    struct pci_function **place = &bus->first;
    while (*place && (*place)->rid < rid)
        place = &(*place)->next;
    CHECK(!*place || (*place)->rid != rid);
    *function = (struct pci_function){.rid = rid, .bus = bus, .next = *place};
    *place = function;
    return function;
}

struct pci_bus *pci_tree_add_bus(struct pci_tree *tree, struct pci_function *bridge, uint8_t number)
{
    CHECK(!tree->bus[number]);
    struct pci_bus *bus = tree->free_buses;
    if (bus)
        tree->free_buses = bus->next;
    else
        bus = arena_alloc(tree->arena, 1, sizeof(*bus));
    if (!bus)
        return NULL;
    *bus = (struct pci_bus){.number = number, .last = number, .bridge = bridge};
    if (bridge)
        bridge->behind = bus;
    tree->bus[number] = bus;
    return bus;
}

static void remove_at(struct pci_tree *tree, struct pci_function **place)
{
    struct pci_function *function = *place;
    *place = function->next;
    function->next = tree->free_functions;
    tree->free_functions = function;
}

void pci_tree_remove_vfs(struct pci_tree *tree, struct pci_function *pf)
{
    struct pci_function **place = &pf->bus->first;
    while (*place) {
        if ((*place)->pf == pf)
            remove_at(tree, place);
        else
            place = &(*place)->next;
    }
}

void pci_tree_remove_all(struct pci_tree *tree, struct pci_bus *bus)
{
    for (unsigned number = bus->number; number <= bus->last; number++) {
        struct pci_bus *gone = tree->bus[number];
        if (!gone)
            continue;
        while (gone->first)
            remove_at(tree, &gone->first);
        if (gone == bus)
            continue;
        tree->bus[number] = NULL;
        gone->next = tree->free_buses;
        tree->free_buses = gone;
    }
}
