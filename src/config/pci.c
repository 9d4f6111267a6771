#include "config/pci.h"
#include "base/check.h"
#include "pcie/preset.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICES = 32, FUNCTIONS = 8, ON_BUS_0 = -1 };

/* Of the platform Sandy Bridge. */
enum { HOST_BRIDGE_DEVICE = 0, ROOT_PORT_DEVICE = 1 };

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n ? n : 1, size);
    CHECK(memory);
    return memory;
}

static char *copy_if_given(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    CHECK(copy || !text);
    return copy;
}

/* ---- one entry ---- */

struct entry {
    struct loader *loader;
    const struct yaml_node *node;
    struct block_pci block;
    struct cfg_host *host; /* its list so far */
    struct preset_options defaults;
};

__attribute__((format(printf, 3, 4))) static bool refuse(const struct entry *entry, const char *key,
                                                         const char *format, ...)
{
    struct value_reader *reader = &entry->loader->reader;
    char message[320];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    const struct mark mark = value_place(entry->node, key);
    const size_t outer = value_enter(reader, key);
    value_refuse(reader, &mark, "%s", message);
    value_leave(reader, outer);
    return false;
}

static bool read_function(struct entry *entry)
{
    const char *text = entry->block.function;
    char *end = NULL;
    const unsigned long device = strtoul(text, &end, 16);
    const bool form = strspn(text, "0123456789abcdefABCDEF") == (size_t)(end - text) &&
                      end - text >= 1 && end - text <= 2 && end[0] == '.' && end[1] >= '0' &&
                      end[1] <= '9' && !end[2];
    if (!form || device >= DEVICES || end[1] - '0' >= FUNCTIONS)
        return refuse(entry, "function",
                      "\"%.64s\" is not a device and function; give one from 00.0 to 1f.7", text);
    entry->block.pci.device = (uint8_t)device;
    entry->block.pci.function = (uint8_t)(end[1] - '0');
    return true;
}

/* Whether a function of @preset is a bridge; *out_port: whether a link is behind it, where only
 * device 0 can be. */
static bool is_bridge(enum preset preset, bool *out_port)
{
    *out_port = preset == PRESET_ROOT_PORT || preset == PRESET_SWITCH_DOWNSTREAM ||
                preset == PRESET_QEMU_ROOT_PORT || preset == PRESET_X3130_DOWNSTREAM;
    return *out_port || preset == PRESET_SWITCH_UPSTREAM || preset == PRESET_X3130_UPSTREAM;
}

static bool is_vf(enum preset preset)
{
    for (int pf = 0; pf < PRESET_COUNT; pf++)
        if (preset_vf((enum preset)pf) == preset)
            return true;
    return false;
}

static bool find_preset(struct entry *entry)
{
    struct schema_name names[PRESET_COUNT + 1] = {{NULL, 0}};
    const char *text = entry->block.pci.preset_text;
    enum preset preset;
    char hint[320];
    size_t n = 0;
    for (int p = 0; p < PRESET_COUNT; p++)
        if (!is_vf((enum preset)p))
            names[n++].name = preset_name((enum preset)p);
    if (!preset_find(text, &preset))
        return refuse(entry, "preset", "no preset \"%.64s\"; %s", text,
                      schema_suggest_name(names, text, hint, sizeof hint));
    if (is_vf(preset))
        return refuse(entry, "preset",
                      "%s is a virtual function; list the physical one and enable its VFs", text);
    entry->block.pci.preset = preset;
    preset_defaults(preset, &entry->defaults);
    return true;
}

