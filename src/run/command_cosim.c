/* poolsim cosim: a record of the event-driven switch beside the switch as hardware has it. */
#include "run/command.h"

#include "cosim/compare.h"

#include <inttypes.h>

static void tell_agreement(const struct record *record, const struct compare *compare)
{
    printf("%s: %s agrees with switch \"%s\" in every bit and cycle: %" PRIu32 " TLPs, %" PRIu64
           " left, %" PRIu64 " refused or taken, in %" PRIu64 " cycles\n",
           record->path, compare->name, record->name, record->n_serials, compare->left,
           compare->compared - compare->left, record->end_cycle + 1);
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
    return command_flush(status);
}
