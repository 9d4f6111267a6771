/* `poolsim tables` from outside: the files hold what the paper's figures show (Owner 04:10.0
 * to 11.6, Users 03:00.0 to 3), each is whole and as wide as the manifest says, the RAM of id_down
 * is found by the RID's low bits; --decode prints them, and refuses what is damaged with its place.
 * Not pinned: names of files, columns of the print. The program is $POOLSIM, or build/poolsim. */
#include "base/check.h"
#include "pool/assignment.h"
#include "pool/bridge.h"
#include "pool/cfg_emu.h"
#include "pool/memh.h"

#include <CUnit/CUnit.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

void suite_tables_files(void);

enum { MOST_ENTRIES = 1024, BARS = 6 };

static char dir[] = "/tmp/poolsim-tables-XXXXXX";
static char text[1 << 20];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

/* Runs poolsim with @arguments, both outputs into `text`; returns the exit status. */
static int poolsim(const char *arguments)
{
    const char *program = getenv("POOLSIM") ? getenv("POOLSIM") : "build/poolsim";
    char command[512];
    snprintf(command, sizeof command, "%s %s 2>&1", program, arguments);
    /* NOLINTNEXTLINE(cert-env33-c): arguments are the constants of this file */
    FILE *said = popen(command, "r");
    CHECK(said);
    text[fread(text, 1, sizeof text - 1, said)] = '\0';
    int status = pclose(said);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void path_of(const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", dir, name);
}

/* The table of that kind, port and role (NULL: none); returns its number of entries. */
static uint32_t read_table(const char *table, int port, const char *role,
                           struct pool_entry entries[MOST_ENTRIES])
{
    char path[256];
    struct err err = {0};
    path_of("manifest.json", path);
    json_t *manifest = json_load_file(path, 0, NULL), *row = NULL, *found = NULL;
    size_t i = 0;
    CHECK(manifest);
    json_array_foreach(json_object_get(manifest, "tables"), i, row)
    {
        const json_t *row_port = json_object_get(row, "port");
        const char *row_role = json_string_value(json_object_get(row, "role"));
        if (strcmp(json_string_value(json_object_get(row, "table")), table) == 0 &&
            (row_port ? json_integer_value(row_port) : -1) == port &&
            (role ? row_role && strcmp(role, row_role) == 0 : !row_role)) {
            CU_ASSERT_PTR_NULL(found);
            found = row;
        }
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    uint32_t n = (uint32_t)json_integer_value(json_object_get(found, "entries"));
    enum pool_table_id id = pool_table_named(table);
    CU_ASSERT_FATAL(id != POOL_TABLES && n <= MOST_ENTRIES);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(found, "width")), pool_tables[id].width);
    path_of(json_string_value(json_object_get(found, "file")), path);
    FILE *in = fopen(path, "r");
    CHECK(in);
    size_t bytes = fread(text, 1, sizeof text, in);
    fclose(in);
    CU_ASSERT_TRUE(memh_read(&pool_tables[id], text, bytes, path, entries, n, &err));
    json_decref(manifest);
    return n;
}

static struct pool_entry entries[MOST_ENTRIES];

/* VF i: 04:10.0 + 2 i to the Owner, and function i % 4 of User i / 4 at port 1 or 2; the NIC is
 * at 3. */
static void both_id_maps(void)
{
    CU_ASSERT_EQUAL(read_table("id_up", 3, NULL, entries), 128);
    for (uint32_t i = 0; i < 128; i++) {
        struct id_key key;
        struct id_value value;
        unsigned state = 0;
        CU_ASSERT_EQUAL(pool_unpack_id_up(&entries[i], &key, &value, &state), i < 8);
        if (i >= 8)
            continue;
        CU_ASSERT_TRUE(key.port == 3 && key.rid == 0x0480 + 2 * i);
        CU_ASSERT_TRUE(value.port == 1 + i / 4 && value.rid == 0x0300 + i % 4);
        CU_ASSERT_TRUE(value.function == i && state == ASSIGNMENT_ASSIGNED);
    }
    for (uint32_t host = 0; host < 2; host++) {
        CU_ASSERT_EQUAL(read_table("id_down", (int)host + 1, NULL, entries), 4);
        for (uint32_t i = 0; i < 4; i++) {
            struct id_key key;
            struct id_value value;
            CU_ASSERT_TRUE(pool_unpack_id_down(&entries[i], &key, &value));
            CU_ASSERT_TRUE(key.port == host + 1 && key.rid == 0x0300 + i);
            CU_ASSERT_TRUE(value.port == 3 && value.rid == 0x0480 + 2 * (4 * host + i));
        }
    }
}

