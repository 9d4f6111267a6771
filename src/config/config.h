/* config.h - the whole description of one simulation as plain data, after defaults and checks;
 * const from then on. config_load fills it from YAML; run/build turns it into components. Times are
 * picoseconds, sizes bytes, rates bits per second, fractions parts per million. Names index the
 * arrays: a reference is an index, resolved by the loader. */
#ifndef POOLSIM_CONFIG_CONFIG_H
#define POOLSIM_CONFIG_CONFIG_H

#include "base/dist.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CFG_CLASSES = 3 }; /* posted, non-posted, completion, in this order everywhere */

/* Receive buffer of a port, per virtual channel: credits advertised at InitFC; 0 means infinite. */
struct cfg_credits {
    uint32_t header[CFG_CLASSES];
    uint32_t data[CFG_CLASSES]; /* units of 16 bytes */
};

/* A link, both directions alike. It belongs to the host or device (or cascaded switch) that names
 * it. */
struct cfg_link {
    unsigned gen;   /* 1..5 */
    unsigned lanes; /* 1, 2, 4, 8, 12, 16 */
    uint64_t propagation_ps;
    bool skp;                  /* SKP ordered sets take their share of the wire */
    bool dllp;                 /* Ack and UpdateFC DLLPs take their share of the wire */
    bool update_interval_auto; /* UpdateFC at the specification's limit for this gen, width and MPS
                                */
    uint64_t update_interval_ps; /* otherwise: least time between two UpdateFC of one class; 0 = at
                                    once */
};

struct cfg_pcie {
    uint32_t mps_bytes;             /* Max_Payload_Size programmed in every function */
    uint32_t mrrs_bytes;            /* Max_Read_Request_Size */
    uint32_t rcb_bytes;             /* Read Completion Boundary: 64 or 128 */
    bool address64;                 /* memory requests use 4DW headers */
    bool ecrc;                      /* every TLP carries a digest */
    bool relaxed_ordering;          /* DMA requests carry RO */
    bool id_based_ordering;         /* DMA requests carry IDO */
    unsigned vcs;                   /* virtual channels, 1..8; TC t maps to VC t % vcs */
    uint64_t completion_timeout_ps; /* of the hosts' requests; 0: they wait for ever */
    bool aer;                       /* errors are logged and reported */
};

/* How hosts come to their numbers: at once by the same arithmetic, or by software that enumerates
 * in simulated time. The times are what the software of every host takes. */
enum cfg_boot_mode {
    BOOT_NONE, /* no software: numbers by a rule, no configuration spaces */
    BOOT_FAST, /* software's accesses are function calls, and take no time */
    BOOT_TLP,  /* they are TLPs */
};

struct cfg_boot {
    enum cfg_boot_mode mode;
    uint64_t power_on_ps;     /* from power to firmware's first access */
    uint64_t access_ps;       /* the CPU's work around one configuration access */
    uint64_t config_local_ps; /* a configuration access that the root complex itself answers */
    uint64_t vf_enable_ps;    /* wait after VF Enable */
    uint64_t pf_probe_ps;     /* CPU time to start a PF's driver, ... */
    uint64_t vf_probe_ps;     /* ... a VF's, ... */
    uint64_t vf_remove_ps;    /* ... and to end it */
};

/* The pool manager and the management network that it and the hosts talk over. */
enum cfg_order { /* of the steps of a move: the right one, or one with a fault to study */
                 ORDER_CORRECT,
                 ORDER_INVALIDATE_BEFORE_DRAIN,
                 ORDER_NO_FLR,
                 ORDER_STALE_ENTRY,
};

struct cfg_manager {
    uint64_t latency_ps;  /* of a message */
    uint64_t message_bps; /* of each host's link to the management network */
    uint64_t access_ps;   /* CPU time of one order to the switch */
    uint64_t poll_ps;     /* between two looks at what is in flight */
    uint64_t drain_limit_ps;
    uint64_t flr_ps;         /* from FLR to the next access */
    uint64_t power_limit_ps; /* patience with a host that is asked to let go of a slot */
    enum cfg_order order;
};

/* The driver of a host's hot-plug slots: the delays of Linux's pciehp. */
struct cfg_hotplug {
    bool slots_auto;
    uint32_t slots;        /* hot-plug slots that the switch shows; auto: as many as are used */
    uint64_t button_ps;    /* to think better of it */
    uint64_t power_off_ps; /* after power off */
    uint64_t link_ps;      /* from power to the first access */
    uint64_t command_ps;   /* patience with a slot command */
    uint64_t window_bytes; /* prefetchable memory kept behind a slot */
};

enum cfg_platform { PLATFORM_SANDY_BRIDGE, PLATFORM_NONE };

