#include "lockstep.h"
#define F(name) extern const struct family family_##name;
#include "families.def"
#undef F
#define F(name) &family_##name,
const struct family *const lockstep_families[] = {
#include "families.def"
    NULL};
#undef F
