#include "config/schema.h"
#include <string.h>

#define FIELD(type, field)                                                                         \
    .offset = (uint16_t)offsetof(type, field), .size = (uint8_t)sizeof(((type *)0)->field)
#define WHERE(type, field) .offset = (uint16_t)offsetof(type, field)
#define AUX(type, field)   .aux = (uint16_t)offsetof(type, field)
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }
#define NS     UINT64_C(1000)
#define US     (NS * 1000)
#define MS     (US * 1000)
#define SECOND (MS * 1000)
#define HOUR   (SECOND * 3600)

/* ---- words ---- */

static const struct schema_name address_names[] = {{"32", false}, {"64", true}, {NULL, 0}};
static const struct schema_name rcb_names[] = {
    {"64B", 64}, {"128B", 128}, {"64", 64}, {"128", 128}, {NULL, 0}};
static const struct schema_name mode_names[] = {
    {"cut-through", true}, {"store-and-forward", false}, {NULL, 0}};
static const struct schema_name arbiter_names[] = {{"round-robin", ARB_ROUND_ROBIN},
                                                   {"weighted", ARB_WEIGHTED_ROUND_ROBIN},
                                                   {"age", ARB_AGE},
                                                   {"priority", ARB_FIXED_PRIORITY},
                                                   {NULL, 0}};
static const struct schema_name miss_names[] = {
    {"reject", ID_MAP_MISS_REJECT}, {"fetch", ID_MAP_MISS_FETCH}, {NULL, 0}};
static const struct schema_name kind_names[] = {
    {"null", DEVICE_NULL}, {"nic", DEVICE_NIC}, {"nvme", DEVICE_NVME}, {NULL, 0}};
static const struct schema_name deal_names[] = {
    {"blocks", false}, {"round-robin", true}, {NULL, 0}};
static const struct schema_name op_names[] = {
    {"dma-write", OP_DMA_WRITE}, {"dma-read", OP_DMA_READ}, {"mmio-write", OP_MMIO_WRITE},
    {"mmio-read", OP_MMIO_READ}, {"transmit", OP_TRANSMIT}, {"receive", OP_RECEIVE},
    {"read", OP_READ},           {"write", OP_WRITE},       {NULL, 0}};
static const struct schema_name arrival_names[] = {
    {"constant", ARRIVAL_CONSTANT}, {"poisson", ARRIVAL_POISSON}, {"on-off", ARRIVAL_ONOFF},
    {"trace", ARRIVAL_TRACE},       {"closed", ARRIVAL_CLOSED},   {NULL, 0}};
static const struct schema_name period_names[] = {{"exponential", PERIOD_EXPONENTIAL},
                                                  {"pareto", PERIOD_PARETO},
                                                  {"constant", PERIOD_CONSTANT},
                                                  {NULL, 0}};

/* ---- run and pcie ---- */

static const struct schema_key run_keys[] = {
    {"seed", TYPE_COUNT, FIELD(struct cfg_run, seed), .fallback = "1",
     .help = "master seed; every component draws from a stream of its own"},
    {"warmup", TYPE_PS, FIELD(struct cfg_run, warmup_ps), AUX(struct cfg_run, warmup_auto),
     .auto_word = "auto", .fallback = "auto", .max = HOUR,
     .help = "time that is not measured; auto finds it from the results (MSER-5)"},
    {"duration", TYPE_PS, FIELD(struct cfg_run, duration_ps), .fallback = "1ms", .min = 1,
     .max = HOUR, .help = "simulated time that is measured at least"},
    {"max_duration", TYPE_PS, FIELD(struct cfg_run, max_duration_ps), .min = 1, .max = 10 * HOUR,
     .help = "goes on until the precision is met or so long; 10 x duration when absent"},
    {"precision", TYPE_PPM, FIELD(struct cfg_run, precision_ppm), .fallback = "1%", .max = 1000000,
     .help = "relative half-width of the 95 % interval of mean latency; 0% runs for duration only"},
    {"progress_limit", TYPE_PS, FIELD(struct cfg_run, progress_limit_ps), .fallback = "1ms",
     .min = NS, .max = HOUR,
     .help = "waiting TLPs of which none moves for so long are reported as a deadlock"},
    END};
