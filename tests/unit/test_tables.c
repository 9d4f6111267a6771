/* The layout of the tables' entries: fields abut and fill them, packing returns what went in and
 * touches nothing else, and the .memh text says the same and refuses everything else with its
 * place. Verilog's view of the same file is tests/system/test_layout.c. Not pinned: which field
 * lies where. */
#include "base/check.h"
#include "pool/memh.h"
#include "splitmix.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

void suite_tables(void);

static void fields_fill_their_entries(void)
{
    for (unsigned t = 0; t < POOL_TABLES; t++) {
        const struct pool_table *table = &pool_tables[t];
        unsigned top = table->width;

        CU_ASSERT_TRUE(table->n_fields >= 3);
        for (unsigned f = 0; f < table->n_fields; f++) {
            const struct pool_field *field = &table->fields[f];

            CU_ASSERT_EQUAL(field->table, t);
            CU_ASSERT_EQUAL(field->lsb + field->width, top);
            top = field->lsb;
        }
        CU_ASSERT_EQUAL(top, 0);
        CU_ASSERT_STRING_EQUAL(table->fields[table->n_fields - 1].name, "VALID");
        CU_ASSERT_EQUAL(strncmp(table->fields[0].name, "KEY_", 4), 0);
        CU_ASSERT_EQUAL(pool_table_named(table->name), t);
    }
    CU_ASSERT_EQUAL(pool_table_named("id"), POOL_TABLES);
}

/* Random fields of random entries against an array of single bits. */
static void sets_what_it_says_and_nothing_else(void)
{
    uint64_t rng = 11;
    struct pool_entry entry = {0};
    bool bits[POOL_ENTRY_BITS] = {false};

    for (unsigned n = 0; n < 20000; n++) {
        const unsigned width = 1 + splitmix_below(&rng, 64);
        const unsigned lsb = splitmix_below(&rng, POOL_ENTRY_BITS - width + 1);
        const uint64_t value = splitmix(&rng) >> (64 - width);
        uint64_t expected = 0;

        for (unsigned i = 0; i < width; i++)
            expected |= (uint64_t)bits[lsb + i] << i;
        CU_ASSERT_EQUAL(pool_entry_get(&entry, lsb, width), expected);
        pool_entry_set(&entry, lsb, width, value);
        for (unsigned i = 0; i < width; i++)
            bits[lsb + i] = value >> i & 1;
    }
    for (unsigned i = 0; i < POOL_ENTRY_BITS; i++)
        CU_ASSERT_EQUAL(pool_entry_get(&entry, i, 1), bits[i]);
}

static void packs_and_unpacks(void)
{
    uint64_t rng = 12;

    for (unsigned n = 0; n < 2000; n++) {
        const struct id_key key = {(uint16_t)splitmix_below(&rng, 4096), (uint16_t)splitmix(&rng)};
        const struct id_value value = {(uint16_t)splitmix_below(&rng, 4096),
                                       (uint16_t)splitmix(&rng), splitmix_below(&rng, 65536)};
        const unsigned state = splitmix_below(&rng, 8);
        struct id_key key_back;
        struct id_value value_back;
        unsigned state_back;
        struct pool_entry entry;

        pool_pack_id_up(key, value, state, &entry);
        CU_ASSERT_TRUE(pool_unpack_id_up(&entry, &key_back, &value_back, &state_back));
        CU_ASSERT_TRUE(key_back.port == key.port && key_back.rid == key.rid);
        CU_ASSERT_TRUE(value_back.port == value.port && value_back.rid == value.rid &&
                       value_back.function == value.function && state_back == state);
        pool_pack_id_down(key, value, &entry);
        CU_ASSERT_TRUE(pool_unpack_id_down(&entry, &key_back, &value_back));
        CU_ASSERT_TRUE(key_back.port == key.port && key_back.rid == key.rid);
        CU_ASSERT_TRUE(value_back.port == value.port && value_back.rid == value.rid &&
                       value_back.function == value.function);

        const struct addr_entry addr = {.user_base = splitmix(&rng),
                                        .owner_base = splitmix(&rng),
                                        .function = splitmix_below(&rng, 65536),
                                        .port = (uint16_t)splitmix_below(&rng, 4096),
                                        .log2_bytes = (uint8_t)splitmix_below(&rng, 64)};
        struct addr_entry addr_back;
        uint16_t port_back;

        pool_pack_addr(key.port, &addr, &entry);
        CU_ASSERT_TRUE(pool_unpack_addr(&entry, &port_back, &addr_back));
        CU_ASSERT_TRUE(port_back == key.port && addr_back.user_base == addr.user_base &&
                       addr_back.owner_base == addr.owner_base && addr_back.port == addr.port &&
                       addr_back.function == addr.function &&
                       addr_back.log2_bytes == addr.log2_bytes);
    }
    const struct pool_entry invalid = {{UINT64_MAX - 1, UINT64_MAX}};
    struct addr_entry addr;
    struct id_key key;
    struct id_value value;
    uint16_t port;
    unsigned state;
    CU_ASSERT_FALSE(pool_unpack_id_up(&invalid, &key, &value, &state));
    CU_ASSERT_FALSE(pool_unpack_id_down(&invalid, &key, &value));
    CU_ASSERT_FALSE(pool_unpack_addr(&invalid, &port, &addr));
}

