/* The benches' call under Verilator: two-valued logic. */
#include "lockstep.h"
#include <stdlib.h>
#include <svdpi.h>

int lockstep_step(const char *name, const svBitVecVal *out, svBitVecVal *next);
void lockstep_exit(int status);

int lockstep_step(const char *name, const svBitVecVal *out, svBitVecVal *next)
{
    return (int)lockstep_cycle(name, out, NULL, next);
}

/* Ends the program: what $stop and $fatal do in a Verilated one is to abort. */
void lockstep_exit(int status)
{
    exit(status);
}
