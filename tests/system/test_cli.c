/* Tests the program from outside: exit statuses, and what goes to standard output and what to
 * standard error. The program is $POOLSIM, or build/poolsim. */
#include "base/check.h"

#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void suite_cli(void);

struct ran {
    int status; /* exit status, -1 when it ended by a signal */
    char out[65536], err[8192];
};

struct place {
    char dir[64], good[96], bad[96], results[96];
};

static const char good_yaml[] =
    "name: small\n"
    "run: {duration: 20us, max_duration: 20us, warmup: 2us}\n"
    "hosts:\n- {name: owner}\n- {name: user}\n"
    "switches:\n- {name: sw}\n"
    "devices:\n- {name: dev, kind: \"null\", owner: owner, vfs: 2}\n"
    "lend:\n- {device: dev, vf: 0..1, to: user}\n"
    "workloads:\n- {name: w, op: dma-write, load: 20%}\n"
    "sweep:\n  axes:\n  - {key: workloads.0.load, values: [10%, 40%]}\n";

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static struct place place_new(void)
{
    struct place place;
    snprintf(place.dir, sizeof place.dir, "/tmp/poolsim-cli-XXXXXX");
    CHECK(mkdtemp(place.dir));
    snprintf(place.good, sizeof place.good, "%s/good.yaml", place.dir);
    snprintf(place.bad, sizeof place.bad, "%s/bad.yaml", place.dir);
    snprintf(place.results, sizeof place.results, "%s/results", place.dir);
    write_file(place.good, good_yaml);
    write_file(place.bad, "nmae: small\n");
    return place;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static void place_free(const struct place *place)
{
    if (!getenv("POOLSIM_KEEP"))
        nftw(place->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void take_output(int fd, char *text, size_t size)
{
    ssize_t got = pread(fd, text, size - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    close(fd);
}

/* Runs poolsim with up to eight arguments, a NULL ends them; standard error is not a terminal. */
static struct ran poolsim(const char *const arguments[8])
{
    static struct ran ran;
    const char *program = getenv("POOLSIM") ? getenv("POOLSIM") : "build/poolsim";
    char *argv[10] = {strdup(program)};
    int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC), status = 0;
    CHECK(out >= 0 && err >= 0 && argv[0]);
    for (int i = 0; i < 8 && arguments[i]; i++)
        CHECK(argv[i + 1] = strdup(arguments[i]));
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    take_output(out, ran.out, sizeof ran.out);
    take_output(err, ran.err, sizeof ran.err);
    for (int i = 0; argv[i]; i++)
        free(argv[i]);
    return ran;
}

#define POOLSIM(...) poolsim((const char *const[8]){__VA_ARGS__})

/* ---- usage ---- */

static void test_usage_is_status_2(void)
{
    static const struct {
        const char *arguments[8], *says;
    } cases[] = {
        {{NULL}, "Usage: poolsim COMMAND"},
        {{"frobnicate"}, "\"frobnicate\" is not a command"},
        {{"run"}, "which FILE?"},
        {{"run", "a.yaml", "b.yaml"}, "one argument too many"},
        {{"run", "a.yaml", "--frobnicate"}, "unrecognized option"},
        {{"run", "a.yaml", "-j", "2"}, "invalid option"},
        {{"run", "a.yaml", "--set", "novalue"}, "give a key and its value"},
        {{"run", "a.yaml", "--seed", "-1"}, "whole number"},
        {{"run", "a.yaml", "--seed", "18446744073709551616"}, "whole number"},
        {{"sweep", "a.yaml", "-j", "0"}, "from 1 to"},
        {{"schema", "a.yaml"}, "one argument too many"},
        {{"run", "a.yaml", "--boot", "slow"}, "--boot slow: give none, fast or tlp"},
        {{"check", "a.yaml", "--boot", "tlp"}, "unrecognized option"},
        {{"lspci"}, "which FILE?"},
        {{"cosim"}, "which FILE?"},
        {{"run", "a.yaml", "--host", "a"}, "unrecognized option"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ran ran = poolsim(cases[i].arguments);
        CU_ASSERT_EQUAL(ran.status, 2);
        CU_ASSERT_STRING_EQUAL(ran.out, "");
        CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, cases[i].says));
    }
}

static void test_help_and_version(void)
{
    static const char *const commands[] = {"run",    "sweep", "check", "topo",
                                           "tables", "lspci", "cosim", "schema"};
    struct ran ran = POOLSIM("--version");
    CU_ASSERT_EQUAL(ran.status, 0);
    CU_ASSERT_EQUAL(strncmp(ran.out, "poolsim ", 8), 0);
    ran = POOLSIM("--help");
    CU_ASSERT_EQUAL(ran.status, 0);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char usage[64];
        CU_ASSERT_PTR_NOT_NULL(strstr(ran.out, commands[i]));
        struct ran help = POOLSIM(commands[i], "--help");
        snprintf(usage, sizeof usage, "Usage: poolsim %s", commands[i]);
        CU_ASSERT_EQUAL(help.status, 0);
        CU_ASSERT_EQUAL(strncmp(help.out, usage, strlen(usage)), 0);
        CU_ASSERT_STRING_EQUAL(help.err, "");
        ran = POOLSIM("--help");
    }
}

/* ---- input ---- */

static void test_bad_input_is_status_2_with_its_place(void)
{
    static const char *const commands[] = {"run", "sweep", "check", "topo", "lspci"};
    struct place place = place_new();
    char where[128];
    snprintf(where, sizeof where, "%s:1:1: ", place.bad);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct ran ran = POOLSIM(commands[i], place.bad);
        CU_ASSERT_EQUAL(ran.status, 2);
        CU_ASSERT_STRING_EQUAL(ran.out, "");
        CU_ASSERT_EQUAL(strncmp(ran.err, where, strlen(where)), 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, "nmae"));
        ran = POOLSIM(commands[i], "/nonexistent.yaml");
        CU_ASSERT_EQUAL(ran.status, 2);
        CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, "/nonexistent.yaml"));
    }
    struct ran ran = POOLSIM("check", place.good, "--set", "workloads.0.load=plenty");
    CU_ASSERT_EQUAL(ran.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, "load"));
    place_free(&place);
}

