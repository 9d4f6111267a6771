/* test_arena.c - blocks are zero, aligned, apart, refused by rule, and cost nothing until touched.
 * Not pinned: where a block lies, how many chunks there are. */
#include "base/arena.h"
#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void suite_arena(void);

static bool all_bytes(const unsigned char *bytes, size_t n, unsigned char value)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

/* Fill every block with its own byte and read all of them back at the end: blocks are zero when
 * given, aligned, and no two share a byte. Sizes cross from shared chunks to mappings of their own.
 */
static void blocks_are_zero_aligned_and_apart(void)
{
    enum { BLOCKS = 2000 };
    static const size_t aligns[] = {1, 8, 16, 64, 4096};
    static unsigned char *block[BLOCKS];
    static size_t size_bytes[BLOCKS];
    struct arena arena;
    arena_init(&arena);
    uint32_t random = 12345;
    size_t sum_bytes = 0;
    for (size_t i = 0; i < BLOCKS; i++) {
        random = random * 1664525u + 1013904223u;
        bool large = i % 100 == 7;
        size_bytes[i] = large ? random % (3u << 20) : random % 700;
        size_t align_bytes = aligns[i % 5];
        block[i] = arena_alloc_aligned(&arena, size_bytes[i], 1, align_bytes);
        CU_ASSERT_PTR_NOT_NULL_FATAL(block[i]);
        CU_ASSERT_EQUAL((uintptr_t)block[i] % align_bytes, 0);
        CU_ASSERT(all_bytes(block[i], size_bytes[i], 0));
        memset(block[i], (int)(i % 255 + 1), size_bytes[i]);
        sum_bytes += size_bytes[i];
    }
    for (size_t i = 0; i < BLOCKS; i++)
        CU_ASSERT(all_bytes(block[i], size_bytes[i], (unsigned char)(i % 255 + 1)));
    CU_ASSERT_EQUAL(arena.used_bytes, sum_bytes);
    arena_fini(&arena);
    CU_ASSERT_PTR_NULL(arena.chunks);
    CU_ASSERT_EQUAL(arena.used_bytes, 0);
}

static void sizes_around_the_chunk_all_work(void)
{
    static const size_t around[] = {0, ARENA_CHUNK_BYTES / 8, ARENA_CHUNK_BYTES};
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < 3; i++) {
        for (size_t delta = 0; delta < 200; delta++) {
            size_t n = around[i] + 100 < delta ? 0 : around[i] + 100 - delta;
            unsigned char *block = arena_alloc(&arena, n, 1);
            CU_ASSERT_PTR_NOT_NULL_FATAL(block);
            if (n) {
                block[0] = 1;
                block[n - 1] = 1;
            }
        }
    }
    arena_fini(&arena);
}

static void an_untouched_table_takes_no_memory(void)
{
    size_t table_bytes = (size_t)1 << 33;
    struct arena arena;
    arena_init(&arena);
    unsigned char *table = arena_alloc_aligned(&arena, table_bytes / 64, 64, ARENA_CACHE_LINE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(table);
    table[table_bytes / 2] = 1;
    /* Of 64 MiB around one touched byte at most one huge page is there. */
    enum { PAGES = 16384 };
    static unsigned char resident[PAGES];
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char *middle = table + table_bytes / 2;
    unsigned char *page = middle - (uintptr_t)middle % page_bytes;
    CU_ASSERT_EQUAL(mincore(page, PAGES * page_bytes, resident), 0);
    size_t count = 0;
    for (size_t i = 0; i < PAGES; i++)
        count += resident[i] & 1;
    CU_ASSERT(count >= 1 && count * page_bytes <= (size_t)2 << 20);
    arena_fini(&arena);
}

static void refusals_leave_the_arena_as_it_was(void)
{
    struct arena arena;
    arena_init(&arena);
    CU_ASSERT_PTR_NULL(arena_alloc(&arena, SIZE_MAX / 16 + 2, 16)); /* the product wraps to 16 */
    CU_ASSERT_PTR_NULL(arena_alloc(&arena, SIZE_MAX, 1));           /* rounding up would wrap */
    CU_ASSERT_PTR_NULL(arena_alloc(&arena, SIZE_MAX / 2, 1));       /* no address space holds it */
    char *first = arena_strdup(&arena, "kept");
    arena_set_limit(&arena, 5 + 100);
    CU_ASSERT_PTR_NULL(arena_alloc(&arena, 101, 1));
    CU_ASSERT_PTR_NULL(arena_alloc(&arena, 106, 1));
    CU_ASSERT_EQUAL(arena.used_bytes, 5);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(&arena, 100, 1));
    CU_ASSERT_PTR_NULL(arena_strdup(&arena, ""));
    arena_set_limit(&arena, 3); /* below what is used already */
    CU_ASSERT_PTR_NULL(arena_alloc(&arena, 1, 1));
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_STRING_EQUAL(first, "kept");
    arena_fini(&arena);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(&arena, 1000, 1)); /* the limit is gone too */
    arena_fini(&arena);
}

void suite_arena(void)
{
    CU_pSuite suite = CU_add_suite("arena", NULL, NULL);
    CU_add_test(suite, "blocks are zero, aligned and apart", blocks_are_zero_aligned_and_apart);
    CU_add_test(suite, "sizes around the chunk all work", sizes_around_the_chunk_all_work);
    CU_add_test(suite, "an untouched table takes no memory", an_untouched_table_takes_no_memory);
    CU_add_test(suite, "refusals leave the arena as it was", refusals_leave_the_arena_as_it_was);
}