/* A function of a host's own PCI tree, besides its platform's; a bridge comes before what is behind
 * it. */
struct cfg_pci {
    struct mark mark;
    char *name;
    char *preset_text;
    unsigned preset; /* enum preset (pcie/preset.h) */
    uint8_t device, function;
    int32_t behind; /* a bridge's index in the same list; -1: on bus 0 */
    bool plugged;   /* false: its place is empty until it is added */
    /* where absent, the preset's own */
    bool has_slot, has_vfs, has_msix;
    uint16_t slot; /* number of the port's slot */
    uint16_t vfs;  /* TotalVFs */
    uint16_t msix;
    uint16_t vfs_enabled; /* by its driver, after boot */
};

struct cfg_host {
    char *name;
    unsigned index_in_group;    /* k of name0..name(count-1), 0 when alone */
    uint32_t max_payload_bytes; /* what the root port supports */
    struct mark mark;
    struct cfg_link link;
    struct cfg_credits credits;  /* the root port's receive buffer */
    struct dist read_latency_ps; /* memory read, request in to first completion ready */
    char *read_latency_yaml;     /* a mixture as given, only in the first of a group; else NULL */
    uint32_t outstanding_reads;  /* reads that memory serves at once */
    uint32_t mmio_outstanding;   /* MMIO reads in flight */
    uint64_t memory_bps;         /* bandwidth for DMA; 0 = infinite */
    uint64_t write_latency_ps;   /* arrival to visible in memory */
    uint64_t mmio_gap_ps;        /* least time between two MMIO requests of the CPU */
    uint64_t msi_latency_ps;     /* arrival of the MSI write to the CPU's handler */
    uint32_t cores;
    enum cfg_platform platform;
    uint64_t cpu_to_rc_ps;   /* from the CPU to the root complex */
    uint64_t window_bytes;   /* address space below 4 GiB for BARs */
    uint64_t window64_bytes; /* and above, prefetchable */
    struct cfg_hotplug hotplug;
    struct cfg_pci *pci;
    uint32_t n_pci;
    int switch_index; /* the switch that it attaches to; -1: none, a device attaches directly to it
                         or nothing does */
};

enum cfg_arbiter { ARB_ROUND_ROBIN, ARB_WEIGHTED_ROUND_ROBIN, ARB_AGE, ARB_FIXED_PRIORITY };
enum cfg_id_map_miss { ID_MAP_MISS_REJECT, ID_MAP_MISS_FETCH };

struct cfg_switch {
    char *name;
    struct mark mark;
    uint64_t clock_hz;
    uint32_t datapath_bytes; /* power of two, 8..512 */
    bool cut_through;
    bool voq;
    enum cfg_arbiter arbiter;
    uint32_t max_payload_bytes;
    uint32_t egress_buffer_bytes; /* staging in front of each egress link */
    struct cfg_credits credits;   /* every ingress port's receive buffer, per VC */
    /* stages of the pooling pipeline, cycles; the defaults are the Verilog's */
    uint32_t ingress_cycles;  /* skid + parse = 2 */
    uint32_t remap_cycles;    /* id_map / addr_map look-up = 2; 0..64 */
    bool remap_pipelined;     /* false: one look-up at a time per ingress port */
    uint32_t edit_cycles;     /* header edit = 1 */
    uint32_t crossbar_cycles; /* 1 */
    uint32_t id_map_entries;  /* CAM entries per downstream port */
    enum cfg_id_map_miss
        id_map_miss; /* more lent VFs than entries: reject the configuration, or fetch */
    uint32_t id_map_miss_cycles; /* fetch of a missing entry from the table memory */
    uint32_t emulation_cycles;   /* configuration request to completion, when the shadow answers */
    uint32_t proxy_tags;         /* configuration requests passed on to VFs at once */
    bool ari_hidden; /* Users' slots do not forward ARI; else its registers are rewritten */
    /* uplink to another switch (a cascade below the multi-root switch); -1 for a root switch */
    int parent_index;
    struct cfg_link uplink; /* meaningful when parent_index >= 0 */
};

enum cfg_device_kind { DEVICE_NULL, DEVICE_NIC, DEVICE_NVME };

struct cfg_nic {
    uint64_t line_bps;
    uint32_t frame_gap_bytes; /* preamble, FCS and inter-frame gap per frame: 24 */
    uint32_t ring_entries;
    uint32_t descriptor_bytes;      /* 16 */
    uint32_t descriptor_batch;      /* descriptors per fetch at most */
    uint32_t write_back_batch;      /* descriptors per write-back at most */
    uint64_t write_back_timeout_ps; /* a waiting write-back goes out after this */
    uint64_t moderation_ps;         /* least time between two interrupts of a vector (EITR) */
    uint64_t processing_ps;         /* per descriptor */
    uint32_t buffer_bytes;          /* packet buffer per direction */
};