static bool find_bridge(struct entry *entry)
{
    const char *text = entry->block.behind;
    bool is_port;
    entry->block.pci.behind = ON_BUS_0;
    if (!text)
        return true;
    for (uint32_t i = 0; i < entry->host->n_pci; i++) {
        const struct cfg_pci *bridge = &entry->host->pci[i];
        if (!bridge->name || strcmp(bridge->name, text) != 0)
            continue;
        entry->block.pci.behind = (int32_t)i;
        if (!is_bridge((enum preset)bridge->preset, &is_port))
            return refuse(entry, "behind", "\"%s\" is %s, which is no bridge", text,
                          bridge->preset_text);
        if (is_port && entry->block.pci.device != 0)
            return refuse(entry, "function",
                          "behind port \"%s\" is a link, which has device 00 only", text);
        return true;
    }
    return refuse(entry, "behind", "no entry \"%.64s\" earlier in the list", text);
}

/* Whether the place and the name are free. */
static bool check_taken(struct entry *entry)
{
    const struct cfg_pci *pci = &entry->block.pci;
    char text[PCI_FUNCTION_TEXT];
    for (uint32_t i = 0; i < entry->host->n_pci; i++) {
        const struct cfg_pci *other = &entry->host->pci[i];
        if (other->behind == pci->behind && other->device == pci->device &&
            other->function == pci->function)
            return refuse(entry, "function", "%s is taken by the entry in line %u",
                          pci_format_function(pci, text), other->mark.line);
        if (pci->name && other->name && strcmp(pci->name, other->name) == 0)
            return refuse(entry, "name", "the name \"%s\" is taken by the entry in line %u",
                          pci->name, other->mark.line);
    }
    if (entry->host->platform == PLATFORM_SANDY_BRIDGE && pci->behind == ON_BUS_0 &&
        (pci->device == HOST_BRIDGE_DEVICE || pci->device == ROOT_PORT_DEVICE))
        return refuse(entry, "function",
                      "%s is a place of the platform's host bridge and root port; give another, or "
                      "the host platform: none",
                      pci_format_function(pci, text));
    return true;
}

/* Whether the preset has what the entry sets. */
static bool settle_options(struct entry *entry)
{
    struct block_pci *block = &entry->block;
    struct cfg_pci *pci = &block->pci;
    const char *preset = pci->preset_text;
    pci->has_slot = block->slot.set;
    pci->has_vfs = block->vfs.set;
    pci->has_msix = block->msix.set;
    pci->slot = (uint16_t)block->slot.value;
    pci->vfs = (uint16_t)(block->vfs.set ? block->vfs.value : entry->defaults.vfs);
    pci->msix = (uint16_t)block->msix.value;
    if (pci->has_slot && !entry->defaults.slot)
        return refuse(entry, "slot", "%s has no slot", preset);
    if (pci->has_vfs && entry->defaults.vfs == 0)
        return refuse(entry, "vfs", "%s has no virtual functions", preset);
    if (pci->has_msix && entry->defaults.msix_vectors == 0)
        return refuse(entry, "msix", "%s has no MSI-X", preset);
    if (pci->vfs_enabled > pci->vfs)
        return refuse(entry, "vfs_enabled", "more than the %u VFs that it has", pci->vfs);
    return true;
}

/* Takes the entry into the host's list. */
static bool add_entry(struct entry *entry)
{
    struct block_pci *block = &entry->block;
    if (!read_function(entry) || !find_preset(entry) || !find_bridge(entry) ||
        !check_taken(entry) || !settle_options(entry))
        return false;
    block->pci.mark = entry->node->mark;
    entry->host->pci[entry->host->n_pci++] = block->pci;
    block->pci.name = block->pci.preset_text = NULL; /* moved */
    return true;
}

/* ---- the list ---- */

/* Nobody looks for functions of a device that has no function 0. */
static bool check_function_0(struct entry *entry, const struct yaml_node *list)
{
    const struct cfg_host *host = entry->host;
    for (uint32_t i = 0; i < host->n_pci; i++) {
        const struct cfg_pci *pci = &host->pci[i];
        bool found = false;
        for (uint32_t k = 0; k < host->n_pci; k++)
            found = found || (host->pci[k].behind == pci->behind &&
                              host->pci[k].device == pci->device && host->pci[k].function == 0);
        if (found)
            continue;
        const size_t outer = value_enter_index(&entry->loader->reader, i);
        entry->node = yaml_at(list, i);
        refuse(entry, "function", "device %02x has no function 0, so nobody looks for others",
               pci->device);
        value_leave(&entry->loader->reader, outer);
        return false;
    }
    return true;
}

