#include "config/schema_rows.h"

/* ---- words ---- */

static const struct schema_name boot_names[] = {
    {"none", BOOT_NONE}, {"fast", BOOT_FAST}, {"tlp", BOOT_TLP}, {NULL, 0}};
static const struct schema_name order_names[] = {
    {"correct", ORDER_CORRECT},
    {"invalidate-before-drain", ORDER_INVALIDATE_BEFORE_DRAIN},
    {"no-flr", ORDER_NO_FLR},
    {"stale-entry", ORDER_STALE_ENTRY},
    {NULL, 0}};
static const struct schema_name how_names[] = {{"graceful", MOVE_GRACEFUL},
                                               {"surprise", MOVE_SURPRISE},
                                               {"immediate", MOVE_IMMEDIATE},
                                               {NULL, 0}};
static const struct schema_name fault_names[] = {
    {"link-down", FAULT_LINK_DOWN}, {"owner-reset", FAULT_OWNER_RESET}, {NULL, 0}};
static const struct schema_name containment_names[] = {
    {"none", CONTAINMENT_NONE}, {"dpc", CONTAINMENT_DPC}, {NULL, 0}};

/* ---- boot ---- */

static const struct schema_key boot_keys[] = {
    {"mode", TYPE_ENUM, FIELD(struct cfg_boot, mode), .fallback = "none", .names = boot_names,
     .help = "none: hosts are up, and numbers are there by a rule; fast: software enumerates by "
             "function calls; tlp: by TLPs, in simulated time"},
    {"power_on", TYPE_PS, FIELD(struct cfg_boot, power_on_ps), .fallback = "100ms", .max = HOUR,
     .help = "from power to firmware's first access"},
    {"access", TYPE_PS, FIELD(struct cfg_boot, access_ps), .fallback = "200ns", .max = SECOND,
     .help = "the CPU's work around one configuration access"},
    {"config_local", TYPE_PS, FIELD(struct cfg_boot, config_local_ps), .fallback = "100ns",
     .max = MS, .help = "a configuration access that the root complex itself answers"},
    {"vf_enable", TYPE_PS, FIELD(struct cfg_boot, vf_enable_ps), .fallback = "100ms",
     .max = 10 * SECOND, .help = "wait after VF Enable"},
    {"pf_probe", TYPE_PS, FIELD(struct cfg_boot, pf_probe_ps), .fallback = "3ms", .max = HOUR,
     .help = "CPU time in which a PF's driver starts"},
    {"vf_probe", TYPE_PS, FIELD(struct cfg_boot, vf_probe_ps), .fallback = "2ms", .max = HOUR,
     .help = "CPU time in which a VF's driver starts"},
    {"vf_remove", TYPE_PS, FIELD(struct cfg_boot, vf_remove_ps), .fallback = "1ms", .max = HOUR,
     .help = "CPU time in which it ends"},
    END};
const struct schema_section schema_boot = {
    "boot", "how hosts come to their numbers, and what their software takes; short form: its mode",
    "mode", boot_keys};

/* ---- the local PCI tree of a host ---- */

static const struct schema_key pci_keys[] = {
    {"name", TYPE_NAME, WHERE(struct block_pci, pci.name),
     .help = "what others say that are behind it; unique in its host"},
    {"function", TYPE_TEXT, WHERE(struct block_pci, function), .required = true,
     .help = "device and function in hexadecimal: 1f.2"},
    {"preset", TYPE_TEXT, WHERE(struct block_pci, pci.preset_text), .required = true,
     .help = "what it is: qemu-root-port, nvme, e1000e, ..."},
    {"behind", TYPE_TEXT, WHERE(struct block_pci, behind),
     .help = "name of the bridge that it is behind, earlier in the list; when absent: on bus 0"},
    {"plugged", TYPE_BOOL, FIELD(struct block_pci, pci.plugged), .fallback = "true",
     .help = "false: not there at boot"},
    {"slot", TYPE_COUNT, WHERE(struct block_pci, slot), .optional = true, .max = 8191,
     .help = "number of a port's slot; when absent: the preset's"},
    {"vfs", TYPE_COUNT, WHERE(struct block_pci, vfs), .optional = true, .max = 256,
     .help = "VFs that it can have; when absent: the preset's"},
    {"vfs_enabled", TYPE_COUNT, FIELD(struct block_pci, pci.vfs_enabled), .fallback = "0",
     .max = 256, .help = "VFs that its driver enables"},
    {"msix", TYPE_COUNT, WHERE(struct block_pci, msix), .optional = true, .min = 1, .max = 2048,
     .help = "MSI-X vectors; when absent: the preset's"},
    END};
const struct schema_section schema_pci = {"pci", "a function of the host's own PCI tree", NULL,
                                          pci_keys};

