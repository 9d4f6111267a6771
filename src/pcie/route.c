#include "pcie/route.h"

void route_init(struct route *route, struct route_window *memory, uint32_t capacity)
{
    route->windows = memory;
    route->n_windows = 0;
    route->capacity = capacity;
    for (int bus = 0; bus < ROUTE_BUSES; bus++)
        route->port_of_bus[bus] = ROUTE_NONE;
}

/* Number of windows whose base is at or below @address. */
static uint32_t windows_up_to(const struct route *route, uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = route->n_windows;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (route->windows[middle].base <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool route_add_window(struct route *route, uint64_t base, uint64_t limit, uint16_t port)
{
    uint32_t at = windows_up_to(route, base);
    if (limit < base || route->n_windows == route->capacity)
        return false;
    if (at > 0 && route->windows[at - 1].limit >= base)
        return false;
    if (at < route->n_windows && route->windows[at].base <= limit)
        return false;
    for (uint32_t i = route->n_windows; i > at; i--)
        route->windows[i] = route->windows[i - 1];
    route->windows[at] = (struct route_window){base, limit, port};
    route->n_windows++;
    return true;
}

bool route_add_buses(struct route *route, uint8_t first, uint8_t last, uint16_t port)
{
    for (unsigned bus = first; bus <= last; bus++)
        if (route->port_of_bus[bus] != ROUTE_NONE)
            return false;
    for (unsigned bus = first; bus <= last; bus++)
        route->port_of_bus[bus] = (int16_t)port;
    return first <= last;
}

int32_t route_address(const struct route *route, uint64_t address)
{
    uint32_t at = windows_up_to(route, address);
    if (at == 0 || route->windows[at - 1].limit < address)
        return ROUTE_NONE;
    return route->windows[at - 1].port;
}

int32_t route_id(const struct route *route, uint16_t rid)
{
    return route->port_of_bus[rid >> 8];
}
