#include "pool/classify.h"

#include "base/check.h"

/* Whose packet it is, as the look-ups say. A table entry decides before ownership: a host may own
 * one device and use VFs of another. */
enum origin {
    USER_HIT,
    USER_MISS,
    OWNER,
    OWNER_LENT, /* the Owner reaches for a VF that a User has */
    ORIGINS
};

/* "What the pooling logic does with each TLP", downstream column and the row of the Owner's
 * traffic. I/O: VFs have no I/O space. Messages of a User (power, slot, unlock) end at its virtual
 * downstream port. */
static const enum pool_verdict downstream[POOL_KINDS][ORIGINS] = {
    /*                    USER_HIT          USER_MISS         OWNER      OWNER_LENT */
    [POOL_MEM_READ] = {POOL_REMAP, POOL_UNSUPPORTED, POOL_PASS, POOL_UNSUPPORTED},
    [POOL_MEM_WRITE] = {POOL_REMAP, POOL_DROP, POOL_PASS, POOL_DROP},
    [POOL_COMPLETION] = {POOL_REMAP, POOL_DROP, POOL_PASS, POOL_DROP},
    [POOL_CONFIG] = {POOL_REMAP, POOL_UNSUPPORTED, POOL_PASS, POOL_UNSUPPORTED},
    [POOL_IO] = {POOL_UNSUPPORTED, POOL_UNSUPPORTED, POOL_PASS, POOL_UNSUPPORTED},
    [POOL_MESSAGE] = {POOL_DROP, POOL_DROP, POOL_PASS, POOL_DROP},
};

/* The upstream column: a miss is the Owner's traffic. Configuration requests never travel upstream
 * (7.3.3); a VF has no I/O space, a PF's I/O is the Owner's affair. */
static const enum pool_verdict upstream[POOL_KINDS][2] = {
    /*                    miss        hit */
    [POOL_MEM_READ] = {POOL_PASS, POOL_REMAP},
    [POOL_MEM_WRITE] = {POOL_PASS, POOL_REMAP},
    [POOL_COMPLETION] = {POOL_PASS, POOL_REMAP},
    [POOL_CONFIG] = {POOL_UNSUPPORTED, POOL_UNSUPPORTED},
    [POOL_IO] = {POOL_PASS, POOL_UNSUPPORTED},
    [POOL_MESSAGE] = {POOL_PASS, POOL_REMAP},
};

static enum origin origin_of(bool hit, bool owner, bool lent)
{
    if (hit)
        return USER_HIT;
    if (!owner)
        return USER_MISS;
    return lent ? OWNER_LENT : OWNER;
}

enum pool_verdict classify_downstream(enum pool_kind kind, bool hit, bool owner, bool lent)
{
    CHECK((unsigned)kind < POOL_KINDS);
    return downstream[kind][origin_of(hit, owner, lent)];
}

enum pool_verdict classify_upstream(enum pool_kind kind, bool hit)
{
    CHECK((unsigned)kind < POOL_KINDS);
    return upstream[kind][hit];
}
