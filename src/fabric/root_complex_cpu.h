/* root_complex_cpu.h - the CPU's side of a root complex: what root_complex.c hands on. */
#ifndef POOLSIM_FABRIC_ROOT_COMPLEX_CPU_H
#define POOLSIM_FABRIC_ROOT_COMPLEX_CPU_H

#include "fabric/root_complex.h"

enum {
    ROOT_COMPLEX_EV_PORT,
    ROOT_COMPLEX_EV_READ_READY,
    ROOT_COMPLEX_EV_INTERRUPT,
    ROOT_COMPLEX_EV_REFUSE,
    /* the CPU's */
    ROOT_COMPLEX_EV_ISSUE,
    ROOT_COMPLEX_EV_COMPLETION,
    ROOT_COMPLEX_EV_LOCAL,
    ROOT_COMPLEX_EV_TIMEOUT,
};

/* An event of the CPU's kinds. */
void root_complex_cpu_on_event(struct root_complex *rc, const struct event *event);

#endif
