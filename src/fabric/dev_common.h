/* dev_common.h - what the device kinds share: DMA in one call, the ring as the device counts it,
 * and turns among functions. */
#ifndef POOLSIM_FABRIC_DEV_COMMON_H
#define POOLSIM_FABRIC_DEV_COMMON_H

#include "fabric/arb.h"
#include "fabric/endpoint.h"

/* Where interrupts are written (the message address of x86, Intel SDM 3A 11.11.1), and how much. */
enum { DEV_MSI_BYTES = 4 };
#define DEV_MSI_ADDRESS UINT64_C(0xfee00000)

struct dev_transfer {
    enum request_kind kind;
    uint16_t function;
    uint8_t traffic_class;
    uint32_t bytes;
    uint64_t address;
    const struct request_owner *owner;
    uint64_t context;    /* the owner's */
    const struct op *op; /* whose data it moves; NULL: it serves the function as such */
};

/* Starts the transfer. A write may end, and its owner be called, before this returns. */
void dev_start(struct endpoint *ep, const struct dev_transfer *transfer);

/* A ring of descriptors in a host's memory. All are running counts; entry = count modulo the ring's
 * length, as are the values that real registers hold. The driver posts, announces by the tail
 * register, and the device fetches a batch at a time: one fetch is under way at most, so that
 * descriptors come in the ring's order, and what is announced meanwhile makes up the next batch. */
struct dev_ring {
    uint32_t fetched;   /* entries fetched or being fetched: the head */
    uint32_t available; /* announced, and not yet being fetched */
    uint32_t fetching;
};

/* The tail register was written; @posted_most: entries that the memory holds and that are not
 * fetched yet. */
void dev_ring_announce(struct dev_ring *ring, uint32_t tail, uint32_t posted_most);
/* Begins a fetch of @most entries at most, not beyond the ring's end, if none is under way; returns
 * how many (0: none) and the first one's entry. */
uint32_t dev_ring_begin_fetch(struct dev_ring *ring, uint32_t entries, uint32_t most,
                              uint32_t *out_first);
/* The fetch is done; returns how many entries it brought. */
uint32_t dev_ring_end_fetch(struct dev_ring *ring);

/* Functions that wait for something, served in turns. */
struct dev_turns {
    struct arb arb;
    uint64_t *waiting; /* bitmap */
    uint32_t n;        /* functions that wait */
};

/* 64-bit words of the bitmap for @n_functions. */
size_t dev_turns_words(uint32_t n_functions);
/* Round robin; @bitmap is zeroed memory of the caller. */
void dev_turns_init(struct dev_turns *turns, uint32_t n_functions, uint64_t *bitmap);
void dev_turns_set(struct dev_turns *turns, uint32_t function, bool waits);
/* Whose turn it is, without taking it; ARB_NONE if nobody waits. */
int32_t dev_turns_next(const struct dev_turns *turns);
/* @function, whose turn it was, has been served. */
void dev_turns_take(struct dev_turns *turns, uint32_t function);

#endif