static const struct schema_section run_section = {"run", "how long and how exactly to simulate",
                                                  NULL, run_keys};

static const struct schema_key pcie_keys[] = {
    {"mps", TYPE_BYTES, FIELD(struct cfg_pcie, mps_bytes), .fallback = "256B", .min = 128,
     .max = 4096, .power_of_2 = true, .help = "Max_Payload_Size programmed in every function"},
    {"mrrs", TYPE_BYTES, FIELD(struct cfg_pcie, mrrs_bytes), .fallback = "512B", .min = 128,
     .max = 4096, .power_of_2 = true, .help = "Max_Read_Request_Size programmed in every function"},
    {"rcb", TYPE_ENUM, FIELD(struct cfg_pcie, rcb_bytes), .fallback = "64B", .names = rcb_names,
     .help = "Read Completion Boundary of the root complexes"},
    {"address", TYPE_ENUM, FIELD(struct cfg_pcie, address64), .fallback = "64",
     .names = address_names, .help = "bits of memory addresses: 32 (3DW headers) or 64 (4DW)"},
    {"ecrc", TYPE_BOOL, FIELD(struct cfg_pcie, ecrc), .fallback = "false",
     .help = "every TLP carries a digest"},
    {"relaxed_ordering", TYPE_BOOL, FIELD(struct cfg_pcie, relaxed_ordering), .fallback = "false",
     .help = "DMA requests carry the relaxed-ordering attribute"},
    {"id_based_ordering", TYPE_BOOL, FIELD(struct cfg_pcie, id_based_ordering), .fallback = "false",
     .help = "DMA requests carry the ID-based-ordering attribute"},
    {"vcs", TYPE_COUNT, FIELD(struct cfg_pcie, vcs), .fallback = "1", .min = 1, .max = 8,
     .help = "virtual channels; traffic class t travels on VC t mod vcs"},
    END};
static const struct schema_section pcie_section = {
    "pcie", "what firmware programs in every function", NULL, pcie_keys};

/* ---- links and credits, which many share ---- */

#define LINK_SECTION(id, width)                                                                    \
    static const struct schema_key id##_keys[] = {                                                 \
        {"rate", TYPE_LINK, WHERE(struct cfg_link, gen), AUX(struct cfg_link, lanes),              \
         .fallback = width, .help = "generation and width"},                                       \
        {"propagation", TYPE_PS, FIELD(struct cfg_link, propagation_ps), .fallback = "5ns",        \
         .max = MS, .help = "flight time of a symbol"},                                            \
        {"skp", TYPE_BOOL, FIELD(struct cfg_link, skp), .fallback = "true",                        \
         .help = "SKP ordered sets take their share of the wire"},                                 \
        {"dllp", TYPE_BOOL, FIELD(struct cfg_link, dllp), .fallback = "true",                      \
         .help = "Ack and UpdateFC packets take their share of the wire"},                         \
        {"update_interval", TYPE_PS, FIELD(struct cfg_link, update_interval_ps),                   \
         AUX(struct cfg_link, update_interval_auto), .auto_word = "auto", .fallback = "auto",      \
         .max = MS,                                                                                \
         .help = "least time between two UpdateFC of a class; auto: the specification's limit"},   \
        END};                                                                                      \
    static const struct schema_section id##_section = {"link", "a link; short form: its rate",     \
                                                       "rate", id##_keys}

LINK_SECTION(link, "gen3x8");
LINK_SECTION(uplink, "gen3x16");

#define CREDIT_CLASS(id, title, class, headers, bytes)                                             \
    static const struct schema_key id##_keys[] = {                                                 \
        {"header", TYPE_COUNT, FIELD(struct cfg_credits, header[class]), .fallback = headers,      \
         .zero_word = "infinite", .min = 1, .max = 127, .help = "TLP headers that it can hold"},   \
        {"data", TYPE_UNITS, FIELD(struct cfg_credits, data[class]), .fallback = bytes,            \
         .zero_word = "infinite", .min = 1, .max = 2047,                                           \
         .help = "payload bytes that it can hold, a multiple of 16"},                              \
        END};                                                                                      \
    static const struct schema_section id##_section = {                                            \
        title, "receive buffer of one class of TLPs", NULL, id##_keys}

