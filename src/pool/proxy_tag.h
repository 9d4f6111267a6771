/* proxy_tag.h - configuration requests that the switch passes on to a VF in the name of its User
 * (system.md, "proxy_tag"). Requesters of different hosts use the same RIDs and tags, so each
 * request gets a tag of the switch's own; the entry keeps what the completion needs to find its way
 * back. One table per device port. A tag that was given up (time-out, move of the VF) stays out of
 * use until its completion has come or the VF has been reset: its late completion must not answer
 * somebody else's request. The lowest free tag is taken, as a priority encoder does. No clock, no
 * allocation. */
#ifndef POOLSIM_POOL_PROXY_TAG_H
#define POOLSIM_POOL_PROXY_TAG_H

#include "pool/tables.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROXY_TAGS_MOST = 512 }; /* of 1024 tags of ten bits; the others are the switch's own */

struct proxy_entry {
    uint16_t host_port;
    uint16_t rid;           /* requester, in the User's domain */
    uint16_t tag;           /* the requester's */
    uint16_t user_rid;      /* the completer as the User knows it */
    uint16_t function;      /* the VF's index in the pool */
    uint16_t user_function; /* and its number among the host port's emulated functions */
    uint16_t dw;
    uint8_t epoch; /* of the VF's assignment when the request was passed on */
    bool merge;    /* a read of which the shadow holds some bits */
};

enum proxy_match {
    PROXY_MATCHED, /* the entry is free again */
    PROXY_STALE,   /* its request was given up, or made under an earlier assignment; drop it */
    PROXY_WRONG,   /* another function answers than was asked; drop it, the request still waits */
    PROXY_UNKNOWN  /* nothing waits under this tag: a duplicate, or never asked for; drop it */
};

struct proxy_tags; /* lies in the caller's memory */

/* @memory is aligned as by malloc; init clears it. @n_tags is 1 to PROXY_TAGS_MOST. */
size_t proxy_tag_bytes(uint32_t n_tags);
struct proxy_tags *proxy_tag_init(void *memory, uint32_t n_tags);
/* The lowest free tag, which now keeps a copy of @entry; -1 when none is free. */
int32_t proxy_tag_take(struct proxy_tags *tags, const struct proxy_entry *entry);
/* A completion with @tag has come from VF @function, which is now under @epoch. When it matches,
 * *@out_entry says whom it is for. */
enum proxy_match proxy_tag_match(struct proxy_tags *tags, uint16_t tag, uint16_t function,
                                 uint8_t epoch, struct proxy_entry *out_entry);
/* Gives up what waits under @tag, as its time-out does; false when nothing does. */
bool proxy_tag_retire(struct proxy_tags *tags, uint16_t tag);
/* Gives up everything that waits for VF @function; returns how many. */
uint32_t proxy_tag_retire_function(struct proxy_tags *tags, uint16_t function);
/* VF @function has been reset and answers nothing from before: its given-up tags are free. */
void proxy_tag_forget_function(struct proxy_tags *tags, uint16_t function);

uint32_t proxy_tag_capacity(const struct proxy_tags *tags);
uint32_t proxy_tag_waiting(const struct proxy_tags *tags);
/* Waiting requests of VF @function. */
uint32_t proxy_tag_waiting_for(const struct proxy_tags *tags, uint16_t function);
/* The entry of a tag under which something waits, or NULL. */
const struct proxy_entry *proxy_tag_entry(const struct proxy_tags *tags, uint16_t tag);

void proxy_tag_pack(uint16_t tag, const struct proxy_entry *entry, struct pool_entry *out);
bool proxy_tag_unpack(const struct pool_entry *entry, uint16_t *out_tag, struct proxy_entry *out);

#endif
