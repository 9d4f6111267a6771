#include "base/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The one piece of process-wide state: a CHECK has no argument through which a context could reach
 * it. */
static _Thread_local const uint64_t *context_now_ps;
static _Thread_local const char *const *context_component;

void check_set_context(const uint64_t *now_ps, const char *const *component)
{
    context_now_ps = now_ps;
    context_component = component;
}

_Noreturn void check_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, cond);
    if (context_now_ps)
        fprintf(stderr, "  at %" PRIu64 " ps", *context_now_ps);
    if (context_component && *context_component)
        fprintf(stderr, " in %s", *context_component);
    fputs("\n  This is a bug in poolsim, not in its input.\n", stderr);
    abort();
}