#define CREDITS_SECTION(id, completion_headers, completion_bytes)                                  \
    CREDIT_CLASS(id##_p, "credit", 0, "64", "16KiB");                                              \
    CREDIT_CLASS(id##_np, "credit", 1, "64", "1KiB");                                              \
    CREDIT_CLASS(id##_cpl, "credit", 2, completion_headers, completion_bytes);                     \
    static const struct schema_key id##_keys[] = {                                                 \
        {"posted", TYPE_SECTION, .section = &id##_p_section, .help = "memory writes, messages"},   \
        {"non_posted", TYPE_SECTION, .section = &id##_np_section, .help = "reads"},                \
        {"completion", TYPE_SECTION, .section = &id##_cpl_section, .help = "answers to reads"},    \
        END};                                                                                      \
    static const struct schema_section id##_section = {                                            \
        "credits", "receive buffer of a port per virtual channel", NULL, id##_keys}

CREDITS_SECTION(end_credits, "infinite", "infinite"); /* hosts and devices */
CREDITS_SECTION(switch_credits, "64", "16KiB");

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
    {"link", TYPE_SECTION, WHERE(struct block_host, host.link), .section = &link_section,
     .help = "link to the switch"},
    {"max_payload", TYPE_BYTES, FIELD(struct block_host, host.max_payload_bytes),
     .fallback = "512B", .min = 128, .max = 4096, .power_of_2 = true,
     .help = "largest payload that the root port supports"},
    {"credits", TYPE_SECTION, WHERE(struct block_host, host.credits),
     .section = &end_credits_section, .help = "receive buffer of the root port"},
    {"memory", TYPE_SECTION, .section = &memory_section, .help = "memory; short form: its latency"},
    {"mmio", TYPE_SECTION, .section = &mmio_section, .help = "register accesses"},
    {"msi_latency", TYPE_PS, FIELD(struct block_host, host.msi_latency_ps), .fallback = "500ns",
     .max = SECOND, .help = "arrival of an MSI write to the CPU's handler"},
    END};
const struct schema_section schema_host = {"host", "a host: root complex, memory and CPU", NULL,
                                           host_keys};

/* ---- switches ---- */

static const struct schema_key pipeline_keys[] = {
    {"ingress", TYPE_COUNT, FIELD(struct block_switch, sw.ingress_cycles), .fallback = "2",
     .max = 64, .help = "cycles of skid buffer and parser"},
    {"remap", TYPE_COUNT, FIELD(struct block_switch, sw.remap_cycles), .fallback = "2", .max = 64,
     .help = "cycles of an id_map or addr_map look-up"},
    {"remap_pipelined", TYPE_BOOL, FIELD(struct block_switch, sw.remap_pipelined),
     .fallback = "true",
     .help = "a look-up may start every cycle; false: one at a time per ingress port"},
    {"edit", TYPE_COUNT, FIELD(struct block_switch, sw.edit_cycles), .fallback = "1", .max = 64,
     .help = "cycles of the header edit"},
    {"crossbar", TYPE_COUNT, FIELD(struct block_switch, sw.crossbar_cycles), .fallback = "1",
     .max = 64, .help = "cycles through the crossbar"},
    END};
static const struct schema_section pipeline_section = {
    "pipeline", "stages of the pooling pipeline in cycles of the switch clock", NULL,
    pipeline_keys};

static const struct schema_key id_map_keys[] = {
    {"entries", TYPE_COUNT, FIELD(struct block_switch, sw.id_map_entries), .fallback = "64",
     .min = 1, .max = 65536, .help = "CAM entries per downstream port"},
    {"on_miss", TYPE_ENUM, FIELD(struct block_switch, sw.id_map_miss), .fallback = "reject",
     .names = miss_names,
     .help = "more lent VFs than entries: refuse the configuration, or fetch a missing entry"},
    {"fetch_cycles", TYPE_COUNT, FIELD(struct block_switch, sw.id_map_miss_cycles),
     .fallback = "50", .min = 1, .max = 100000,
     .help = "cycles to fetch a missing entry from the table memory"},
    END};
static const struct schema_section id_map_section = {"id_map", "the CAM that re-maps IDs",
                                                     "entries", id_map_keys};

static const struct schema_key switch_keys[] = {
    {"name", TYPE_NAME, WHERE(struct block_switch, sw.name), .required = true,
     .help = "a unique name"},
    {"clock", TYPE_HZ, FIELD(struct block_switch, sw.clock_hz), .fallback = "250MHz",
     .min = 1000000, .max = UINT64_C(10000000000), .help = "switch clock"},
    {"datapath", TYPE_BYTES, FIELD(struct block_switch, sw.datapath_bytes), .fallback = "32B",
     .min = 8, .max = 512, .power_of_2 = true, .help = "bytes that a port moves per cycle"},
    {"mode", TYPE_ENUM, FIELD(struct block_switch, sw.cut_through), .fallback = "cut-through",
     .names = mode_names, .help = "when a TLP may leave"},
    {"voq", TYPE_BOOL, FIELD(struct block_switch, sw.voq), .fallback = "true",
     .help = "virtual output queues; false: one queue per ingress, with head-of-line blocking"},
    {"arbiter", TYPE_ENUM, FIELD(struct block_switch, sw.arbiter), .fallback = "round-robin",
     .names = arbiter_names, .help = "who goes next at an egress port"},
    {"max_payload", TYPE_BYTES, FIELD(struct block_switch, sw.max_payload_bytes),
     .fallback = "512B", .min = 128, .max = 4096, .power_of_2 = true,
     .help = "largest payload that its ports support"},
    {"egress_buffer", TYPE_BYTES, FIELD(struct block_switch, sw.egress_buffer_bytes),
     .fallback = "1KiB", .min = 160, .max = 1 << 20,
     .help = "staging in front of each egress link"},
    {"credits", TYPE_SECTION, WHERE(struct block_switch, sw.credits),
     .section = &switch_credits_section, .help = "receive buffer of every port"},
    {"pipeline", TYPE_SECTION, .section = &pipeline_section, .help = "pooling pipeline"},
    {"id_map", TYPE_SECTION, .section = &id_map_section,
     .help = "re-map CAM; short form: its entries"},
    {"parent", TYPE_NAMES, WHERE(struct block_switch, parent_ref),
     .help = "switch above this one in a cascade; none or absent: a root switch"},
    {"uplink", TYPE_SECTION, WHERE(struct block_switch, sw.uplink), .section = &uplink_section,
     .help = "link to the parent"},
    END};
const struct schema_section schema_switch = {
    "switch", "a multi-root switch, or a switch cascaded below one", NULL, switch_keys};

/* ---- devices ---- */

static const struct schema_key nic_keys[] = {
    {"line", TYPE_BPS, FIELD(struct cfg_nic, line_bps), .fallback = "10Gbps", .min = 1000000,
     .max = UINT64_C(10000000000000), .help = "line rate"},
    {"frame_gap", TYPE_BYTES, FIELD(struct cfg_nic, frame_gap_bytes), .fallback = "24B",
     .max = 1024, .help = "preamble, frame check sequence and gap per frame"},
    {"ring", TYPE_COUNT, FIELD(struct cfg_nic, ring_entries), .fallback = "512", .min = 8,
     .max = 65536, .power_of_2 = true, .help = "descriptors per ring"},
    {"descriptor", TYPE_BYTES, FIELD(struct cfg_nic, descriptor_bytes), .fallback = "16B", .min = 8,
     .max = 128, .power_of_2 = true, .help = "size of a descriptor"},
    {"descriptor_batch", TYPE_COUNT, FIELD(struct cfg_nic, descriptor_batch), .fallback = "8",
     .min = 1, .max = 256, .help = "descriptors per fetch at most"},
    {"write_back_batch", TYPE_COUNT, FIELD(struct cfg_nic, write_back_batch), .fallback = "8",
     .min = 1, .max = 256, .help = "descriptors per write-back at most"},
    {"write_back_timeout", TYPE_PS, FIELD(struct cfg_nic, write_back_timeout_ps), .fallback = "1us",
     .max = SECOND, .help = "a waiting write-back goes out after this"},
    {"moderation", TYPE_PS, FIELD(struct cfg_nic, moderation_ps), .fallback = "10us", .max = SECOND,
     .help = "least time between two interrupts of a vector"},
    {"processing", TYPE_PS, FIELD(struct cfg_nic, processing_ps), .fallback = "20ns", .max = MS,
     .help = "time per descriptor"},
    {"buffer", TYPE_BYTES, FIELD(struct cfg_nic, buffer_bytes), .fallback = "512KiB", .min = 2048,
     .max = 1 << 30, .help = "packet buffer per direction"},
    END};
static const struct schema_section nic_section = {
    "nic", "an SR-IOV network controller after the 82599", NULL, nic_keys};

static const struct schema_key nvme_keys[] = {
    {"queue", TYPE_COUNT, FIELD(struct cfg_nvme, queue_entries), .fallback = "256", .min = 2,
     .max = 65536, .power_of_2 = true, .help = "entries per queue pair"},
    {"block", TYPE_BYTES, FIELD(struct cfg_nvme, block_bytes), .fallback = "512B", .min = 512,
     .max = 65536, .power_of_2 = true, .help = "logical block"},
    {"page", TYPE_BYTES, FIELD(struct cfg_nvme, page_bytes), .fallback = "4KiB", .min = 4096,
     .max = 65536, .power_of_2 = true, .help = "memory page of a PRP entry"},
    {"read", TYPE_DIST_PS, WHERE(struct cfg_nvme, read_ps), AUX(struct cfg_nvme, read_yaml),
     .fallback = "80us", .max = SECOND, .help = "flash read"},
    {"write", TYPE_DIST_PS, WHERE(struct cfg_nvme, write_ps), AUX(struct cfg_nvme, write_yaml),
     .fallback = "20us", .max = SECOND, .help = "flash write"},
    {"channels", TYPE_COUNT, FIELD(struct cfg_nvme, channels), .fallback = "32", .min = 1,
     .max = 65536, .help = "flash commands served at once"},
    {"processing", TYPE_PS, FIELD(struct cfg_nvme, processing_ps), .fallback = "1us", .max = MS,
     .help = "controller's time per command"},
    END};
static const struct schema_section nvme_section = {"nvme", "an SR-IOV NVMe drive", NULL, nvme_keys};

static const struct schema_key stands_for_keys[] = {
    {"device", TYPE_NAME, WHERE(struct cfg_origin, device), .help = "name of the pooled device"},
    {"host", TYPE_NAME, WHERE(struct cfg_origin, host),
     .help = "name of the host to which the VFs were lent"},
    {"vf", TYPE_TEXT, WHERE(struct cfg_origin, vfs),
     .help = "what the VFs' numbers were, ascending: 4..7 or \"1, 9\"; workloads go by them"},
    END};
static const struct schema_section stands_for_section = {
    "stands_for",
    "the pooled device of which a device that attaches directly is a private copy: functions keep "
    "their random streams and their share of a load",
    NULL, stands_for_keys};

static const struct schema_key device_keys[] = {
    {"name", TYPE_NAME, WHERE(struct block_device, device.name), .required = true,
     .help = "a unique name; the stem of the names when count is above 1"},
    {"count", TYPE_COUNT, FIELD(struct block_device, count), .fallback = "1", .min = 1,
     .max = 65536, .help = "so many like devices: name0, name1, ..."},
    {"kind", TYPE_ENUM, FIELD(struct block_device, device.kind), .fallback = "null",
     .names = kind_names, .help = "null answers at once, to test the fabric itself"},
    {"switch", TYPE_NAMES, WHERE(struct block_device, switch_ref),
     .help = "switch that it attaches to, or one per device of a group; when absent: the only one"},
    {"host", TYPE_NAMES, WHERE(struct block_device, host_ref),
     .help = "host that it attaches to directly, without pooling, or one per device of a group"},
    {"owner", TYPE_NAMES, WHERE(struct block_device, owner_ref),
     .help = "Owner host, or one per device of a group; when absent: the first host of its root "
             "switch"},
    {"link", TYPE_SECTION, WHERE(struct block_device, device.link), .section = &link_section,
     .help = "link to the switch or host"},
    {"max_payload", TYPE_BYTES, FIELD(struct block_device, device.max_payload_bytes),
     .fallback = "512B", .min = 128, .max = 4096, .power_of_2 = true,
     .help = "largest payload that it supports"},
    {"credits", TYPE_SECTION, WHERE(struct block_device, device.credits),
     .section = &end_credits_section, .help = "its receive buffer"},
    {"vfs", TYPE_COUNT, FIELD(struct block_device, device.vfs), .fallback = "8", .max = 256,
     .help = "virtual functions enabled"},
    {"tags", TYPE_COUNT, FIELD(struct block_device, device.tags), .fallback = "256", .min = 1,
     .max = 1024, .help = "reads in flight"},
    {"dma_burst", TYPE_BYTES, FIELD(struct block_device, device.dma_burst_bytes),
     .fallback = "1KiB", .min = 128, .max = 65536, .power_of_2 = true,
     .help = "what its internal arbiter grants one function at a time"},
    {"arbiter", TYPE_ENUM, FIELD(struct block_device, device.arbiter), .fallback = "round-robin",
     .names = arbiter_names, .help = "which function goes next"},
    {"mmio_read", TYPE_PS, FIELD(struct block_device, device.mmio_read_ps), .fallback = "100ns",
     .max = MS, .help = "time of a register read"},
    {"bar", TYPE_BYTES, FIELD(struct block_device, device.bar_bytes), .fallback = "16KiB",
     .min = 4096, .max = 1 << 30, .power_of_2 = true, .help = "register space of one VF"},
    {"nic", TYPE_SECTION, WHERE(struct block_device, device.nic), .section = &nic_section,
     .help = "settings of kind nic"},
    {"nvme", TYPE_SECTION, WHERE(struct block_device, device.nvme), .section = &nvme_section,
     .help = "settings of kind nvme"},
    {"stands_for", TYPE_SECTION, WHERE(struct block_device, device.origin),
     .section = &stands_for_section,
     .help = "the pooled device that it replaces, as resolved.yaml of a run --direct says"},
    END};
const struct schema_section schema_device = {"device", "an SR-IOV device: one PF and its VFs", NULL,
                                             device_keys};

/* ---- lends ---- */

static const struct schema_key lend_keys[] = {
    {"device", TYPE_NAMES, WHERE(struct block_lend, device_ref), .required = true,
     .help = "devices: d, d0..d15, [d0, d2..d4], or the stem of a group"},
    {"vf", TYPE_RANGE, WHERE(struct block_lend, vf_ref),
     .help = "VFs of each device: 3 or 0..7; when absent: all"},
    {"to", TYPE_NAMES, WHERE(struct block_lend, host_ref), .required = true,
     .help = "hosts; all VFs, device by device, are dealt to them in equal shares"},
    {"deal", TYPE_ENUM, FIELD(struct block_lend, round_robin), .fallback = "blocks",
     .names = deal_names, .help = "contiguous blocks, or one VF at a time"},
    {"weight", TYPE_COUNT, FIELD(struct block_lend, weight), .fallback = "1", .min = 1,
     .max = 65535, .help = "share of each of these VFs in weighted arbitration"},
    END};
const struct schema_section schema_lend = {"lend", "VFs lent to hosts", NULL, lend_keys};

/* ---- workloads ---- */

#define PERIOD_SECTION(id)                                                                         \
    static const struct schema_key id##_keys[] = {                                                 \
        {"mean", TYPE_PS, FIELD(struct block_workload, workload.id##_ps), .fallback = "10us",      \
         .min = 1, .max = HOUR, .help = "mean length"},                                            \
        {"kind", TYPE_ENUM, FIELD(struct block_workload, workload.id##_kind),                      \
         .fallback = "exponential", .names = period_names, .help = "distribution of the length"},  \
        END};                                                                                      \
    static const struct schema_section id##_section = {                                            \
        "period", "on or off periods; short form: their mean", "mean", id##_keys}

PERIOD_SECTION(on);
PERIOD_SECTION(off);

static const struct schema_key workload_keys[] = {
    {"name", TYPE_NAME, WHERE(struct block_workload, workload.name),
     .help = "a unique name; w0, w1, ... by position when absent"},
    {"op", TYPE_ENUM, FIELD(struct block_workload, workload.op), .required = true,
     .names = op_names,
     .help = "what each function does; transmit and receive on a nic, read and write on an nvme"},
    {"host", TYPE_NAMES, WHERE(struct block_workload, host_ref),
     .help = "hosts whose functions run it; when absent: every host with a lent or direct VF"},
    {"device", TYPE_NAMES, WHERE(struct block_workload, device_ref),
     .help = "devices whose functions run it; when absent: all of the kind that op needs"},
    {"vf", TYPE_RANGE, WHERE(struct block_workload, vf_ref), .help = "VFs; when absent: all"},
    {"arrival", TYPE_ENUM, WHERE(struct block_workload, arrival), .optional = true,
     .names = arrival_names,
     .help = "when operations come; when absent: trace or closed if trace or depth is given, else "
             "poisson"},
    {"rate", TYPE_OPS, WHERE(struct block_workload, ops), .optional = true, .min = 1,
     .max = UINT64_C(1000000000000000), .help = "operations per second of each function"},
    {"bandwidth", TYPE_BPS, WHERE(struct block_workload, bps), .optional = true, .min = 1,
     .max = UINT64_C(100000000000000), .help = "payload bits per second of each function"},
    {"load", TYPE_PPM, WHERE(struct block_workload, load), .optional = true, .min = 1,
     .max = 4000000,
     .help = "share of the device's link, divided equally among this workload's functions on it"},
    {"depth", TYPE_COUNT, WHERE(struct block_workload, depth), .optional = true, .min = 1,
     .max = 65536, .help = "closed loop: operations kept in flight by each function"},
    {"think", TYPE_PS, FIELD(struct block_workload, workload.think_ps), .fallback = "0ns",
     .max = HOUR, .help = "closed loop: pause before the next operation"},
    {"on", TYPE_SECTION, .section = &on_section, .help = "on-off: lengths of on periods"},
    {"off", TYPE_SECTION, .section = &off_section, .help = "on-off: lengths of off periods"},
    {"pareto_shape", TYPE_MILLI, FIELD(struct block_workload, workload.pareto_shape_milli),
     .fallback = "1.5", .min = 1001, .max = 100000, .help = "shape of pareto periods, above 1"},
    {"trace", TYPE_PATH, WHERE(struct block_workload, workload.trace_path),
     AUX(struct block_workload, workload.trace_mark),
     .help = "CSV file of operations: time_ns,bytes"},
    {"size", TYPE_DIST_BYTES, WHERE(struct block_workload, workload.size_bytes),
     AUX(struct block_workload, workload.size_yaml), .fallback = "256B", .min = 1, .max = 16 << 20,
     .help = "bytes of an operation"},
    {"start", TYPE_PS, FIELD(struct block_workload, workload.start_ps), .fallback = "0ns",
     .max = HOUR, .help = "when it begins"},
    {"stop", TYPE_PS, FIELD(struct block_workload, workload.stop_ps), .fallback = "end",
     .zero_word = "end", .min = 1, .max = 10 * HOUR, .help = "when it ends"},
    {"traffic_class", TYPE_COUNT, FIELD(struct block_workload, workload.traffic_class),
     .fallback = "0", .max = 7, .help = "traffic class of its TLPs"},
    END};
const struct schema_section schema_workload = {
    "workload", "traffic; every function that it selects runs its own copy", NULL, workload_keys};

/* ---- sweep ---- */

static const struct schema_key axis_keys[] = {
    {"key", TYPE_TEXT, WHERE(struct block_axis, axis.key), .required = true,
     .help = "swept key, written as for --set: workloads.0.load, hosts.user.link.rate"},
    {"values", TYPE_TEXTS, .required = true, .help = "its values, one point each"},
    END};
const struct schema_section schema_axis = {
    "axis", "one swept key; the points are the axes' cross product", NULL, axis_keys};

static const struct schema_key plot_keys[] = {
    {"x", TYPE_TEXT, WHERE(struct cfg_sweep, x), .help = "swept key on x; when absent: the first"},
    {"y", TYPE_TEXT, WHERE(struct cfg_sweep, y), .fallback = "latency_mean_ns",
     .help = "result on y"},
    {"series", TYPE_TEXT, WHERE(struct cfg_sweep, series),
     .help = "swept key of the curves; when absent: the other axis, if there are two"},
    END};
static const struct schema_section plot_section = {"plot", "what a sweep plots", NULL, plot_keys};

static const struct schema_key sweep_keys[] = {
    {"axes", TYPE_LIST, .section = &schema_axis, .help = "swept keys, the first varying slowest"},
    {"replications", TYPE_COUNT, FIELD(struct cfg_sweep, replications), .fallback = "1", .min = 1,
     .max = 10000, .help = "runs of each point, with different seeds"},
    {"plot", TYPE_SECTION, .section = &plot_section, .help = "what is plotted"},
    END};
static const struct schema_section sweep_section = {"sweep", "many runs over some keys", NULL,
                                                    sweep_keys};

static const struct schema_key root_keys[] = {
    {"name", TYPE_NAME, WHERE(struct config, name), .fallback = "simulation",
     .help = "names the result folder"},
    {"title", TYPE_TEXT, WHERE(struct config, title), .help = "for plots; the name when absent"},
    {"run", TYPE_SECTION, WHERE(struct config, run), .section = &run_section,
     .help = "how long and how exactly to simulate"},
    {"pcie", TYPE_SECTION, WHERE(struct config, pcie), .section = &pcie_section,
     .help = "what firmware programs in every function"},
    {"hosts", TYPE_LIST, .section = &schema_host, .required = true,
     .help = "the hosts that share devices"},
    {"switches", TYPE_LIST, .section = &schema_switch,
     .help = "the multi-root switches between hosts and devices"},
    {"devices", TYPE_LIST, .section = &schema_device, .required = true,
     .help = "the SR-IOV devices"},
    {"lend", TYPE_LIST, .section = &schema_lend, .help = "which VFs are lent to which host"},
    {"workloads", TYPE_LIST, .section = &schema_workload, .required = true, .help = "the traffic"},
    {"sweep", TYPE_SECTION, WHERE(struct config, sweep), .section = &sweep_section,
     .help = "many runs over some keys"},
    END};
const struct schema_section schema_root = {"simulation", "one file describes one simulation", NULL,
                                           root_keys};

/* ---- look-up ---- */

const struct schema_key *schema_find(const struct schema_section *section, const char *name)
{
    for (const struct schema_key *key = section->keys; key->name; key++)
        if (strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

/* Levenshtein distance; longer texts than any key count as far away. */
static unsigned edit_distance(const char *a, const char *b)
{
    enum { MAX = 32 };
    unsigned row[MAX + 1];
    const size_t n = strlen(b);
    if (strlen(a) > MAX || n > MAX)
        return MAX;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

/* Collects candidates one by one, then says the nearest or, when none is near, all. */
struct suggestion {
    const char *name;
    const char *nearest;
    unsigned distance;
    char *buf;
    size_t size, used;
};

static void suggestion_begin(struct suggestion *s, const char *name, char *buf, size_t size)
{
    *s = (struct suggestion){.name = name, .distance = UINT32_MAX, .buf = buf, .size = size};
    s->used = (size_t)snprintf(buf, size, "give one of");
}

static void suggestion_add(struct suggestion *s, const char *candidate)
{
    const unsigned distance = edit_distance(s->name, candidate);
    if (distance < s->distance) {
        s->distance = distance;
        s->nearest = candidate;
    }
    if (s->used < s->size)
        s->used += (size_t)snprintf(s->buf + s->used, s->size - s->used, "%s %s",
                                    s->used > sizeof "give one of" ? "," : "", candidate);
}

static char *suggestion_end(struct suggestion *s)
{
    if (s->nearest && s->distance <= 1 + strlen(s->nearest) / 4 && s->distance < strlen(s->nearest))
        snprintf(s->buf, s->size, "did you mean \"%s\"?", s->nearest);
    return s->buf;
}

char *schema_suggest_key(const struct schema_section *section, const char *name, char *buf,
                         size_t size)
{
    struct suggestion s;
    suggestion_begin(&s, name, buf, size);
    for (const struct schema_key *key = section->keys; key->name; key++)
        suggestion_add(&s, key->name);
    return suggestion_end(&s);
}

char *schema_suggest_name(const struct schema_name *names, const char *name, char *buf, size_t size)
{
    struct suggestion s;
    suggestion_begin(&s, name, buf, size);
    for (const struct schema_name *candidate = names; candidate->name; candidate++)
        suggestion_add(&s, candidate->name);
    return suggestion_end(&s);
}
