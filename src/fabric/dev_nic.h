/* dev_nic.h - an SR-IOV network controller after the Intel 82599 (data sheet 331520: 7.1 receive,
 * 7.2 transmit, 7.3 interrupts). Every function has one transmit and one receive ring and one
 * interrupt vector; all share one line in each direction and a packet buffer for each.
 *
 * Transmit: tail doorbell -> fetch of descriptors by DMA read, a batch at a time, onto the chip
 * (two batches per ring at most) -> the descriptor engine, one descriptor at a time, functions in
 * turns, when the packet buffer has room -> DMA read of the frame -> the line, one frame at a time,
 * functions in turns, frames of a function in their order. The operation ends with the frame's last
 * bit; then its descriptor is due for write-back.
 * Receive: frames of different functions share the line in turns; the operation begins when the
 * last bit is intended to arrive. A frame is dropped, and its operation fails, when its ring has no
 * descriptor left for it (DROP_EN) or the packet buffer no room; else -> the descriptor engine,
 * when a descriptor is on the chip -> DMA write of the frame -> write-back.
 * Write-back: DMA write of a batch of descriptors, when it is full or its oldest has waited for the
 * timeout; then an interrupt, not earlier than the moderation interval (EITR) after the one before
 * of the same function. Data, write-back and interrupt are posted one behind the other; the
 * fabric's order makes them arrive so.
 *
 * The line: a frame takes frame_gap_bytes and then its own bytes at line_bps, exactly in the long
 * run. A frame that is larger than the packet buffer is taken when the buffer is empty (it flows
 * through). */
#ifndef POOLSIM_FABRIC_DEV_NIC_H
#define POOLSIM_FABRIC_DEV_NIC_H

#include "fabric/dev_common.h"
#include "fabric/op.h"

/* Tail registers of a VF (VFTDT[0], VFRDT[0]). */
enum { NIC_TRANSMIT_TAIL = 0x2018, NIC_RECEIVE_TAIL = 0x1018 };

enum { NIC_TRANSMIT, NIC_RECEIVE, NIC_DIRECTIONS };

struct dev_nic_params {
    uint64_t line_bps;
    uint32_t frame_gap_bytes;
    uint32_t ring_entries; /* the driver uses one less */
    uint32_t descriptor_bytes;
    uint32_t descriptor_batch; /* per fetch at most */
    uint32_t write_back_batch;
    uint64_t write_back_timeout_ps;
    uint64_t moderation_ps; /* between two interrupts of a function */
    uint64_t processing_ps; /* of the engine per descriptor, each direction has one */
    uint32_t buffer_bytes;  /* per direction */
};

/* What driver and device both see of a function's memory; the driver's. */
struct nic_memory {
    struct op_fifo announced; /* frames to transmit: the driver appends them when their doorbell
                                 has arrived, the device takes them when it has fetched them */
    struct op_fifo received;  /* frames: the device appends them when it writes their data, the
                                 driver takes them when an interrupt announces them */
    uint64_t rings_address;   /* of the transmit ring, the receive ring follows */
};

struct nic_queue { /* one direction of a function */
    struct dev_ring ring;
    uint32_t written; /* running count of descriptors written back */
    uint64_t write_back_due_ps;
    uint16_t used;         /* descriptors due for write-back */
    uint16_t on_chip;      /* receive: descriptors fetched and not used yet */
    bool timer;            /* a write-back event is under way */
    uint32_t reported;     /* written back since the last interrupt */
    struct op_fifo engine; /* frames in front of the descriptor engine */
    struct op_fifo line;   /* frames in front of the line */
};

struct nic_function {
    struct nic_memory *memory; /* NULL: no driver */
    uint64_t next_interrupt_ps;
    uint8_t traffic_class;
    bool timer;     /* an interrupt event is under way */
    bool resetting; /* nothing new starts */
    uint8_t resets; /* so far */
    struct nic_queue queues[NIC_DIRECTIONS];
};
_Static_assert(sizeof(struct nic_function) <= 152, "with the driver's, 256 bytes a function");

struct nic_counters {
    uint64_t frames[NIC_DIRECTIONS]; /* that have passed the line */
    uint64_t bytes[NIC_DIRECTIONS];  /* of them, without gaps */
    uint64_t dropped_no_room;        /* received, and the packet buffer was full */
    uint64_t dropped_no_descriptor;  /* received, and the ring was empty */
    uint64_t interrupts;
};

struct nic_engine { /* the descriptor engine of a direction */
    struct dev_turns turns;
    uint32_t op; /* at work on; 0: idle */
    uint32_t buffered_bytes;
};

struct nic_line { /* a direction of the line */
    struct dev_turns turns;
    uint32_t op;      /* the frame that is on it; 0: idle */
    uint64_t free_ps; /* end of the last frame */
    uint64_t rest;    /* remainder of the exact rate, bit-picoseconds modulo line_bps */
};

struct dev_nic {
    struct endpoint *ep;
    struct dev_nic_params params;
    struct op_pool *ops;
    struct nic_function *functions;
    struct nic_engine engines[NIC_DIRECTIONS];
    struct nic_line lines[NIC_DIRECTIONS];
    struct nic_counters counters;
    const struct request_owner *interrupt_owner; /* the driver */
    struct request_owner fetch_owner[NIC_DIRECTIONS];
    struct request_owner data_owner[NIC_DIRECTIONS];
    struct request_owner write_back_owner;
};

/* For endpoint_params.ops; endpoint_params.device is the struct dev_nic. */
extern const struct device_ops dev_nic_ops;

size_t dev_nic_memory_bytes(uint32_t n_functions);
/* @memory: zeroed, aligned to 64 bytes. @ep need not be initialised yet. Borrows all. Returns the
 * device, at the start of @memory. */
struct dev_nic *dev_nic_init(void *memory, struct endpoint *ep, uint32_t n_functions,
                             const struct dev_nic_params *params, struct op_pool *ops);

/* Gets the interrupts of all functions, at the time at which the CPU's handler runs. The request's
 * context is the number of descriptors announced: transmit << 32 | receive. */
void dev_nic_set_interrupt_owner(struct dev_nic *nic, const struct request_owner *owner);
/* Starts a function whose driver has filled the receive ring, of which one batch is on the chip. A
 * function that another driver used and that was not reset since goes on with what it has. */
void dev_nic_attach(struct dev_nic *nic, uint16_t function, uint8_t traffic_class,
                    struct nic_memory *memory);
/* The frame @index, for its op->function: its last bit should arrive now, which is when it was
 * born. */
void dev_nic_receive(struct dev_nic *nic, uint32_t index);

#endif