static void addresses_and_shadows_agree(void)
{
    static struct pool_entry shadow[MOST_ENTRIES];
    for (int host = 1; host <= 2; host++) {
        CU_ASSERT_EQUAL(read_table("addr_map", host, NULL, entries), 4 * BARS);
        uint32_t dws = read_table("cfg_shadow", host, NULL, shadow) / 4;
        for (uint32_t i = 0; i < 4; i++) {
            struct addr_entry addr;
            struct cfg_emu_row low, high, command;
            uint16_t port = 0, function = 0, dw = 0;
            /* BAR 0; BAR 3 has the MSI-X table, the others are not there. */
            for (uint32_t bar = 1; bar < BARS; bar++)
                CU_ASSERT_EQUAL(pool_unpack_addr(&entries[i * BARS + bar], &port, &addr), bar == 3);
            CU_ASSERT_TRUE(pool_unpack_addr(&entries[i * BARS], &port, &addr));
            CU_ASSERT_TRUE(port == host && addr.function == 4 * (uint32_t)(host - 1) + i);
            CU_ASSERT_TRUE(cfg_emu_unpack(&shadow[i * dws + 1], &port, &function, &dw, &command));
            CU_ASSERT_TRUE(port == host && function == i && dw == 1);
            CU_ASSERT_TRUE(cfg_emu_unpack(&shadow[i * dws + 4], &port, &function, &dw, &low));
            CU_ASSERT_TRUE(cfg_emu_unpack(&shadow[i * dws + 5], &port, &function, &dw, &high));
            CU_ASSERT_TRUE(command.pass && (command.data & 2));
            CU_ASSERT_EQUAL((uint64_t)high.data << 32 | (low.data & ~0xfU), addr.user_base);
            CU_ASSERT_EQUAL((uint32_t)1 << addr.log2_bytes, -(low.write_mask & ~0xfU));
        }
    }
    CU_ASSERT_EQUAL(read_table("addr_map", 0, "lent", entries), 8 * BARS);
}

static void bridges_as_in_the_figures(void)
{
    static const uint8_t last[] = {4, 3, 3};
    for (int host = 0; host < 3; host++) {
        CU_ASSERT_EQUAL(read_table("bridge", host, NULL, entries), 2);
        for (uint16_t i = 0; i < 2; i++) {
            struct bridge_regs regs;
            uint16_t port = 0, bridge = 0;
            CU_ASSERT_TRUE(bridge_unpack(&entries[i], &port, &bridge, &regs));
            CU_ASSERT_TRUE(port == host && bridge == i);
            CU_ASSERT_TRUE(regs.primary == 1 + i && regs.secondary == 2 + i &&
                           regs.subordinate == last[host]);
            CU_ASSERT_TRUE(regs.pref_base < regs.pref_limit);
        }
    }
}

static void the_assignment(void)
{
    struct assignment memory[9];
    struct assignment_table table;
    assignment_init(&table, memory, 9);
    CU_ASSERT_EQUAL(read_table("assignment", -1, NULL, entries), 9);
    for (uint32_t i = 0; i < 9; i++)
        CU_ASSERT_EQUAL(assignment_unpack(&table, &entries[i]), i < 8); /* the PF is nobody's */
    for (uint32_t i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL(memory[i].state, ASSIGNMENT_ASSIGNED);
        CU_ASSERT_TRUE(memory[i].place.host_port == 1 + i / 4 && memory[i].place.slot == 1 &&
                       memory[i].place.user_function == i % 4);
    }
    CU_ASSERT_EQUAL(read_table("proxy_tag", 3, NULL, entries), 32);
}

