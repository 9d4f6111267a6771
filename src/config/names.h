/* names.h - names of hosts, switches and devices, and texts that refer to them: "nic",
 * "user0..user3", "a, b0..b7". The stem of a group (count above 1) stands for all of it. All names
 * share one space. */
#ifndef POOLSIM_CONFIG_NAMES_H
#define POOLSIM_CONFIG_NAMES_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

enum { NAMES_MAX = 65536 }; /* that one text may refer to */

enum name_kind { NAME_HOST, NAME_SWITCH, NAME_DEVICE };

struct name {
    const char *text; /* borrowed */
    enum name_kind kind;
    uint32_t first, n; /* indices in the array of its kind */
    struct mark mark;
};

struct names {
    struct name *all; /* sorted once names_finish has run */
    size_t n, size;
};

void names_add(struct names *names, const struct name *name);
/* Sorts; a name that is there twice is an error. */
bool names_finish(struct names *names, struct err *err);
void names_fini(struct names *names);

/* The indices that @text refers to, all of @kind, in its order. @path begins messages. *@out_list
 * is owned by the caller. */
bool names_resolve(const struct names *names, enum name_kind kind, const char *text,
                   const char *path, const struct mark *mark, uint32_t **out_list, uint32_t *out_n,
                   struct err *err);

#endif
