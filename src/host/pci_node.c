#include "host/pci_node.h"

#include "base/check.h"
#include "pcie/cfgspace_layout.h"

static bool has_neighbour(const struct pci_node *nodes, uint32_t n, const struct pci_node *node)
{
    for (uint32_t i = 0; i < n; i++)
        if (&nodes[i] != node && nodes[i].behind == node->behind && nodes[i].device == node->device)
            return true;
    return false;
}

static bool has_card(const struct pci_node *nodes, uint32_t n, uint32_t index)
{
    for (uint32_t i = 0; i < n; i++)
        if (nodes[i].behind == (int32_t)index && !nodes[i].absent)
            return true;
    return nodes[index].external;
}

/* A layout in the arena; NULL when memory is out. */
static struct cfgspace_layout *build_layout(struct arena *arena, enum preset preset,
                                            const struct preset_options *options)
{
    struct cfgspace_layout *layout = arena_alloc(arena, 1, sizeof(*layout));
    uint8_t *memory = arena_alloc(arena, 1, preset_memory_bytes(preset));
    if (!layout || !memory)
        return NULL;
    preset_build(preset, options, layout, memory);
    return layout;
}

static bool add_vfs(struct hierarchy *hierarchy, struct arena *arena, uint32_t pf,
                    enum preset preset, const struct preset_options *pf_options,
                    const struct preset_options *vf_options)
{
    struct preset_options options;
    preset_defaults(preset, &options);
    options.link_gen = pf_options->link_gen;
    options.link_width = pf_options->link_width;
    options.max_payload_bytes = pf_options->max_payload_bytes;
    if (vf_options)
        options = *vf_options;

    const uint16_t vfs = pf_options->vfs;
    const struct cfgspace_layout *layout = build_layout(arena, preset, &options);
    struct cfgspace *vf = arena_alloc(arena, vfs, sizeof(*vf));
    if (!layout || !vf)
        return false;
    uint8_t *values = arena_alloc(arena, vfs, layout->bytes);
    if (!values)
        return false;
    for (uint16_t i = 0; i < vfs; i++)
        cfgspace_init(&vf[i], layout, values + (size_t)i * layout->bytes);
    hierarchy_set_vfs(hierarchy, pf, vf, vfs);
    return true;
}

bool pci_node_build(struct hierarchy *hierarchy, struct arena *arena, const struct pci_node *nodes,
                    uint32_t n)
{
    const uint32_t first = hierarchy->n;
    for (uint32_t i = 0; i < n; i++) {
        const struct pci_node *node = &nodes[i];
        CHECK(node->behind < (int32_t)i && node->device < 32 && node->function < 8);
        struct preset_options options;
        preset_defaults(node->preset, &options);
        if (node->options)
            options = *node->options;
        options.multifunction |= has_neighbour(nodes, n, node);
        options.card = has_card(nodes, n, i);

        const struct cfgspace_layout *layout = build_layout(arena, node->preset, &options);
        uint8_t *value = layout ? arena_alloc(arena, 1, layout->bytes) : NULL;
        if (!value)
            return false;
        const uint32_t parent =
            node->behind == PCI_NODE_TOP ? HIERARCHY_TOP : first + (uint32_t)node->behind;
        const uint32_t index = hierarchy_add(
            hierarchy, parent, (uint8_t)(node->device << 3 | node->function), layout, value);
        if (node->external)
            hierarchy_set_leaf(hierarchy, index, node->leaf);
        if (layout->sriov &&
            !add_vfs(hierarchy, arena, index, preset_vf(node->preset), &options, node->vf_options))
            return false;
        hierarchy_set_present(hierarchy, index, !node->absent);
    }
    return true;
}
