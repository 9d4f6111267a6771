/* poolsim cosim: a record of the event-driven switch beside the switch as hardware has it: the
 * lock-step model, and the Verilated module when its player has been built. */
#include "run/command.h"

#include "cosim/compare.h"
#include "run/folder.h"
#include "run/process.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAID_BYTES = 4096, WAVE_CYCLES = 200 };

static void tell_agreement(const struct record *record, const struct compare *compare)
{
    printf("%s: %s agrees with switch \"%s\" in every bit and cycle: %" PRIu32 " TLPs, %" PRIu64
           " left, %" PRIu64 " refused or taken, in %" PRIu64 " cycles\n",
           record->path, compare->name, record->name, record->n_serials, compare->left,
           compare->compared - compare->left, record->end_cycle + 1);
}

/* ---- the Verilated module ---- */

/* hdl/cosim beside this program, as make hdl-cosim builds it, or what POOLSIM_COSIM names. */
static bool find_player(char path[PATH_MAX])
{
    const char *named = getenv("POOLSIM_COSIM");
    if (named) {
        snprintf(path, PATH_MAX, "%s", named);
        return true;
    }
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof "hdl/cosim");
    if (n <= 0)
        return false;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    memcpy(slash ? slash + 1 : path, "hdl/cosim", sizeof "hdl/cosim");
    return access(path, X_OK) == 0;
}

/* Plays the record again, with waves from a little before the difference on. */
static void write_waves(const char *player, const char *record, const char *said)
{
    char from[64], to[PATH_MAX], again[SAID_BYTES];
    const char *bench = strstr(said, "the record in cycle ");
    const char *last = NULL;
    for (; bench; bench = strstr(bench + 1, "the record in cycle "))
        last = bench;
    const uint64_t cycle = last ? strtoull(last + sizeof "the record in cycle", NULL, 10) : 0;
    if (snprintf(to, sizeof to, "+wave=%s.fst", record) >= (int)sizeof to)
        return;
    snprintf(from, sizeof from, "+wave_from=%" PRIu64,
             cycle > WAVE_CYCLES ? cycle - WAVE_CYCLES : 0);
    const char *const argv[] = {player, from, to, NULL};
    process_run(".", argv, again, sizeof again);
    printf("waves: %s.fst\n", record);
}

static int play(const char *record)
{
    char player[PATH_MAX], said[SAID_BYTES];
    if (!find_player(player)) {
        puts("the Verilog switch has not been asked: make hdl-cosim builds its player");
        return COMMAND_GOOD;
    }
    const char *const argv[] = {player, NULL};
    if (setenv("COSIM_RECORD", record, 1) != 0)
        return COMMAND_FAILED;
    const enum process_end end = process_run(".", argv, said, sizeof said);
    puts(said);
    if (end == PROCESS_DONE)
        return COMMAND_GOOD;
    if (strstr(said, "not played to pool_switch"))
        return COMMAND_GOOD;
    if (!strstr(said, "differs from the record"))
        return COMMAND_FAILED;
    write_waves(player, record, said);
    return COMMAND_FAILED;
}

int command_cosim(const struct command_options *options)
{
    struct record record;
    struct compare compare;
    struct err err = {0};
    if (!record_read(options->file, &record, &err)) {
        err_print(&err, stderr);
        return COMMAND_BAD_INPUT;
    }
    int status = COMMAND_GOOD;
    if (!compare_lockstep(&record, stdout, &compare, &err)) {
        err_print(&err, stderr);
        status = COMMAND_BAD_INPUT;
    } else if (compare.differs) {
        status = COMMAND_FAILED;
    } else {
        tell_agreement(&record, &compare);
    }
    record_free(&record);
    if (status != COMMAND_BAD_INPUT) {
        const int played = play(options->file);
        status = status == COMMAND_GOOD ? played : status;
    }
    return command_flush(status);
}
