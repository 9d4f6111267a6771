/* main.c - runs the test suites that this table names; tests/check/suites.sh fails when a suite is
 * missing from it. Usage: unit [--list] [--quick] [--verbose] [SUITE...] Exit 0 when at least one
 * test ran and all passed, 1 otherwise, 2 on bad usage. CUnit's summary is printed last. */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* X(name, speed): suite_<name> is defined in tests/unit/test_<name>.c or
 * tests/system/test_<name>.c. --quick leaves out the SLOW ones, which simulate for seconds. */
#define SUITES(X)                                                                                  \
    X(check, FAST)                                                                                 \
    X(arena, FAST)                                                                                 \
    X(err, FAST)                                                                                   \
    X(units, FAST)                                                                                 \
    X(progress, FAST)                                                                              \
    X(rng, FAST)                                                                                   \
    X(dist, FAST)                                                                                  \
    X(rate, FAST)                                                                                  \
    X(tlp_header, FAST)                                                                            \
    X(tlp_check, FAST)                                                                             \
    X(split, FAST)                                                                                 \
    X(credit, FAST)                                                                                \
    X(order, FAST)                                                                                 \
    X(route, FAST)                                                                                 \
    X(tlp_to_header, FAST)                                                                         \
    X(cfgspace, FAST)                                                                              \
    X(cap, FAST)                                                                                   \
    X(preset, FAST)                                                                                \
    X(replay, FAST)                                                                                \
    X(tlp, FAST)                                                                                   \
    X(eventq, FAST)                                                                                \
    X(sim, FAST)                                                                                   \
    X(plane, FAST)                                                                                 \
    X(software, FAST)                                                                              \
    X(boot_tlp, FAST)                                                                              \
    X(boot_ways, FAST)                                                                             \
    X(boot_run, FAST)                                                                              \
    X(fault_run, FAST)                                                                             \
    X(moves, SLOW)                                                                                 \
    X(classify, FAST)                                                                              \
    X(id_map, FAST)                                                                                \
    X(id_map_pipe, FAST)                                                                           \
    X(addr_map, FAST)                                                                              \
    X(tables, FAST)                                                                                \
    X(layout, FAST)                                                                                \
    X(proxy_tag, FAST)                                                                             \
    X(assignment, FAST)                                                                            \
    X(cfg_emu, FAST)                                                                               \
    X(bridge, FAST)                                                                                \
    X(tables_files, FAST)                                                                          \
    X(link, FAST)                                                                                  \
    X(lspci, FAST)                                                                                 \
    X(arb, FAST)                                                                                   \
    X(pick, FAST)                                                                                  \
    X(op, FAST)                                                                                    \
    X(port, FAST)                                                                                  \
    X(pooled_config, FAST)                                                                         \
    X(lockstep, FAST)                                                                              \
    X(record, FAST)                                                                                \
    X(live, FAST)                                                                                  \
    X(switch, FAST)                                                                                \
    X(hierarchy, FAST)                                                                             \
    X(enumerate, FAST)                                                                             \
    X(enumerate_qemu, FAST)                                                                        \
    X(enumerate_paper, FAST)                                                                       \
    X(histogram, FAST)                                                                             \
    X(converge, FAST)                                                                              \
    X(collect, FAST)                                                                               \
    X(csv, FAST)                                                                                   \
    X(arrival, FAST)                                                                               \
    X(traffic, FAST)                                                                               \
    X(reset, FAST)                                                                                 \
    X(fault, FAST)                                                                                 \
    X(yaml_tree, FAST)                                                                             \
    X(config, FAST)                                                                                \
    X(output, FAST)                                                                                \
    X(plane_report, FAST)                                                                          \
    X(sweep, FAST)                                                                                 \
    X(cli, FAST)                                                                                   \
    X(readme, FAST)                                                                                \
    X(nic, FAST)                                                                                   \
    X(nvme, FAST)                                                                                  \
    X(latency, FAST)                                                                               \
    X(ceilings, FAST)                                                                              \
    X(queueing, FAST)                                                                              \
    X(fairness, FAST)                                                                              \
    X(direct, FAST)                                                                                \
    X(determinism, FAST)                                                                           \
    X(isolation, FAST)                                                                             \
    X(isolation_moves, FAST)

