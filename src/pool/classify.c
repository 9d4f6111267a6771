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

/* ---- every row of the table ---- */

/* Downstream, by origin. Configuration requests have a table of their own. */
static const enum pool_action from_host[POOL_TLPS][ORIGINS] = {
    /*                       USER_HIT         USER_MISS      OWNER             OWNER_LENT */
    [POOL_TLP_READ] = {POOL_ACT_REMAP, POOL_ACT_UR, POOL_ACT_FORWARD, POOL_ACT_UR},
    [POOL_TLP_WRITE] = {POOL_ACT_REMAP, POOL_ACT_DROP, POOL_ACT_FORWARD, POOL_ACT_DROP},
    [POOL_TLP_ATOMIC] = {POOL_ACT_REMAP, POOL_ACT_UR, POOL_ACT_FORWARD, POOL_ACT_UR},
    [POOL_TLP_COMPLETION] = {POOL_ACT_REMAP, POOL_ACT_DROP, POOL_ACT_FORWARD, POOL_ACT_DROP},
    [POOL_TLP_CONFIG] = {POOL_ACT_UR, POOL_ACT_UR, POOL_ACT_UR, POOL_ACT_UR},
    [POOL_TLP_IO] = {POOL_ACT_UR, POOL_ACT_UR, POOL_ACT_FORWARD, POOL_ACT_UR},
    [POOL_TLP_MSG_PORT] = {POOL_ACT_LOCAL, POOL_ACT_LOCAL, POOL_ACT_FORWARD, POOL_ACT_LOCAL},
    [POOL_TLP_MSG_ERROR] = {POOL_ACT_DROP, POOL_ACT_DROP, POOL_ACT_DROP, POOL_ACT_DROP},
    [POOL_TLP_MSG_PME] = {POOL_ACT_DROP, POOL_ACT_DROP, POOL_ACT_DROP, POOL_ACT_DROP},
    [POOL_TLP_MSG_INTX] = {POOL_ACT_DROP, POOL_ACT_DROP, POOL_ACT_DROP, POOL_ACT_DROP},
    [POOL_TLP_MSG_VENDOR] = {POOL_ACT_DROP, POOL_ACT_DROP, POOL_ACT_FORWARD, POOL_ACT_DROP},
};

/* Upstream: a miss is the Owner's. Messages that only ports send downwards, and configuration
 * requests, do not come from a device. */
static const enum pool_action from_device[POOL_TLPS][2] = {
    /*                          miss              hit */
    [POOL_TLP_READ] = {POOL_ACT_FORWARD, POOL_ACT_REMAP},
    [POOL_TLP_WRITE] = {POOL_ACT_FORWARD, POOL_ACT_REMAP},
    [POOL_TLP_ATOMIC] = {POOL_ACT_FORWARD, POOL_ACT_REMAP},
    [POOL_TLP_COMPLETION] = {POOL_ACT_FORWARD, POOL_ACT_REMAP},
    [POOL_TLP_CONFIG] = {POOL_ACT_UR, POOL_ACT_UR},
    [POOL_TLP_IO] = {POOL_ACT_FORWARD, POOL_ACT_UR},
    [POOL_TLP_MSG_PORT] = {POOL_ACT_DROP, POOL_ACT_DROP},
    [POOL_TLP_MSG_ERROR] = {POOL_ACT_FORWARD, POOL_ACT_REMAP},
    [POOL_TLP_MSG_PME] = {POOL_ACT_FORWARD, POOL_ACT_REMAP},
    [POOL_TLP_MSG_INTX] = {POOL_ACT_FORWARD, POOL_ACT_DROP},
    [POOL_TLP_MSG_VENDOR] = {POOL_ACT_FORWARD, POOL_ACT_REMAP},
};

static enum pool_action of_shadow(enum cfg_emu_outcome outcome)
{
    switch (outcome) {
    case CFG_EMU_ANSWER:
        return POOL_ACT_EMULATE;
    case CFG_EMU_PASS:
    case CFG_EMU_MIXED:
        return POOL_ACT_PROXY;
    case CFG_EMU_UR:
        return POOL_ACT_UR;
    case CFG_EMU_CRS:
        return POOL_ACT_CRS;
    }
    CHECK(false);
}

static enum pool_action of_config(const struct pool_query *query)
{
    switch (query->config) {
    case POOL_CONFIG_BRIDGE:
        return POOL_ACT_LOCAL;
    case POOL_CONFIG_USER:
        return of_shadow(query->shadow);
    case POOL_CONFIG_OWNED:
        return POOL_ACT_FORWARD;
    case POOL_CONFIG_ABSENT:
    case POOL_CONFIG_LENT:
        return POOL_ACT_UR;
    case POOL_CONFIGS:
        break;
    }
    CHECK(false);
}

enum pool_action classify_tlp(const struct pool_query *query)
{
    CHECK((unsigned)query->tlp < POOL_TLPS);
    if (query->downstream) {
        if (query->tlp == POOL_TLP_CONFIG)
            return of_config(query);
        return from_host[query->tlp][origin_of(query->hit, query->owner, query->lent)];
    }
    if (query->tlp == POOL_TLP_COMPLETION && query->proxied)
        return POOL_ACT_REHEAD;
    return from_device[query->tlp][query->hit];
}
