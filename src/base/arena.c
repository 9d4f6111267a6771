#include "base/arena.h"

#include "base/check.h"
#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Without the sanitizer's header there is no sanitizer to tell. */
#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, bytes)   ((void)(start), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
#endif

/* The sanitizer build sets it, so that running over the end of one block is seen before it reaches
 * the next. */
#ifndef ARENA_RED_ZONE_BYTES
#define ARENA_RED_ZONE_BYTES 0
#endif

enum { PAGE_BYTES = 4096 };

/* Lies at the start of its own mapping; blocks follow. */
struct arena_chunk {
    alignas(ARENA_CACHE_LINE) struct arena_chunk *next;
    size_t size_bytes; /* of the mapping */
    size_t free_bytes; /* offset of the first byte that no block has */
    size_t trap_bytes; /* offset of the first byte that the sanitizer was told about */
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){.limit_bytes = SIZE_MAX};
}

void arena_set_limit(struct arena *arena, size_t limit_bytes)
{
    arena->limit_bytes = limit_bytes;
}

void arena_fini(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunks;
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        size_t size_bytes = chunk->size_bytes;
        ASAN_UNPOISON_MEMORY_REGION((char *)chunk + chunk->trap_bytes,
                                    size_bytes - chunk->trap_bytes);
        CHECK(munmap(chunk, size_bytes) == 0);
        chunk = next;
    }
    arena_init(arena);
}

/* A chunk whose bytes from @trap_bytes on are an error to touch under the sanitizer, until
 * chunk_take gives them out. A private mapping is zero and takes physical pages only where it is
 * touched; without a reservation of swap, a table for the worst case may be larger than the
 * machine. The trap is only the end of a large chunk: its whole would touch an eighth of its size
 * in shadow memory. */
static struct arena_chunk *chunk_new(size_t size_bytes, size_t trap_bytes)
{
    struct arena_chunk *chunk = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (chunk == MAP_FAILED)
        return NULL;
    chunk->size_bytes = size_bytes;
    chunk->free_bytes = sizeof(*chunk);
    chunk->trap_bytes = trap_bytes;
    ASAN_POISON_MEMORY_REGION((char *)chunk + trap_bytes, size_bytes - trap_bytes);
    return chunk;
}

static size_t round_up(size_t value, size_t align_bytes)
{
    return (value + align_bytes - 1) & ~(align_bytes - 1);
}

/* Takes a block off @chunk, or NULL when it does not fit. Offsets align as addresses do: a mapping
 * starts on a page. */
static void *chunk_take(struct arena_chunk *chunk, size_t size_bytes, size_t align_bytes)
{
    size_t start = round_up(chunk->free_bytes, align_bytes);
    if (start > chunk->size_bytes || size_bytes + ARENA_RED_ZONE_BYTES > chunk->size_bytes - start)
        return NULL;
    chunk->free_bytes = start + size_bytes + ARENA_RED_ZONE_BYTES;
    void *block = (char *)chunk + start;
    ASAN_UNPOISON_MEMORY_REGION(block, size_bytes);
    return block;
}

/* A block that would waste much of a shared chunk gets a mapping of its own, behind the chunk that
 * is being filled. */
static void *take_large(struct arena *arena, size_t size_bytes, size_t align_bytes)
{
    size_t head_bytes = round_up(sizeof(struct arena_chunk), align_bytes);
    size_t map_bytes = round_up(head_bytes + size_bytes + ARENA_RED_ZONE_BYTES, PAGE_BYTES);
    struct arena_chunk *chunk = chunk_new(map_bytes, head_bytes + size_bytes);
    if (!chunk)
        return NULL;
    struct arena_chunk **link = arena->chunks ? &arena->chunks->next : &arena->chunks;
    chunk->next = *link;
    *link = chunk;
    /* Nothing else comes into it, so that the bytes behind the block stay a trap. */
    chunk->free_bytes = map_bytes;
    return (char *)chunk + head_bytes;
}

static void *take_small(struct arena *arena, size_t size_bytes, size_t align_bytes)
{
    if (arena->chunks) {
        void *block = chunk_take(arena->chunks, size_bytes, align_bytes);
        if (block)
            return block;
    }
    struct arena_chunk *chunk = chunk_new(ARENA_CHUNK_BYTES, sizeof(struct arena_chunk));
    if (!chunk)
        return NULL;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk_take(chunk, size_bytes, align_bytes);
}

void *arena_alloc_aligned(struct arena *arena, size_t count, size_t element_bytes,
                          size_t align_bytes)
{
    CHECK(align_bytes > 0 && align_bytes <= PAGE_BYTES && (align_bytes & (align_bytes - 1)) == 0);
    size_t size_bytes = 0;
    if (__builtin_mul_overflow(count, element_bytes, &size_bytes))
        return NULL;
    /* Half of the address space: no sum with headers and rounding below can overflow. */
    if (size_bytes > SIZE_MAX / 2)
        return NULL;
    if (size_bytes > arena->limit_bytes || arena->used_bytes > arena->limit_bytes - size_bytes)
        return NULL;
    void *block = size_bytes > ARENA_CHUNK_BYTES / 8 ? take_large(arena, size_bytes, align_bytes)
                                                     : take_small(arena, size_bytes, align_bytes);
    if (block)
        arena->used_bytes += size_bytes;
    return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t element_bytes)
{
    return arena_alloc_aligned(arena, count, element_bytes, ARENA_ALIGN);
}

char *arena_strdup(struct arena *arena, const char *text)
{
    size_t size_bytes = strlen(text) + 1;
    char *copy = arena_alloc_aligned(arena, size_bytes, 1, 1);
    if (copy)
        memcpy(copy, text, size_bytes);
    return copy;
}
