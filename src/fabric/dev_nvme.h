/* dev_nvme.h - an SR-IOV NVMe controller (NVM Express Base Specification 1.4). Every function has
 * one I/O queue pair and one interrupt vector; all share the flash channels.
 *
 * Submission tail doorbell -> fetch of 64-byte commands by DMA read, as many as are pending up to a
 * batch -> processing, which commands pass side by side -> with more than two memory pages, DMA
 * read of the PRP list (4.3) -> a write reads its data from memory -> a flash channel, functions in
 * turns, for one sample of the flash latency -> a read writes its data to memory -> completion
 * entry, 16 bytes, when the completion queue has room -> interrupt. Data, completion and interrupt
 * are posted one behind the other; the fabric's order makes them arrive so. Data are whole blocks.
 * A PRP list that spans pages is read in one go. */
#ifndef POOLSIM_FABRIC_DEV_NVME_H
#define POOLSIM_FABRIC_DEV_NVME_H

#include "base/dist.h"
#include "base/rng.h"
#include "fabric/dev_common.h"
#include "fabric/op.h"

/* Doorbells of queue pair 1 (3.1.24, 3.1.25, stride 4). */
enum { NVME_SUBMISSION_TAIL = 0x1008, NVME_COMPLETION_HEAD = 0x100c };
enum { NVME_COMMAND_BYTES = 64, NVME_COMPLETION_BYTES = 16, NVME_PRP_BYTES = 8 };
enum { NVME_FETCH_BATCH = 8 };

enum nvme_command { NVME_READ, NVME_WRITE }; /* op.kind */

struct dev_nvme_params {
    const char *name; /* of its random stream */
    uint64_t seed;
    uint32_t queue_entries; /* of both queues; one less can be used */
    uint32_t block_bytes;
    uint32_t page_bytes;
    const struct dist *read_ps; /* flash latency; borrowed */
    const struct dist *write_ps;
    uint32_t channels; /* flash commands served at once */
    uint64_t processing_ps;
};

/* What driver and device both see of a function's memory; the driver's. */
struct nvme_memory {
    struct op_fifo announced;  /* commands: the driver appends them when their doorbell has arrived,
                                  the device takes them when it has fetched them */
    struct op_fifo completed;  /* the device appends them when it writes their completion, the
                                  driver takes them when an interrupt announces them */
    uint64_t queues_address;   /* of the submission queue, the completion queue follows */
    uint64_t prp_list_address; /* of the lists */
};

struct nvme_function {
    struct nvme_memory *memory; /* NULL: no driver */
    struct dev_ring submission;
    uint32_t completion_tail;   /* running counts of entries written ... */
    uint32_t completion_head;   /* ... and of entries that the driver has taken */
    struct op_fifo for_channel; /* commands in front of the flash */
    struct op_fifo for_room;    /* commands in front of the completion queue */
    uint8_t traffic_class;
    bool resetting; /* nothing new starts */
    uint8_t resets; /* so far */
};
_Static_assert(sizeof(struct nvme_function) <= 128, "with the driver's, 256 bytes a function");

struct nvme_counters {
    uint64_t commands[2]; /* by enum nvme_command, that have passed the flash */
    uint64_t bytes[2];    /* of them, whole blocks */
    uint64_t interrupts;
};

struct dev_nvme {
    struct endpoint *ep;
    struct dev_nvme_params params;
    struct op_pool *ops;
    struct nvme_function *functions;
    struct op_fifo processing; /* in the order in which they will be done */
    bool processing_event;     /* one is under way for its head */
    struct dev_turns flash;
    uint32_t channels_busy;
    struct rng rng;
    struct nvme_counters counters;
    const struct request_owner *interrupt_owner; /* the driver */
    struct request_owner fetch_owner;
    struct request_owner prp_owner;
    struct request_owner data_owner;
    struct request_owner completion_owner;
};

/* For endpoint_params.ops; endpoint_params.device is the struct dev_nvme. */
extern const struct device_ops dev_nvme_ops;

size_t dev_nvme_memory_bytes(uint32_t n_functions);
/* @memory: zeroed, aligned to 64 bytes, must not move. @ep need not be initialised yet. Borrows
 * all. Returns the device, at the start of @memory. */
struct dev_nvme *dev_nvme_init(void *memory, struct endpoint *ep, uint32_t n_functions,
                               const struct dev_nvme_params *params, struct op_pool *ops);

/* Gets the interrupts of all functions, at the time at which the CPU's handler runs. The request's
 * context is the number of completions announced. */
void dev_nvme_set_interrupt_owner(struct dev_nvme *nvme, const struct request_owner *owner);
/* Starts a function whose queues the driver has set up. A function that another driver used and
 * that was not reset since goes on with what it has. */
void dev_nvme_attach(struct dev_nvme *nvme, uint16_t function, uint8_t traffic_class,
                     struct nvme_memory *memory);

#endif
