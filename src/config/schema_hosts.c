#include "config/schema_rows.h"

static const struct schema_name platform_names[] = {
    {"sandy-bridge", PLATFORM_SANDY_BRIDGE}, {"none", PLATFORM_NONE}, {NULL, 0}};

/* ---- hosts ---- */

static const struct schema_key memory_keys[] = {
    {"latency", TYPE_DIST_PS, WHERE(struct block_host, host.read_latency_ps),
     AUX(struct block_host, host.read_latency_yaml), .fallback = "400ns", .max = SECOND,
     .help = "read request in to first completion ready"},
    {"outstanding", TYPE_COUNT, FIELD(struct block_host, host.outstanding_reads), .fallback = "64",
     .min = 1, .max = 65536, .help = "reads that memory serves at once"},
    {"bandwidth", TYPE_BPS, FIELD(struct block_host, host.memory_bps), .fallback = "infinite",
     .zero_word = "infinite", .min = 1000000, .max = UINT64_C(100000000000000),
     .help = "memory bandwidth for DMA"},
    {"write_latency", TYPE_PS, FIELD(struct block_host, host.write_latency_ps), .fallback = "100ns",
     .max = SECOND, .help = "arrival of a write to visible in memory"},
    END};
static const struct schema_section memory_section = {"memory", "the memory behind a root complex",
                                                     "latency", memory_keys};

static const struct schema_key mmio_keys[] = {
    {"gap", TYPE_PS, FIELD(struct block_host, host.mmio_gap_ps), .fallback = "10ns", .max = MS,
     .help = "least time between two register accesses of the CPU"},
    {"outstanding", TYPE_COUNT, FIELD(struct block_host, host.mmio_outstanding), .fallback = "8",
     .min = 1, .max = 1024, .help = "register reads in flight"},
    {"to_root_complex", TYPE_PS, FIELD(struct block_host, host.cpu_to_rc_ps), .fallback = "50ns",
     .min = 1, .max = MS, .help = "from the CPU to the root complex"},
    {"window", TYPE_BYTES, FIELD(struct block_host, host.window_bytes), .fallback = "1004MiB",
     .min = 1 << 20, .max = UINT64_C(3) << 30, .help = "address space below 4 GiB for BARs"},
    {"window64", TYPE_BYTES, FIELD(struct block_host, host.window64_bytes), .fallback = "256GiB",
     .min = 1 << 20, .max = UINT64_C(1) << 46,
     .help = "address space above 4 GiB for prefetchable BARs"},
    END};
static const struct schema_section mmio_section = {"mmio", "register accesses by the CPU", NULL,
                                                   mmio_keys};

static const struct schema_key host_keys[] = {
    {"name", TYPE_NAME, WHERE(struct block_host, host.name), .required = true,
     .help = "a unique name; the stem of the names when count is above 1"},
    {"count", TYPE_COUNT, FIELD(struct block_host, count), .fallback = "1", .min = 1, .max = 65536,
     .help = "so many like hosts: name0, name1, ..."},
    {"switch", TYPE_NAMES, WHERE(struct block_host, switch_ref),
     .help =
         "root switch that it attaches to, or none when a device attaches directly; when absent: "
         "none if a device names this host, else the only root switch"},
    {"link", TYPE_SECTION, WHERE(struct block_host, host.link), .section = &schema_link,
     .help = "link to the switch"},
    {"max_payload", TYPE_BYTES, FIELD(struct block_host, host.max_payload_bytes),
     .fallback = "512B", .min = 128, .max = 4096, .power_of_2 = true,
     .help = "largest payload that the root port supports"},
    {"credits", TYPE_SECTION, WHERE(struct block_host, host.credits),
     .section = &schema_end_credits, .help = "receive buffer of the root port"},
    {"memory", TYPE_SECTION, .section = &memory_section, .help = "memory; short form: its latency"},
    {"mmio", TYPE_SECTION, .section = &mmio_section, .help = "register accesses"},
    {"msi_latency", TYPE_PS, FIELD(struct block_host, host.msi_latency_ps), .fallback = "500ns",
     .max = SECOND, .help = "arrival of an MSI write to the CPU's handler"},
    {"cores", TYPE_COUNT, FIELD(struct block_host, host.cores), .fallback = "4", .min = 1,
     .max = 1024, .help = "CPU cores that its software shares"},
    {"platform", TYPE_ENUM, FIELD(struct block_host, host.platform), .fallback = "sandy-bridge",
     .names = platform_names,
     .help = "host bridge 00.0 and, to the pool, root port 01.0; none: only what pci lists"},
    {"pci", TYPE_LIST, .section = &schema_pci,
     .help = "functions of its own; a host of platform none may have nothing else"},
    {"hotplug", TYPE_SECTION, WHERE(struct block_host, host.hotplug), .section = &schema_hotplug,
     .help = "the slots' driver"},
    END};
const struct schema_section schema_host = {"host", "a host: root complex, memory and CPU", NULL,
                                           host_keys};
