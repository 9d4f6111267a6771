/* The benches' call under Verilator: two-valued logic. */
#include "lockstep.h"
#include <stdio.h>
#include <stdlib.h>
#include <svdpi.h>
#include <unistd.h>

int lockstep_step(const char *name, const svBitVecVal *out, svBitVecVal *next);
void lockstep_exit(int status);

int lockstep_step(const char *name, const svBitVecVal *out, svBitVecVal *next)
{
    return (int)lockstep_cycle(name, out, NULL, next);
}

static int end_status;

static void leave(void)
{
    fflush(NULL);
    _exit(end_status);
}

/* The program will end with @status: $finish would end a Verilated one with 0, $stop and $fatal
 * would abort it, and exit would leave the waves unwritten. */
void lockstep_exit(int status)
{
    end_status = status;
    if (atexit(leave) != 0)
        _exit(status);
}
