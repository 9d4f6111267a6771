/* check.h - invariants that hold in every build.
 * A CHECK that fails is a bug in poolsim, never in its input: it prints the condition, the place,
 * the simulated time and the component at work, and aborts. Bad input is reported through struct
 * err instead. */
#ifndef POOLSIM_BASE_CHECK_H
#define POOLSIM_BASE_CHECK_H

#include <stdint.h>

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (__builtin_expect(!(cond), 0))                                                          \
            check_failed(#cond, __FILE__, __LINE__);                                               \
    } while (0)

__attribute__((cold)) _Noreturn void check_failed(const char *cond, const char *file, int line);

/* Where a simulation keeps its clock and the component at work, so that a failed CHECK can say when
 * and where it happened. Both pointers are borrowed until the next call; NULL, NULL forgets them.
 */
void check_set_context(const uint64_t *now_ps, const char *const *component);

#endif
