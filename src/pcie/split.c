#include "pcie/split.h"

#include "base/check.h"

enum { PAGE_BYTES = 4096, DW_BYTES = 4 };

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t ceil_div(uint64_t a, uint32_t b)
{
    return (uint32_t)((a + b - 1) / b);
}

/* Bytes before @address in its dword. They travel too, disabled by the first byte enables. */
static uint32_t lead_bytes(uint64_t address)
{
    return (uint32_t)address % DW_BYTES;
}

uint32_t split_request(uint64_t address, uint32_t left, uint32_t max_bytes)
{
    CHECK(left > 0 && max_bytes >= DW_BYTES && max_bytes % DW_BYTES == 0);
    const uint32_t to_page_end = PAGE_BYTES - (uint32_t)(address % PAGE_BYTES);

    return min_u32(left, min_u32(to_page_end, max_bytes - lead_bytes(address)));
}

uint32_t split_completion(uint64_t address, uint32_t left, uint32_t mps, uint32_t rcb)
{
    CHECK(left > 0 && rcb >= DW_BYTES && (rcb & (rcb - 1)) == 0 && mps >= rcb && mps % rcb == 0);
    const uint32_t room = mps - lead_bytes(address);

    /* The whole dwords that fit end at address + room; going back to a boundary still moves
     * forward, as mps >= rcb. */
    return left <= room ? left : room - (uint32_t)((address + room) % rcb);
}

uint32_t split_request_count(uint64_t address, uint32_t bytes, uint32_t max_bytes)
{
    if (bytes == 0)
        return 0;
    CHECK(max_bytes >= DW_BYTES && max_bytes % DW_BYTES == 0);
    const uint32_t first = min_u32(bytes, PAGE_BYTES - (uint32_t)(address % PAGE_BYTES));
    const uint32_t rest = bytes - first;

    /* Only the first page can begin inside a dword: the others begin at their first byte. */
    return ceil_div((uint64_t)first + lead_bytes(address), max_bytes) +
           rest / PAGE_BYTES * ceil_div(PAGE_BYTES, max_bytes) +
           ceil_div(rest % PAGE_BYTES, max_bytes);
}

uint32_t split_completion_count(uint64_t address, uint32_t bytes, uint32_t mps, uint32_t rcb)
{
    if (bytes == 0)
        return 0;
    const uint32_t first = split_completion(address, bytes, mps, rcb);

    return 1 + ceil_div(bytes - first, mps);
}
