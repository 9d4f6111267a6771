/* boot_report.h - what the hosts' software did and saw, for the results: from the actors' and the
 * components' records to a struct plane_report. */
#ifndef POOLSIM_RUN_BOOT_REPORT_H
#define POOLSIM_RUN_BOOT_REPORT_H

#include "run/boot.h"
#include "run/plane_report.h"

/* At the end of a run. Borrows names from the configuration. */
struct plane_report *boot_report_make(const struct boot *boot);
/* NULL: nothing to do. */
void boot_report_free(struct plane_report *report);

#endif
