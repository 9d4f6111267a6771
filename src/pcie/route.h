/* route.h - address and ID routing inside one PCI domain, as bridge windows and bus ranges give it
 * (Base Spec 2.2.4). A table of disjoint address windows and of bus numbers, each leading to a
 * port. No clock, no allocation. */
#ifndef POOLSIM_PCIE_ROUTE_H
#define POOLSIM_PCIE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROUTE_NONE = -1, ROUTE_BUSES = 256 };

struct route_window {
    uint64_t base;
    uint64_t limit; /* last address, inclusive */
    int32_t port;
};

struct route {
    struct route_window *windows; /* ascending; caller's memory */
    uint32_t n_windows;
    uint32_t capacity;
    int16_t port_of_bus[ROUTE_BUSES];
};

void route_init(struct route *route, struct route_window *memory, uint32_t capacity);
/* Adds a window; false if it overlaps another, is upside down, or there is no room. */
bool route_add_window(struct route *route, uint64_t base, uint64_t limit, uint16_t port);
/* Gives the buses @first..@last to @port; false if one is taken or the range is upside down. */
bool route_add_buses(struct route *route, uint8_t first, uint8_t last, uint16_t port);
/* The port, or ROUTE_NONE. */
int32_t route_address(const struct route *route, uint64_t address);
int32_t route_id(const struct route *route, uint16_t rid);

#endif