static bool read_list(struct loader *loader, const struct yaml_node *list, struct cfg_host *host)
{
    struct entry entry = {.loader = loader, .host = host};
    bool good = true;
    if (list->n > LOAD_PCI_MAX)
        return value_refuse(&loader->reader, &list->mark, "more than %d functions",
                            (int)LOAD_PCI_MAX);
    host->pci = allocate(list->n, sizeof *host->pci);
    for (const struct yaml_node *node = list->first; good && node; node = node->next) {
        const size_t outer = value_enter_index(&loader->reader, host->n_pci);
        entry.node = node;
        entry.block = (struct block_pci){.pci = {.name = NULL}};
        good = value_read_section(&loader->reader, &schema_pci, node, &entry.block) &&
               add_entry(&entry);
        value_free_section(&schema_pci, &entry.block);
        value_leave(&loader->reader, outer);
    }
    return good && check_function_0(&entry, list);
}

bool pci_read(struct loader *loader, size_t group)
{
    struct value_reader *reader = &loader->reader;
    const struct yaml_node *list = yaml_get(loader->host_groups[group].node, "pci");
    if (!list)
        return true;
    const size_t outer = value_enter(reader, "hosts");
    value_enter_index(reader, group);
    value_enter(reader, "pci");
    const bool good = read_list(loader, list, &loader->host_blocks[group].host);
    value_leave(reader, outer);
    return good;
}

bool pci_any(const struct loader *loader)
{
    for (size_t g = 0; g < loader->n_host_groups; g++)
        if (loader->host_blocks[g].host.n_pci > 0)
            return true;
    return false;
}

bool pci_check(const struct loader *loader)
{
    const struct config *config = loader->config;
    for (uint32_t i = 0; i < config->n_hosts; i++) {
        const struct cfg_host *host = &config->hosts[i];
        if (host->platform == PLATFORM_NONE && host->switch_index >= 0)
            return load_refuse(loader, "hosts", loader->host_groups,
                               load_group_of(loader->host_groups, loader->n_host_groups, i),
                               "platform", "\"%s\" has no root port to switch \"%s\"", host->name,
                               config->switches[host->switch_index].name);
    }
    for (uint32_t d = 0; d < config->n_devices; d++) {
        const struct cfg_device *device = &config->devices[d];
        if (device->host_index >= 0 && config->hosts[device->host_index].platform == PLATFORM_NONE)
            return load_refuse(loader, "devices", loader->device_groups,
                               load_group_of(loader->device_groups, loader->n_device_groups, d),
                               "host", "\"%s\" has platform: none, so no root port",
                               config->hosts[device->host_index].name);
    }
    return true;
}

void pci_copy(struct cfg_host *host)
{
    const struct cfg_pci *pci = host->pci;
    if (!pci)
        return;
    host->pci = allocate(host->n_pci, sizeof *host->pci);
    for (uint32_t i = 0; i < host->n_pci; i++) {
        host->pci[i] = pci[i];
        host->pci[i].name = copy_if_given(pci[i].name);
        host->pci[i].preset_text = copy_if_given(pci[i].preset_text);
    }
}

void pci_free(struct cfg_host *host)
{
    for (uint32_t i = 0; host->pci && i < host->n_pci; i++) {
        free(host->pci[i].name);
        free(host->pci[i].preset_text);
    }
    free(host->pci);
    host->pci = NULL;
    host->n_pci = 0;
}

char *pci_format_function(const struct cfg_pci *pci, char buf[PCI_FUNCTION_TEXT])
{
    snprintf(buf, PCI_FUNCTION_TEXT, "%02x.%u", pci->device, pci->function & 7U);
    return buf;
}
