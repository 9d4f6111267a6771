/* Address and ID routing against tables that are searched from end to end.
 * Not pinned: the order of windows in memory. */
#include "pcie/route.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>

void suite_route(void);

enum { CAPACITY = 40, SPACE = 4096 };

/* One answer for each address of a small space, which is added at @offset. */
struct naive {
    int32_t port_of_address[SPACE];
    uint32_t n;
};

static bool naive_add(struct naive *naive, uint32_t base, uint32_t limit, uint16_t port)
{
    if (base > limit || naive->n == CAPACITY)
        return false;
    for (uint32_t i = base; i <= limit; i++)
        if (naive->port_of_address[i] != ROUTE_NONE)
            return false;
    for (uint32_t i = base; i <= limit; i++)
        naive->port_of_address[i] = port;
    naive->n++;
    return true;
}

static void windows_agree_with_a_naive_table(void)
{
    static const uint64_t offsets[] = {0, UINT64_C(0x7ffffffffffff800), UINT64_MAX - SPACE + 1};
    uint64_t state = 1;
    unsigned added = 0, refused = 0, wrong = 0;

    for (unsigned run = 0; run < 300; run++) {
        const uint64_t offset = offsets[run % 3];
        const uint32_t longest = 1U << splitmix_below(&state, 11);
        struct route_window memory[CAPACITY];
        struct naive naive = {.n = 0};
        struct route route;

        route_init(&route, memory, CAPACITY);
        for (uint32_t i = 0; i < SPACE; i++)
            naive.port_of_address[i] = ROUTE_NONE;
        for (unsigned n = 0; n < 100; n++) {
            const uint32_t base = splitmix_below(&state, SPACE);
            uint32_t limit = base + splitmix_below(&state, longest + 1) - (n % 16 == 0);
            const uint16_t port = (uint16_t)splitmix_below(&state, 0x10000);

            if (limit >= SPACE && limit != UINT32_MAX)
                limit = SPACE - 1;
            if (limit == UINT32_MAX) /* below address 0 there is nothing */
                continue;
            const bool good = naive_add(&naive, base, limit, port);
            wrong += route_add_window(&route, offset + base, offset + limit, port) != good;
            added += good;
            refused += !good;
        }
        for (uint32_t i = 0; i < SPACE; i++)
            wrong += route_address(&route, offset + i) != naive.port_of_address[i];
        wrong += route_address(&route, offset - 1) != ROUTE_NONE && offset != 0;
        wrong += route_address(&route, offset + SPACE) != ROUTE_NONE &&
                 offset + SPACE > offset; /* the last space ends with the address space */
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(added > 3000 && refused > 3000);
}

static void a_window_can_be_everything(void)
{
    struct route_window memory[2];
    struct route route;

    route_init(&route, memory, 2);
    CU_ASSERT_EQUAL(route_address(&route, 0), ROUTE_NONE);
    CU_ASSERT(route_add_window(&route, 0, UINT64_MAX, 0xffff));
    CU_ASSERT_FALSE(route_add_window(&route, 0, 0, 1));
    CU_ASSERT_FALSE(route_add_window(&route, UINT64_MAX, UINT64_MAX, 1));
    CU_ASSERT_EQUAL(route_address(&route, 0), 0xffff);
    CU_ASSERT_EQUAL(route_address(&route, UINT64_MAX), 0xffff);
}

static void buses_agree_with_a_naive_table(void)
{
    uint64_t state = 2;
    unsigned wrong = 0;

    for (unsigned run = 0; run < 200; run++) {
        struct route route;
        int32_t port_of_bus[ROUTE_BUSES];

        route_init(&route, NULL, 0);
        for (unsigned bus = 0; bus < ROUTE_BUSES; bus++)
            port_of_bus[bus] = ROUTE_NONE;
        for (unsigned n = 0; n < 20; n++) {
            const uint8_t first = (uint8_t)splitmix_below(&state, ROUTE_BUSES);
            const uint8_t last = (uint8_t)(first + splitmix_below(&state, 30) - 2); /* may wrap */
            const uint16_t port = (uint16_t)splitmix_below(&state, 1024);
            bool good = first <= last;

            for (unsigned bus = first; bus <= last; bus++)
                good = good && port_of_bus[bus] == ROUTE_NONE;
            for (unsigned bus = first; good && bus <= last; bus++)
                port_of_bus[bus] = port;
            wrong += route_add_buses(&route, first, last, port) != good;
        }
        for (unsigned rid = 0; rid < 0x10000; rid += 1 + splitmix_below(&state, 64))
            wrong += route_id(&route, (uint16_t)rid) != port_of_bus[rid >> 8];
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void all_buses_can_lead_to_one_port(void)
{
    struct route route;

    route_init(&route, NULL, 0);
    CU_ASSERT_EQUAL(route_id(&route, 0xffff), ROUTE_NONE);
    CU_ASSERT(route_add_buses(&route, 0, 255, 1023));
    CU_ASSERT_EQUAL(route_id(&route, 0), 1023);
    CU_ASSERT_EQUAL(route_id(&route, 0xffff), 1023);
    CU_ASSERT_FALSE(route_add_window(&route, 0, 0, 0)); /* no room */
}

void suite_route(void)
{
    CU_pSuite suite = CU_add_suite("route", NULL, NULL);

    CU_add_test(suite, "windows agree with a naive table", windows_agree_with_a_naive_table);
    CU_add_test(suite, "a window can be everything", a_window_can_be_everything);
    CU_add_test(suite, "buses agree with a naive table", buses_agree_with_a_naive_table);
    CU_add_test(suite, "all buses can lead to one port", all_buses_can_lead_to_one_port);
}