enum speed { FAST, SLOW };

struct suite {
    const char *name;
    void (*add)(void);
    enum speed speed;
};

#define PROTOTYPE(name, speed) void suite_##name(void);
SUITES(PROTOTYPE)

#define ROW(name, speed) {#name, suite_##name, speed},
static const struct suite suites[] = {SUITES(ROW)};

enum { SUITE_COUNT = sizeof(suites) / sizeof(suites[0]) };

struct options {
    bool list, quick, verbose;
    bool chosen[SUITE_COUNT];
    unsigned chosen_count; /* 0: all */
};

static bool options_choose(struct options *options, const char *name)
{
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        if (strcmp(suites[i].name, name) == 0) {
            options->chosen[i] = true;
            options->chosen_count++;
            return true;
        }
    }
    return false;
}

static bool options_parse(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--list") == 0) {
            options->list = true;
        } else if (strcmp(word, "--quick") == 0) {
            options->quick = true;
        } else if (strcmp(word, "--verbose") == 0) {
            options->verbose = true;
        } else if (!options_choose(options, word)) {
            fprintf(stderr,
                    "%s: no suite or option \"%s\"; --list names the suites\n"
                    "usage: %s [--list] [--quick] [--verbose] [SUITE...]\n",
                    argv[0], word, argv[0]);
            return false;
        }
    }
    return true;
}

/* A named suite runs whatever its speed. */
static bool options_want(const struct options *options, size_t i)
{
    if (options->chosen_count)
        return options->chosen[i];
    return !options->quick || suites[i].speed == FAST;
}

/* Registers the wanted suites. A suite that adds no test is a fault: it would pass for ever. */
static bool add_suites(const struct options *options)
{
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        if (!options_want(options, i))
            continue;
        unsigned before = CU_get_registry()->uiNumberOfTests;
        suites[i].add();
        if (CU_get_error() != CUE_SUCCESS) {
            fprintf(stderr, "suite %s: %s\n", suites[i].name, CU_get_error_msg());
            return false;
        }
        if (CU_get_registry()->uiNumberOfTests == before) {
            fprintf(stderr, "suite %s has no test\n", suites[i].name);
            return false;
        }
    }
    return true;
}

static bool run_suites(const struct options *options)
{
    CU_basic_set_mode(options->verbose ? CU_BRM_VERBOSE : CU_BRM_NORMAL);
    CU_ErrorCode code = CU_basic_run_tests();
    fflush(stdout);
    if (code != CUE_SUCCESS) {
        fprintf(stderr, "CUnit: %s\n", CU_get_error_msg());
        return false;
    }
    if (CU_get_number_of_tests_run() == 0) {
        fputs("no test ran\n", stderr);
        return false;
    }
    return CU_get_number_of_tests_run() == CU_get_registry()->uiNumberOfTests &&
           CU_get_number_of_failure_records() == 0;
}

int main(int argc, char **argv)
{
    struct options options = {.list = false};
    if (!options_parse(&options, argc, argv))
        return 2;
    if (options.list) {
        for (size_t i = 0; i < SUITE_COUNT; i++)
            printf("%s%s\n", suites[i].name, suites[i].speed == SLOW ? " (slow)" : "");
        return 0;
    }
    if (CU_initialize_registry() != CUE_SUCCESS) {
        fprintf(stderr, "CUnit: %s\n", CU_get_error_msg());
        return 1;
    }
    bool good = add_suites(&options) && run_suites(&options);
    CU_cleanup_registry();
    return good ? 0 : 1;
}