static void decode_prints_them(void)
{
    char arguments[128];
    snprintf(arguments, sizeof arguments, "tables --decode %s", dir);
    CU_ASSERT_EQUAL(poolsim(arguments), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "id_up, port 3 of sw, 8 of 128 entries valid"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "04:11.6"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "03:00.3"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "assigned"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "10ed8086"));
}

static void replace_file(const char *name, const char *content)
{
    char path[256];
    path_of(name, path);
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

/* Last: it damages the folder. */
static void damage_is_located(void)
{
    static const struct {
        const char *manifest, *table, *says;
    } cases[] = {
        {"{\"tables\": 1}", "", "manifest.json:1:1: \"tables\" is missing"},
        {"{\n\"tables\": [\n", "", "manifest.json:3:"},
        {"{\"tables\": [{\"file\": \"t\", \"table\": \"id_left\", \"entries\": 1, \"width\": 1}]}",
         "", "table 0: there is no kind of table called \"id_left\""},
        {"{\"tables\": [{\"file\": \"t\", \"table\": \"id_up\", \"entries\": 1, \"width\": 75}]}",
         "", "table 0: entries of id_up have 76 bits, not 75"},
        {"{\"tables\": [{\"file\": \"t\", \"table\": \"id_up\", \"width\": 76}]}", "",
         "Object item not found: entries"},
        {"{\"tables\": [{\"file\": \"t\", \"table\": \"id_up\", \"entries\": -1, \"width\": 76}]}",
         "", "a table has 0 to"},
        {"{\"tables\": [{\"file\": \"../t\", \"table\": \"id_up\", \"entries\": 1, \"width\": "
         "76}]}",
         "", "must name a file in the same folder"},
        {"{\"tables\": [{\"file\": \"u\", \"table\": \"id_up\", \"entries\": 1, \"width\": 76}]}",
         "", "/u: cannot be read"},
        {"{\"tables\": [{\"file\": \"t\", \"table\": \"id_up\", \"entries\": 1, \"width\": 76}]}",
         "\n 000000000000000000g\n", "/t:2:20: 'g' is not a hexadecimal digit"},
    };
    char arguments[128];
    snprintf(arguments, sizeof arguments, "tables --decode %s", dir);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        replace_file("manifest.json", cases[i].manifest);
        replace_file("t", cases[i].table);
        CU_ASSERT_EQUAL(poolsim(arguments), 2);
        if (!strstr(text, cases[i].says))
            CU_FAIL(cases[i].says);
    }
    CU_ASSERT_EQUAL(poolsim("tables --decode /nonexistent"), 2);
    CU_ASSERT_EQUAL(poolsim("tables"), 2);
}

static void too_many_functions_are_an_error(void)
{
    char arguments[128];
    snprintf(arguments, sizeof arguments, "tables tests/bench/vfs-65536.yaml -o %s", dir);
    CU_ASSERT_EQUAL(poolsim(arguments), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "functions with this device's; the tables number 65536"));
}

static int set_up(void)
{
    char arguments[128];
    if (!mkdtemp(dir))
        return 1;
    snprintf(arguments, sizeof arguments, "tables configs/paper-testbed.yaml -o %s", dir);
    return poolsim(arguments);
}

static int clean_up(void)
{
    return nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void suite_tables_files(void)
{
    CU_pSuite suite = CU_add_suite("tables_files", set_up, clean_up);

    CU_add_test(suite, "both ID maps", both_id_maps);
    CU_add_test(suite, "addresses and shadows agree", addresses_and_shadows_agree);
    CU_add_test(suite, "bridges as in the figures", bridges_as_in_the_figures);
    CU_add_test(suite, "the assignment", the_assignment);
    CU_add_test(suite, "--decode prints them", decode_prints_them);
    CU_add_test(suite, "damage is located", damage_is_located);
    CU_add_test(suite, "too many functions are an error", too_many_functions_are_an_error);
}