static void test_commands_that_only_read(void)
{
    struct place place = place_new();
    struct ran ran = POOLSIM("check", place.good);
    CU_ASSERT_EQUAL(ran.status, 0);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(ran.out, "good.yaml: good: 2 hosts, 1 switches, 1 devices, 2 VFs lent"));
    ran = POOLSIM("topo", place.good);
    CU_ASSERT_EQUAL(ran.status, 0);
    CU_ASSERT_EQUAL(strncmp(ran.out, "digraph", 7), 0);
    ran = POOLSIM("schema");
    CU_ASSERT_EQUAL(ran.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.out, "workloads"));
    ran = POOLSIM("schema", "--json");
    CU_ASSERT_EQUAL(ran.status, 0);
    CU_ASSERT_EQUAL(ran.out[0], '{');
    place_free(&place);
}

static void test_lspci_needs_a_host_that_is_there(void)
{
    struct place place = place_new();
    struct ran ran = POOLSIM("lspci", place.good);
    CU_ASSERT_EQUAL(ran.status, 2);
    CU_ASSERT_STRING_EQUAL(ran.out, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, "which host? give --host NAME, for example owner"));
    ran = POOLSIM("lspci", place.good, "--host", "nobody");
    CU_ASSERT_EQUAL(ran.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, "good.yaml has no host \"nobody\""));
    ran = POOLSIM("lspci", place.good, "--host", "user");
    CU_ASSERT_EQUAL(ran.status, 0);
    CU_ASSERT_EQUAL(strncmp(ran.out, "00:00.0 8086:0100\n00: 86 80 00 01", 33), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.out, "\n03:00.1 10ee:7038\n"));
    /* the only host needs no name, and software that fails is a failure of the run */
    ran = POOLSIM("lspci", "tests/data/good/qemu-sriov.yaml");
    CU_ASSERT_EQUAL(ran.status, 0);
    ran = POOLSIM("lspci", "tests/data/good/qemu-sriov.yaml", "--set",
                  "hosts.q35.mmio.window64=1MiB", "--set", "hosts.q35.mmio.window=1MiB");
    CU_ASSERT_EQUAL(ran.status, 1);
    CU_ASSERT_STRING_EQUAL(ran.out, "");
    place_free(&place);
}

/* ---- runs ---- */

static bool exists(const struct place *place, const char *name)
{
    char path[192];
    snprintf(path, sizeof path, "%s/%s", place->results, name);
    return access(path, R_OK) == 0;
}

static void test_run_writes_its_folder(void)
{
    struct place place = place_new();
    struct ran ran = POOLSIM("run", place.good, "-o", place.results, "--seed", "7");
    CU_ASSERT_EQUAL(ran.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.out, "seed 7"));
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.out, "/results/index.html"));
    CU_ASSERT_TRUE(exists(&place, "summary.json") && exists(&place, "results.csv") &&
                   exists(&place, "index.html"));
    ran = POOLSIM("check", place.good, "--seed", "8");
    CU_ASSERT_EQUAL(ran.status, 0);
    place_free(&place);
}

