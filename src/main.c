/* main.c - poolsim's command line: reads the arguments of one subcommand and hands them to
 * run/command.c. */
#include "run/command.h"
#include "run/version.h"

#include <argp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_SET = 256,
    OPTION_SEED,
    OPTION_DIRECT,
    OPTION_JSON,
    OPTION_DECODE,
    OPTION_BOOT,
    OPTION_HOST,
    OPTION_RECORD_TLPS
};
enum { MAX_JOBS = 1024 };

/* ---- options, and which subcommand takes which ---- */

static const struct argp_option option_set = {
    "set",
    OPTION_SET,
    "KEY=VALUE",
    0,
    "Give a key of FILE another value, e.g. --set workloads.0.load=50%; may be repeated",
    0};
static const struct argp_option option_seed = {
    "seed", OPTION_SEED, "N", 0, "Start the random numbers from N", 0};
static const struct argp_option option_direct = {
    "direct",
    OPTION_DIRECT,
    NULL,
    0,
    "Without the pool: every host's part of a device is a device of its own on its root port, with "
    "the same traffic; NAME becomes NAME-direct",
    0};
static const struct argp_option option_output = {
    "output", 'o', "DIR", 0, "Write the results into DIR instead of results/NAME", 0};
static const struct argp_option option_quiet = {"quiet", 'q', NULL, 0, "Show no progress", 0};
static const struct argp_option option_jobs = {
    "jobs", 'j', "N", 0, "Run N points at once instead of one per core", 0};
static const struct argp_option option_json = {
    "json", OPTION_JSON, NULL, 0, "As JSON Schema, for editors", 0};

static const struct argp_option option_decode = {
    "decode", OPTION_DECODE, NULL, 0, "FILE is a folder of tables: print them", 0};

static const struct argp_option option_boot = {
    "boot",
    OPTION_BOOT,
    "MODE",
    0,
    "How hosts come up: none, fast (by function calls) or tlp (by TLPs, in simulated time)",
    0};
static const struct argp_option option_host = {
    "host", OPTION_HOST, "NAME", 0, "Whose PCI functions; needed when FILE has several hosts", 0};

static const struct argp_option option_record_tlps = {
    "record-tlps",
    OPTION_RECORD_TLPS,
    "RECORD",
    0,
    "Record what goes through the root switch, cycle by cycle, in the file RECORD, for poolsim "
    "cosim",
    0};

enum { MAX_OPTIONS = 8 };

struct command {
    const char *name;
    bool takes_file;
    int (*run)(const struct command_options *options);
    const char *summary;
    const struct argp_option *options[MAX_OPTIONS];
};

static const struct command commands[] = {
    {"run",
     true,
     command_run,
     "Simulate FILE and write a folder of results.",
     {&option_set, &option_seed, &option_boot, &option_direct, &option_record_tlps, &option_output,
      &option_quiet}},
    {"sweep",
     true,
     command_sweep,
     "Simulate every point of FILE's sweep; points that are finished already are kept.",
     {&option_set, &option_seed, &option_boot, &option_direct, &option_output, &option_jobs,
      &option_quiet}},
    {"check",
     true,
     command_check,
     "Say whether FILE is right, and where it is not.",
     {&option_set, &option_seed, &option_direct}},
    {"topo",
     true,
     command_topo,
     "Print FILE's topology for Graphviz: poolsim topo FILE | dot -Tsvg.",
     {&option_set, &option_seed, &option_direct}},
    {"tables",
     true,
     command_tables,
     "Write the switches' tables of FILE's pool as .memh files.",
     {&option_set, &option_seed, &option_boot, &option_output, &option_decode}},
    {"lspci",
     true,
     command_lspci,
     "Print what a host of FILE sees on PCI: poolsim lspci FILE --host NAME > D; lspci -F D -vt.",
     {&option_host, &option_set, &option_boot, &option_direct}},
    {"cosim",
     true,
     command_cosim,
     "Hold the switch as hardware has it to a record FILE of poolsim run --record-tlps.",
     {0}},
    {"schema", false, command_schema, "Print the reference of all keys.", {&option_json}},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* ---- one subcommand's arguments ---- */

struct parsing {
    const struct command *command;
    struct command_options options;
    const char **sets; /* owned; room for every argument */
    char *seed_set;    /* owned */
    char *boot_set;    /* owned */
};

/* A whole decimal number without sign or blanks. */
static bool parse_number(const char *text, uint64_t largest, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value > largest)
        return false;
    *out = value;
    return true;
}

static void take_set(struct parsing *parsing, const char *set, struct argp_state *state)
{
    const char *equals = strchr(set, '=');
    if (!equals || equals == set)
        argp_error(state, "--set %s: give a key and its value, e.g. --set run.duration=2ms", set);
    parsing->sets[parsing->options.n_sets++] = set;
}

