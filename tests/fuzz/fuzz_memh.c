/* fuzz_memh.c - any bytes: the first chooses the table and the number of entries, the rest is the
 * text. The reader refuses it with a place inside of it, or gives entries that are written as text
 * that reads the same. */
#include "base/check.h"
#include "pool/memh.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_ENTRIES = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pool_entry once[MOST_ENTRIES], twice[MOST_ENTRIES];
    static char text[MOST_ENTRIES * MEMH_LINE_BYTES];
    struct err err = {0};

    if (size == 0)
        return 0;
    const struct pool_table *table = &pool_tables[data[0] % POOL_TABLES];
    const uint32_t n_entries = data[0] / POOL_TABLES % (MOST_ENTRIES + 1);

    if (!memh_read(table, (const char *)data + 1, size - 1, "fuzz", once, n_entries, &err)) {
        CHECK(err.message[0] && err.line >= 1 && err.line <= size && err.column >= 1 &&
              err.column <= size);
        return 0;
    }
    size_t bytes = 0;
    for (uint32_t i = 0; i < n_entries; i++)
        bytes += memh_format(table, &once[i], text + bytes);
    CHECK(memh_read(table, text, bytes, "again", twice, n_entries, &err));
    CHECK(memcmp(once, twice, n_entries * sizeof *once) == 0);
    return 0;
}
