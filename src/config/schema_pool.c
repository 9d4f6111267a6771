#include "config/schema_rows.h"

/* ---- words ---- */

static const struct schema_name mode_names[] = {
    {"cut-through", true}, {"store-and-forward", false}, {NULL, 0}};
const struct schema_name schema_arbiter_names[] = {{"round-robin", ARB_ROUND_ROBIN},
                                                   {"weighted", ARB_WEIGHTED_ROUND_ROBIN},
                                                   {"age", ARB_AGE},
                                                   {"priority", ARB_FIXED_PRIORITY},
                                                   {NULL, 0}};
static const struct schema_name miss_names[] = {
    {"reject", ID_MAP_MISS_REJECT}, {"fetch", ID_MAP_MISS_FETCH}, {NULL, 0}};
static const struct schema_name kind_names[] = {
    {"null", DEVICE_NULL}, {"nic", DEVICE_NIC}, {"nvme", DEVICE_NVME}, {NULL, 0}};
static const struct schema_name ari_names[] = {{"rewritten", false}, {"hidden", true}, {NULL, 0}};

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

static const struct schema_key emulation_keys[] = {
    {"cycles", TYPE_COUNT, FIELD(struct block_switch, sw.emulation_cycles), .fallback = "4",
     .min = 1, .max = 1024, .help = "cycles from request to completion"},
    {"proxy_tags", TYPE_COUNT, FIELD(struct block_switch, sw.proxy_tags), .fallback = "32",
     .min = 1, .max = 512, .help = "requests that are passed on to VFs at once"},
    {"ari", TYPE_ENUM, FIELD(struct block_switch, sw.ari_hidden), .fallback = "rewritten",
     .names = ari_names,
     .help = "whether Users see ARI, with the next function of their slot; hidden, a slot holds 8 "
             "functions"},
    END};
static const struct schema_section emulation_section = {
    "emulation", "configuration space that lent VFs lack", NULL, emulation_keys};

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
     .names = schema_arbiter_names, .help = "who goes next at an egress port"},
    {"max_payload", TYPE_BYTES, FIELD(struct block_switch, sw.max_payload_bytes),
     .fallback = "512B", .min = 128, .max = 4096, .power_of_2 = true,
     .help = "largest payload that its ports support"},
    {"egress_buffer", TYPE_BYTES, FIELD(struct block_switch, sw.egress_buffer_bytes),
     .fallback = "1KiB", .min = 160, .max = 1 << 20,
     .help = "staging in front of each egress link"},
    {"credits", TYPE_SECTION, WHERE(struct block_switch, sw.credits),
     .section = &schema_switch_credits, .help = "receive buffer of every port"},
    {"pipeline", TYPE_SECTION, .section = &pipeline_section, .help = "pooling pipeline"},
    {"id_map", TYPE_SECTION, .section = &id_map_section,
     .help = "re-map CAM; short form: its entries"},
    {"emulation", TYPE_SECTION, .section = &emulation_section,
     .help = "configuration space of lent VFs"},
    {"parent", TYPE_NAMES, WHERE(struct block_switch, parent_ref),
     .help = "switch above this one in a cascade; none or absent: a root switch"},
    {"uplink", TYPE_SECTION, WHERE(struct block_switch, sw.uplink), .section = &schema_uplink,
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
    {"link", TYPE_SECTION, WHERE(struct block_device, device.link), .section = &schema_link,
     .help = "link to the switch or host"},
    {"max_payload", TYPE_BYTES, FIELD(struct block_device, device.max_payload_bytes),
     .fallback = "512B", .min = 128, .max = 4096, .power_of_2 = true,
     .help = "largest payload that it supports"},
    {"credits", TYPE_SECTION, WHERE(struct block_device, device.credits),
     .section = &schema_end_credits, .help = "its receive buffer"},
    {"vfs", TYPE_COUNT, FIELD(struct block_device, device.vfs), .fallback = "8", .max = 256,
     .help = "virtual functions enabled"},
    {"tags", TYPE_COUNT, FIELD(struct block_device, device.tags), .fallback = "256", .min = 1,
     .max = 1024, .help = "reads in flight"},
    {"dma_burst", TYPE_BYTES, FIELD(struct block_device, device.dma_burst_bytes),
     .fallback = "1KiB", .min = 128, .max = 65536, .power_of_2 = true,
     .help = "what its internal arbiter grants one function at a time"},
    {"arbiter", TYPE_ENUM, FIELD(struct block_device, device.arbiter), .fallback = "round-robin",
     .names = schema_arbiter_names, .help = "which function goes next"},
    {"mmio_read", TYPE_PS, FIELD(struct block_device, device.mmio_read_ps), .fallback = "100ns",
     .max = MS, .help = "time of a register read"},
    {"bar", TYPE_BYTES, FIELD(struct block_device, device.bar_bytes), .fallback = "16KiB",
     .min = 4096, .max = 1 << 30, .power_of_2 = true, .help = "register space of one VF"},
    {"ari", TYPE_BOOL, FIELD(struct block_device, device.ari), .fallback = "true",
     .help = "its functions have ARI; without, a User's slot holds 8 of them"},
    {"msix", TYPE_COUNT, FIELD(struct block_device, device.msix), .fallback = "preset",
     .zero_word = "preset", .min = 1, .max = 2048,
     .help = "MSI-X vectors of a VF; preset: as its kind has"},
    {"config_read", TYPE_PS, FIELD(struct block_device, device.config_read_ps), .fallback = "200ns",
     .max = MS, .help = "time of a configuration access"},
    {"flr", TYPE_PS, FIELD(struct block_device, device.flr_ps), .fallback = "10ms", .max = SECOND,
     .help = "from a function-level reset until the function answers again"},
    {"vf_ready", TYPE_PS, FIELD(struct block_device, device.vf_ready_ps), .fallback = "10ms",
     .max = SECOND, .help = "from VF Enable until the VFs answer"},
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