struct cfg_nvme {
    uint32_t queue_entries;
    uint32_t block_bytes;
    uint32_t page_bytes; /* 4096 */
    struct dist read_ps;
    struct dist write_ps;
    char *read_yaml, *write_yaml; /* mixtures as given, only in the first of a group; else NULL */
    uint32_t channels;            /* flash commands served at once */
    uint64_t processing_ps;       /* per command */
};

/* What a device stands for that is a private copy of a pooled one; see config/origin.h. */
struct cfg_origin {
    char *device; /* the pooled device; NULL: it stands for itself */
    char *host;   /* to which that one's VFs were lent */
    char *vfs;    /* their numbers there as text */
    uint16_t *vf; /* and as numbers, one per VF, ascending */
};

struct cfg_device {
    char *name;
    unsigned index_in_group;
    struct mark mark;
    enum cfg_device_kind kind;
    struct cfg_link link;
    struct cfg_credits credits; /* its receive buffer */
    uint32_t max_payload_bytes;
    uint32_t vfs;             /* VFs enabled, 0..256 */
    uint32_t tags;            /* outstanding reads: 32, 256 or 1024 at most */
    uint32_t dma_burst_bytes; /* what the internal arbiter grants one function at a time */
    enum cfg_arbiter arbiter; /* among functions */
    uint64_t mmio_read_ps;    /* register read time */
    uint64_t bar_bytes;       /* per VF, power of two */
    bool ari;                 /* its functions have the capability */
    uint32_t msix;            /* vectors of a VF; 0: as its kind's preset */
    uint64_t config_read_ps;  /* time of a configuration access */
    uint64_t flr_ps;          /* FLR to ready */
    uint64_t vf_ready_ps;     /* VF Enable to ready */
    int switch_index;         /* where it attaches, or -1 and ... */
    int host_index;           /* ... this host, directly */
    int owner_index;          /* Owner host; equals host_index when direct */
    struct cfg_nic nic;
    struct cfg_nvme nvme;
    struct cfg_origin origin;
};

/* One VF lent to one host. A VF that is lent to nobody belongs to the device's Owner; a direct
 * device's VFs all belong to its host without a lend. */
struct cfg_lend {
    uint32_t device;
    uint32_t host;
    uint16_t vf;
    uint16_t weight; /* of this VF in weighted arbitration, 1.. */
    uint8_t slot;    /* which of the host's slots for this device */
};

/* One entry of `lend:`, which may deal many VFs: lends[first .. first + n - 1]. */
struct cfg_lend_block {
    struct mark mark;
    char *devices; /* the selectors as given: names and ranges of names, and ... */
    char *vfs;     /* ... a range of numbers; NULL: all */
    char *hosts;
    uint32_t first, n;
    uint16_t weight;
    uint8_t slot;
    bool round_robin; /* dealt one at a time instead of in contiguous blocks */
};

/* VFs that change hands while the simulation runs. */
enum cfg_move_how {
    MOVE_GRACEFUL, /* by the slots' buttons */
    MOVE_SURPRISE, /* the card goes unannounced */
    MOVE_IMMEDIATE /* hosts let go when the manager's message comes */
};

struct cfg_move {
    struct mark mark;
    uint64_t at_ps; /* from the end of boot */
    uint32_t device;
    uint32_t first_vf, n_vfs;
    uint32_t host; /* to whom */
    uint8_t slot;  /* which of that host's slots for this device */
    enum cfg_move_how how;
};

enum cfg_fault_kind {
    FAULT_LINK_DOWN,  /* of a device or host */
    FAULT_OWNER_RESET /* a host that owns devices resets */
};
enum cfg_containment {
    CONTAINMENT_NONE,
    CONTAINMENT_DPC /* the port stops traffic at once, and answers for what is behind it */
};

struct cfg_fault {
    struct mark mark;
    uint64_t at_ps;   /* from the end of boot */
    uint64_t down_ps; /* until it works again; 0: for good */
    enum cfg_fault_kind kind;
    enum cfg_containment containment;
    bool is_host;
    uint32_t target; /* index of the host or device */
};

enum cfg_op {
    OP_DMA_WRITE,  /* device to host memory, posted */
    OP_DMA_READ,   /* device reads host memory */
    OP_MMIO_WRITE, /* CPU to device register, posted */
    OP_MMIO_READ,
    OP_TRANSMIT, /* nic */
    OP_RECEIVE,  /* nic */
    OP_READ,     /* nvme */
    OP_WRITE,    /* nvme */
};
enum cfg_arrival {
    ARRIVAL_CONSTANT,
    ARRIVAL_POISSON,
    ARRIVAL_ONOFF,
    ARRIVAL_TRACE,
    ARRIVAL_CLOSED
};
enum cfg_period { PERIOD_EXPONENTIAL, PERIOD_PARETO, PERIOD_CONSTANT };
enum cfg_rate { RATE_OPS, RATE_BPS, RATE_LOAD };