/* ---- .memh ---- */

enum { ENTRIES = 9 };

static void random_entry(uint64_t *rng, const struct pool_table *table, struct pool_entry *out)
{
    *out = (struct pool_entry){0};
    for (unsigned f = 0; f < table->n_fields; f++)
        pool_entry_set(out, table->fields[f].lsb, table->fields[f].width,
                       splitmix(rng) >> (64 - table->fields[f].width));
}

static void memh_returns_what_was_written(void)
{
    uint64_t rng = 13;

    for (unsigned t = 0; t < POOL_TABLES; t++) {
        struct pool_entry entries[ENTRIES], back[ENTRIES];
        char *text = NULL;
        size_t bytes = 0;
        struct err err;

        for (unsigned i = 0; i < ENTRIES; i++)
            random_entry(&rng, &pool_tables[t], &entries[i]);
        FILE *out = open_memstream(&text, &bytes);
        CHECK(out);
        memh_write(&pool_tables[t], entries, ENTRIES, out);
        CHECK(fclose(out) == 0);
        CU_ASSERT_EQUAL(bytes, ENTRIES * ((pool_tables[t].width + 3U) / 4 + 1));
        CU_ASSERT_TRUE(memh_read(&pool_tables[t], text, bytes, "t.memh", back, ENTRIES, &err));
        CU_ASSERT_EQUAL(memcmp(entries, back, sizeof entries), 0);
        free(text);
    }
}

static void memh_text_is_most_significant_first(void)
{
    struct pool_entry entry = {0};
    char line[MEMH_LINE_BYTES];

    pool_pack_id_up((struct id_key){0xabc, 0x0123}, (struct id_value){0x456, 0x789a, 0xbcde}, 7,
                    &entry);
    CU_ASSERT_EQUAL(memh_format(&pool_tables[POOL_ID_UP], &entry, line), 20);
    CU_ASSERT_STRING_EQUAL(line, "abc0123456789abcdef\n");
}

static void memh_refuses_with_place(void)
{
    static const char good[] = "// of $writememh\n\n0000000000000000001\r\n"
                               "  ABC0123456789abcdef // last\n";
    static const struct {
        const char *text;
        uint32_t line, column;
        const char *says;
    } cases[] = {
        {"0000000000000000001\n", 2, 1, "ends after 1 entries; id_down has 2"},
        {"0000000000000000001\n0000000000000000001\n\n 0000000000000000001\n", 4, 2,
         "one entry too many; id_down has 2"},
        {"\n 00001\n", 2, 2, "5 digits; an entry of id_down has 19"},
        {"00000000000000000001\n", 1, 1, "20 digits; an entry of id_down has 19"},
        {"2000000000000000000\n", 1, 1,
         "the first digit is too large; an entry of id_down has 73 bits"},
        {"000000000000000000x\n", 1, 19,
         "an unknown bit 'x'; every bit of an entry of id_down must be known"},
        {"@0\n", 1, 1, "an address; give every entry of id_down, in order"},
        {"0000000000000000001 0000000000000000001\n", 1, 21, "a second entry in one line"},
        {"000000000000000000_1\n", 1, 19, "'_' is not a hexadecimal digit"},
        {"000/\n", 1, 4, "'/' is not a hexadecimal digit"},
        {"0\xff\n", 1, 2, "byte 0xff is not a hexadecimal digit"},
        {"", 1, 1, "ends after 0 entries; id_down has 2"},
    };
    struct pool_entry back[2];
    struct err err = {0};

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_FALSE(memh_read(&pool_tables[POOL_ID_DOWN], cases[i].text, strlen(cases[i].text),
                                  "t.memh", back, 2, &err));
        CU_ASSERT_STRING_EQUAL(err.message, cases[i].says);
        CU_ASSERT_STRING_EQUAL(err.file, "t.memh");
        CU_ASSERT_EQUAL(err.line, cases[i].line);
        CU_ASSERT_EQUAL(err.column, cases[i].column);
    }
    CU_ASSERT_TRUE(
        memh_read(&pool_tables[POOL_ID_UP], good, strlen(good), "t.memh", back, 2, &err));
    CU_ASSERT_EQUAL(POOL_GET(&back[1], ID_UP, KEY_PORT), 0xabc);
    CU_ASSERT_EQUAL(back[0].word[0], 1);
}

void suite_tables(void)
{
    CU_pSuite suite = CU_add_suite("tables", NULL, NULL);

    CU_add_test(suite, "fields fill their entries", fields_fill_their_entries);
    CU_add_test(suite, "a field is set and nothing else", sets_what_it_says_and_nothing_else);
    CU_add_test(suite, "packs and unpacks", packs_and_unpacks);
    CU_add_test(suite, ".memh returns what was written", memh_returns_what_was_written);
    CU_add_test(suite, ".memh has the most significant digit first",
                memh_text_is_most_significant_first);
    CU_add_test(suite, ".memh is refused with its place", memh_refuses_with_place);
}