static const struct schema_key hotplug_keys[] = {
    {"slots", TYPE_COUNT, FIELD(struct cfg_hotplug, slots), AUX(struct cfg_hotplug, slots_auto),
     .auto_word = "auto", .fallback = "auto", .max = 253,
     .help = "hot-plug slots that the switch shows this host; auto: what lends and moves need"},
    {"window", TYPE_BYTES, FIELD(struct cfg_hotplug, window_bytes), .fallback = "2MiB",
     .min = 1 << 20, .max = UINT64_C(1) << 40,
     .help = "prefetchable address space kept at least behind each slot"},
    {"button", TYPE_PS, FIELD(struct cfg_hotplug, button_ps), .fallback = "5s", .max = HOUR,
     .help = "from the press of a button to the act"},
    {"power_off", TYPE_PS, FIELD(struct cfg_hotplug, power_off_ps), .fallback = "1s", .max = HOUR,
     .help = "wait after power off"},
    {"link", TYPE_PS, FIELD(struct cfg_hotplug, link_ps), .fallback = "100ms", .max = HOUR,
     .help = "from power to the first access"},
    {"command", TYPE_PS, FIELD(struct cfg_hotplug, command_ps), .fallback = "1s", .max = HOUR,
     .help = "patience with a command to the slot"},
    END};
const struct schema_section schema_hotplug = {
    "hotplug", "slots and their driver, as Linux's pciehp", NULL, hotplug_keys};

/* ---- the pool manager, moves and faults ---- */

static const struct schema_key manager_keys[] = {
    {"latency", TYPE_PS, FIELD(struct cfg_manager, latency_ps), .fallback = "20us", .min = NS,
     .max = SECOND, .help = "of a message over the management network"},
    {"bandwidth", TYPE_BPS, FIELD(struct cfg_manager, message_bps), .fallback = "1Gbps",
     .min = 1000, .max = UINT64_C(100000000000000), .help = "of each host's link to that network"},
    {"access", TYPE_PS, FIELD(struct cfg_manager, access_ps), .fallback = "1us", .max = SECOND,
     .help = "CPU time of one order to the switch"},
    {"poll", TYPE_PS, FIELD(struct cfg_manager, poll_ps), .fallback = "10us", .min = NS,
     .max = SECOND, .help = "between two looks at what is in flight"},
    {"drain_limit", TYPE_PS, FIELD(struct cfg_manager, drain_limit_ps), .fallback = "100ms",
     .max = HOUR, .help = "what is in flight for longer is given up"},
    {"flr", TYPE_PS, FIELD(struct cfg_manager, flr_ps), .fallback = "100ms", .max = HOUR,
     .help = "from a function-level reset to the next access"},
    {"power_limit", TYPE_PS, FIELD(struct cfg_manager, power_limit_ps), .fallback = "60s",
     .max = HOUR, .help = "patience with a host that is asked to let go of a slot"},
    {"order", TYPE_ENUM, FIELD(struct cfg_manager, order), .fallback = "correct",
     .names = order_names, .help = "of the steps of a move; the others show what goes wrong then"},
    END};
const struct schema_section schema_manager = {"manager", "the pool manager", NULL, manager_keys};

static const struct schema_key move_keys[] = {
    {"at", TYPE_PS, FIELD(struct block_move, move.at_ps), .required = true, .max = HOUR,
     .help = "when, from the end of boot"},
    {"device", TYPE_NAMES, WHERE(struct block_move, device_ref), .required = true,
     .help = "one device"},
    {"vf", TYPE_RANGE, WHERE(struct block_move, vf_ref), .required = true,
     .help = "its VFs: 3 or 0..3"},
    {"to", TYPE_NAMES, WHERE(struct block_move, host_ref), .required = true, .help = "one host"},
    {"slot", TYPE_COUNT, FIELD(struct block_move, move.slot), .fallback = "0", .max = 31,
     .help = "which of that host's slots for this device"},
    {"how", TYPE_ENUM, FIELD(struct block_move, move.how), .fallback = "graceful",
     .names = how_names,
     .help = "by the slots' buttons, unannounced, or at once by a message to the hosts"},
    END};
const struct schema_section schema_move = {"move", "VFs that change hands", NULL, move_keys};

static const struct schema_key fault_keys[] = {
    {"at", TYPE_PS, FIELD(struct block_fault, fault.at_ps), .required = true, .max = HOUR,
     .help = "when, from the end of boot"},
    {"kind", TYPE_ENUM, FIELD(struct block_fault, fault.kind), .required = true,
     .names = fault_names, .help = "what breaks"},
    {"target", TYPE_NAMES, WHERE(struct block_fault, target_ref), .required = true,
     .help = "one host or device whose link it is, or the Owner"},
    {"for", TYPE_PS, FIELD(struct block_fault, fault.down_ps), .fallback = "ever",
     .zero_word = "ever", .min = NS, .max = HOUR, .help = "until it works again"},
    {"containment", TYPE_ENUM, FIELD(struct block_fault, fault.containment), .fallback = "none",
     .names = containment_names, .help = "dpc: the port stops at once what goes through it"},
    END};
const struct schema_section schema_fault = {"fault", "what breaks on the way", NULL, fault_keys};