/* Traffic; every function that it selects runs its own independent copy. */
struct cfg_workload {
    char *name;
    struct mark mark;
    enum cfg_op op;
    char *hosts, *devices, *vfs; /* the selectors as given; NULL: every one that is lent */
    uint32_t n_targets;
    struct cfg_target { /* selected functions: VFs lent to the hosts and on the devices that it
                           names */
        uint32_t device;
        uint32_t vf;
        uint32_t host;
    } * targets;
    uint32_t n_visits;
    struct cfg_target *visits; /* selected functions that are with other hosts at first: VFs that
                                  moves bring */
    enum cfg_arrival arrival;
    enum cfg_rate rate_kind;
    uint64_t rate;     /* per function: milli-operations/s or payload bits/s; RATE_LOAD: ppm of the
                          device's link, shared equally by this workload's functions on that device
                          and on others that stand for the same one */
    uint32_t depth;    /* closed loop: operations kept in flight per function */
    uint64_t think_ps; /* closed loop: pause before the next operation */
    enum cfg_period on_kind, off_kind;
    uint64_t on_ps, off_ps;      /* mean lengths of on and off periods */
    uint32_t pareto_shape_milli; /* alpha x 1000, > 1000 */
    struct dist size_bytes;
    char *size_yaml;  /* a mixture as given, or NULL */
    char *trace_path; /* CSV: time_ns,bytes */
    struct mark trace_mark;
    uint64_t start_ps;
    uint64_t stop_ps;      /* 0: until the end */
    uint8_t traffic_class; /* 0..7 */
};

struct cfg_run {
    bool warmup_auto; /* MSER-5 */
    uint64_t warmup_ps;
    uint64_t duration_ps;     /* simulated time that is measured at least */
    uint64_t max_duration_ps; /* keeps going until the precision is met or this is reached */
    uint64_t precision_ppm; /* relative half-width of the 95 % interval; 0: run for duration only */
    uint64_t progress_limit_ps; /* no TLP moves for so long although some wait: report and fail */
    uint64_t seed;
};

/* One swept key of `poolsim sweep`. */
struct cfg_axis {
    char *key; /* dotted path as for --set */
    uint32_t n;
    char **values;    /* YAML text */
    struct mark mark; /* of the key */
};
struct cfg_sweep {
    uint32_t n_axes;
    struct cfg_axis *axes; /* the points are their cross product, the first varying slowest */
    uint32_t replications;
    char *x, *y, *series; /* plot: swept key on x, result on y (e.g. latency_mean_ns), swept key per
                             curve or NULL */
};

struct config {
    char *path;
    char *name;
    char *title;
    struct cfg_run run;
    struct cfg_pcie pcie;
    struct cfg_boot boot;
    struct cfg_manager manager;
    uint32_t n_hosts, n_switches, n_devices, n_lends, n_workloads;
    struct cfg_host *hosts;
    struct cfg_switch *switches;
    struct cfg_device *devices;
    uint32_t n_lend_blocks;
    struct cfg_lend *lends;
    struct cfg_lend_block *lend_blocks;
    uint32_t n_moves, n_faults;
    struct cfg_move *moves;   /* by time */
    struct cfg_fault *faults; /* by time */
    struct cfg_workload *workloads;
    struct cfg_sweep sweep;
};

/* Reads @path, applies @n_sets overrides "a.b=c" (NULL allowed), defaults and every check. On
 * failure @out is untouched and @err says file:line:column, the key, what is wrong and what would
 * be right. Free with config_free. */
bool config_load(const char *path, size_t n_sets, const char *const *sets, struct config **out,
                 struct err *err);
/* The same from memory; @path is what marks name and where relative file names start. */
bool config_load_text(const char *path, const char *text, size_t length, size_t n_sets,
                      const char *const *sets, struct config **out, struct err *err);
void config_free(struct config *config);

/* Where lends[@lend] was written. */
struct mark config_lend_mark(const struct config *config, uint32_t lend);

/* The resolved configuration as YAML: every key with its final value; loads back to an equal
 * config. */
void config_write_yaml(const struct config *config, FILE *out);
/* The reference of all keys (type, unit, default, meaning), and the same as JSON Schema for
 * editors. */
void config_write_reference(FILE *out);
void config_write_json_schema(FILE *out);

#endif
