/* arena.h - memory that lives exactly as long as one simulation.
 * A bump allocator over chunks taken from the system: allocating adds to a pointer, nothing is
 * freed one by one, and arena_fini gives everything back. All memory is zero. A large block is a
 * mapping of its own whose pages cost nothing until they are touched, so that a table may be sized
 * for the worst case. Allocate while building, never in an event handler. */
#ifndef POOLSIM_BASE_ARENA_H
#define POOLSIM_BASE_ARENA_H

#include <stddef.h>

enum {
    ARENA_ALIGN = 16, /* what arena_alloc gives: good for any scalar */
    ARENA_CACHE_LINE =
        64, /* for arena_alloc_aligned: data of one handler shares lines with nobody */
    ARENA_CHUNK_BYTES = 1 << 20 /* small blocks share chunks of this size */
};

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* owned; the first one is bumped, the others are full or large */
    size_t used_bytes;          /* asked for so far */
    size_t limit_bytes;         /* used_bytes never exceeds it */
};

/* An empty arena without a limit; takes no memory yet. */
void arena_init(struct arena *arena);
/* Refuses what would make the sum of all blocks exceed @limit_bytes: a bound for monstrous input,
 * and the way in which tests make any allocation fail. */
void arena_set_limit(struct arena *arena, size_t limit_bytes);
/* Frees every block and leaves an empty arena without a limit. */
void arena_fini(struct arena *arena);

/* @count elements of @element_bytes each, zeroed, owned by the arena. NULL when the limit or the
 * system refuses, or when the product overflows; the arena is then as before. Zero bytes give a
 * pointer that may not be read through. */
void *arena_alloc(struct arena *arena, size_t count, size_t element_bytes)
    __attribute__((warn_unused_result));
/* The same at a multiple of @align_bytes, a power of two up to 4096. */
void *arena_alloc_aligned(struct arena *arena, size_t count, size_t element_bytes,
                          size_t align_bytes) __attribute__((warn_unused_result));
/* A copy of @text. */
char *arena_strdup(struct arena *arena, const char *text) __attribute__((warn_unused_result));

#endif
