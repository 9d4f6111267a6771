/* The benches' call under Icarus: $lockstep_step(name, out, next, verdict), four-valued logic. */
#include "lockstep.h"
#include <vpi_user.h>

static int words_of(vpiHandle vector)
{
    return (vpi_get(vpiSize, vector) + 31) / 32;
}

static PLI_INT32 step(PLI_BYTE8 *user_data)
{
    (void)user_data;
    vpiHandle call = vpi_handle(vpiSysTfCall, NULL);
    vpiHandle arguments = vpi_iterate(vpiArgument, call);
    vpiHandle name = vpi_scan(arguments), out = vpi_scan(arguments), next = vpi_scan(arguments),
              verdict = vpi_scan(arguments);
    uint32_t value[LOCKSTEP_WORDS] = {0}, unknown[LOCKSTEP_WORDS] = {0}, drawn[LOCKSTEP_WORDS];
    s_vpi_vecval vector[LOCKSTEP_WORDS];
    s_vpi_value got = {.format = vpiStringVal};
    char family[64] = "";

    vpi_free_object(arguments);
    vpi_get_value(name, &got);
    for (size_t i = 0; i + 1 < sizeof family && got.value.str[i]; i++)
        family[i] = got.value.str[i];
    got.format = vpiVectorVal;
    vpi_get_value(out, &got);
    for (int w = 0; w < words_of(out); w++) {
        value[w] = (uint32_t)got.value.vector[w].aval;
        unknown[w] = (uint32_t)got.value.vector[w].bval;
    }
    s_vpi_value answer = {.format = vpiIntVal};
    answer.value.integer = (PLI_INT32)lockstep_cycle(family, value, unknown, drawn);
    vpi_put_value(verdict, &answer, NULL, vpiNoDelay);
    for (int w = 0; w < words_of(next); w++)
        vector[w] = (s_vpi_vecval){.aval = (__typeof__(vector->aval))drawn[w]};
    s_vpi_value inputs = {.format = vpiVectorVal};
    inputs.value.vector = vector;
    vpi_put_value(next, &inputs, NULL, vpiNoDelay);
    return 0;
}

static void register_step(void)
{
    static PLI_BYTE8 name[] = "$lockstep_step";
    s_vpi_systf_data task = {.type = vpiSysTask, .tfname = name, .calltf = step};

    vpi_register_systf(&task);
}

void (*vlog_startup_routines[])(void) = {register_step, 0};