/* What is described but not simulated is told before anything is. */
static void test_run_refuses_what_it_cannot_simulate(void)
{
    struct place place = place_new();
    struct ran ran =
        POOLSIM("run", "tests/data/good/reallocation.yaml", "-o", place.results, "--boot", "none");
    CU_ASSERT_EQUAL(ran.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, "tests/data/good/reallocation.yaml:39:5: moves"));
    ran = POOLSIM("run", "tests/data/good/qemu-sriov.yaml", "-o", place.results);
    CU_ASSERT_EQUAL(ran.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, "there is no workload to run"));
    CU_ASSERT_FALSE(exists(&place, "summary.json"));
    place_free(&place);
}

/* Results that cannot be written: a failure, not bad input. */
static void test_unwritable_folder_is_status_1(void)
{
    struct place place = place_new();
    struct ran ran = POOLSIM("run", place.good, "-o", "/proc/nowhere");
    CU_ASSERT_EQUAL(ran.status, 1);
    CU_ASSERT_STRING_EQUAL(ran.out, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, "/proc/nowhere"));
    ran = POOLSIM("sweep", place.good, "-o", "/proc/nowhere");
    CU_ASSERT_EQUAL(ran.status, 1);
    place_free(&place);
}

static void test_sweep_goes_on_where_it_was(void)
{
    struct place place = place_new();
    struct ran ran = POOLSIM("sweep", place.good, "-o", place.results, "-j", "2");
    CU_ASSERT_EQUAL(ran.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.out, "2 of 2 points finished\n"));
    CU_ASSERT_TRUE(exists(&place, "sweep.csv") && exists(&place, "index.html"));
    ran = POOLSIM("sweep", place.good, "-o", place.results);
    CU_ASSERT_EQUAL(ran.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.out, "2 of 2 points finished (2 by an earlier sweep)\n"));
    place_free(&place);
}

/* A record of the run agrees; one from which a line was taken does not, and one that was cut off is
 * bad input. */
static void test_cosim_finds_what_differs(void)
{
    struct place place = place_new();
    char record[128], command[400];
    snprintf(record, sizeof record, "%s/record", place.dir);
    setenv("POOLSIM_COSIM", "true", 1); /* a player of the Verilog may or may not have been built */
    struct ran ran = POOLSIM("run", place.good, "-o", place.results, "--record-tlps", record);
    CU_ASSERT_EQUAL(ran.status, 0);
    ran = POOLSIM("cosim", record);
    CU_ASSERT_EQUAL(ran.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.out, "agrees with switch \"sw\" in every bit and cycle: "));
    CU_ASSERT_STRING_EQUAL(ran.err, "");
    snprintf(command, sizeof command, "sed -i '0,/^out/{/^out/d}' %s", record);
    /* NOLINTNEXTLINE(cert-env33-c): the path is this file's own */
    CHECK(system(command) == 0);
    ran = POOLSIM("cosim", record);
    CU_ASSERT_EQUAL(ran.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.out, "differs from the record in cycle"));
    snprintf(command, sizeof command, "sed -i '$d' %s", record);
    /* NOLINTNEXTLINE(cert-env33-c): the path is this file's own */
    CHECK(system(command) == 0);
    ran = POOLSIM("cosim", record);
    CU_ASSERT_EQUAL(ran.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, "/record:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, "it was cut off"));
    ran = POOLSIM("run", place.good, "--direct", "-o", place.results, "--record-tlps", record);
    CU_ASSERT_EQUAL(ran.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(ran.err, "there is no switch whose TLPs could be recorded"));
    ran = POOLSIM("run", place.good, "-o", place.results, "--record-tlps", "/proc/nowhere");
    CU_ASSERT_EQUAL(ran.status, 1);
    unsetenv("POOLSIM_COSIM");
    place_free(&place);
}

void suite_cli(void)
{
    CU_pSuite suite = CU_add_suite("cli", NULL, NULL);
    CU_add_test(suite, "wrong usage is status 2", test_usage_is_status_2);
    CU_add_test(suite, "help and version", test_help_and_version);
    CU_add_test(suite, "bad input is status 2 with its place",
                test_bad_input_is_status_2_with_its_place);
    CU_add_test(suite, "commands that only read", test_commands_that_only_read);
    CU_add_test(suite, "lspci needs a host that is there", test_lspci_needs_a_host_that_is_there);
    CU_add_test(suite, "run writes its folder", test_run_writes_its_folder);
    CU_add_test(suite, "run refuses what it cannot simulate",
                test_run_refuses_what_it_cannot_simulate);
    CU_add_test(suite, "unwritable folder is status 1", test_unwritable_folder_is_status_1);
    CU_add_test(suite, "cosim finds what differs", test_cosim_finds_what_differs);
    CU_add_test(suite, "sweep goes on where it was", test_sweep_goes_on_where_it_was);
}