/* The seed is a key like any other. */
static void take_seed(struct parsing *parsing, const char *text, struct argp_state *state)
{
    uint64_t seed;
    if (!parse_number(text, UINT64_MAX, &seed))
        argp_error(state, "--seed %s: give a whole number from 0 to 2^64 - 1", text);
    free(parsing->seed_set);
    if (asprintf(&parsing->seed_set, "run.seed=%s", text) < 0)
        argp_failure(state, COMMAND_FAILED, errno, "--seed");
}

/* So is the mode of boot. */
static void take_boot(struct parsing *parsing, const char *text, struct argp_state *state)
{
    if (strcmp(text, "none") != 0 && strcmp(text, "fast") != 0 && strcmp(text, "tlp") != 0)
        argp_error(state, "--boot %s: give none, fast or tlp", text);
    free(parsing->boot_set);
    if (asprintf(&parsing->boot_set, "boot.mode=%s", text) < 0)
        argp_failure(state, COMMAND_FAILED, errno, "--boot");
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct parsing *parsing = state->input;
    struct command_options *options = &parsing->options;
    uint64_t number = 0;
    switch (key) {
    case OPTION_SET:
        take_set(parsing, argument, state);
        return 0;
    case OPTION_SEED:
        take_seed(parsing, argument, state);
        return 0;
    case OPTION_BOOT:
        take_boot(parsing, argument, state);
        return 0;
    case OPTION_HOST:
        options->host = argument;
        return 0;
    case OPTION_RECORD_TLPS:
        options->record_tlps = argument;
        return 0;
    case OPTION_DIRECT:
        options->direct = true;
        return 0;
    case OPTION_DECODE:
        options->decode = true;
        return 0;
    case OPTION_JSON:
        options->json = true;
        return 0;
    case 'o':
        options->dir = argument;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case 'j':
        if (!parse_number(argument, MAX_JOBS, &number) || number == 0)
            argp_error(state, "-j %s: give a whole number from 1 to %d", argument, MAX_JOBS);
        options->jobs = (unsigned)number;
        return 0;
    case ARGP_KEY_ARG:
        if (!parsing->command->takes_file || options->file)
            argp_error(state, "\"%s\" is one argument too many", argument);
        options->file = argument;
        return 0;
    case ARGP_KEY_END:
        if (parsing->command->takes_file && !options->file)
            argp_error(state, "which FILE?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct argp_option options[MAX_OPTIONS + 1] = {{0}};
    for (size_t i = 0; i < MAX_OPTIONS && command->options[i]; i++)
        options[i] = *command->options[i];
    const struct argp argp = {.options = options,
                              .parser = parse_option,
                              .args_doc = command->takes_file ? "FILE" : NULL,
                              .doc = command->summary};
    struct parsing parsing = {.command = command,
                              .sets = calloc((size_t)argc + 1, sizeof *parsing.sets)};
    char name[64];
    snprintf(name, sizeof name, "poolsim %s", command->name);
    argv[0] = name;
    int status = COMMAND_FAILED;
    if (parsing.sets && argp_parse(&argp, argc, argv, 0, NULL, &parsing) == 0) {
        if (parsing.seed_set)
            parsing.sets[parsing.options.n_sets++] = parsing.seed_set;
        if (parsing.boot_set)
            parsing.sets[parsing.options.n_sets++] = parsing.boot_set;
        parsing.options.sets = parsing.sets;
        status = command->run(&parsing.options);
    }
    free(parsing.seed_set);
    free(parsing.boot_set);
    free(parsing.sets);
    return status;
}

/* ---- poolsim itself ---- */

static void print_help(FILE *out)
{
    fputs("Usage: poolsim COMMAND [OPTION...] [FILE]\n"
          "Simulates a pool of PCIe devices that several hosts share through a multi-root "
          "switch.\n\n",
          out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  poolsim %-6s %-5s %s\n", commands[i].name,
                commands[i].takes_file ? "FILE" : "", commands[i].summary);
    fputs("\n  poolsim COMMAND --help tells a command's options; poolsim --version the version.\n"
          "Exit status: 0 good, 1 the run failed, 2 wrong usage or input.\n",
          out);
}

int main(int argc, char **argv)
{
    argp_err_exit_status = COMMAND_BAD_INPUT;
    const char *word = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(word, commands[i].name))
            return run_command(&commands[i], argc - 1, argv + 1);
    if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
        puts("poolsim " POOLSIM_VERSION);
        return COMMAND_GOOD;
    }
    if (!strcmp(word, "--help") || !strcmp(word, "-?") || !strcmp(word, "-h") ||
        !strcmp(word, "help")) {
        print_help(stdout);
        return COMMAND_GOOD;
    }
    if (*word)
        fprintf(stderr, "poolsim: \"%s\" is not a command\n", word);
    print_help(stderr);
    return COMMAND_BAD_INPUT;
}
