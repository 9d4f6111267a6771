/* load.h - the state that the steps of loading share: load.c reads and expands blocks, attach.c
 * resolves who attaches where, select.c deals VFs and picks workloads' functions, pci.c reads
 * hosts' own PCI trees, moves.c what happens on the way, cross.c and slots.c check rules between
 * fields.
 */
#ifndef POOLSIM_CONFIG_LOAD_H
#define POOLSIM_CONFIG_LOAD_H

#include "config/names.h"
#include "config/schema.h"
#include "config/value.h"

enum {
    LOAD_HOSTS_MAX = 65536,
    LOAD_SWITCHES_MAX = 65536,
    LOAD_DEVICES_MAX = 65536,
    LOAD_WORKLOADS_MAX = 1024,
    LOAD_VFS_MAX = 1 << 20,     /* of all devices, and lends */
    LOAD_TARGETS_MAX = 1 << 22, /* of all workloads */
    LOAD_PCI_MAX = 1024,        /* of a host */
    LOAD_MOVES_MAX = 65536,     /* faults, too */
    LOAD_POINTS_MAX = 1 << 20,  /* of a sweep, with replications */
};

/* One list entry and the elements [first, first + n) that it became. */
struct load_group {
    const struct yaml_node *node;
    uint32_t first, n;
};

struct loader {
    struct config *config;
    struct yaml_tree *tree;
    const struct yaml_node *root;
    struct value_reader reader;
    struct err *err;
    struct names names;
    size_t n_host_groups, n_switch_groups, n_device_groups, n_lend_groups, n_workload_groups;
    size_t n_move_groups, n_fault_groups;
    struct load_group *move_groups, *fault_groups;
    struct load_group *host_groups, *switch_groups, *device_groups, *lend_groups, *workload_groups;
    struct block_host *host_blocks;
    struct block_switch *switch_blocks;
    struct block_device *device_blocks;
    struct block_workload *workload_blocks;
    uint32_t *vf_base; /* per device: its VF 0 in vf_lend; one more at the end */
    uint32_t *vf_lend; /* per VF: index of its lend plus 1; 0: not lent */
};

/* Refuses the key @path (dotted, relative; NULL: the entry itself) of entry @group of root list
 * @list, at its place. */
bool load_refuse(const struct loader *loader, const char *list, const struct load_group *groups,
                 size_t group, const char *path, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Notes the entries of root list @key; each is one element until its count is known. */
void load_find_groups(const struct loader *loader, const char *key, struct load_group **out_groups,
                      size_t *out_n);
/* Reads every entry into a block of @size bytes of the zeroed array @blocks. */
bool load_read_blocks(struct loader *loader, const char *key, const struct schema_section *section,
                      const struct load_group *groups, size_t n, void *blocks, size_t size);

/* Which group element @index is in. */
size_t load_group_of(const struct load_group *groups, size_t n_groups, uint32_t index);

/* What @config owns of its lends, of its sweep's axes, an array of devices, and what a host
 * owns. */
void load_free_lends(struct config *config);
void load_free_axes(struct cfg_sweep *sweep);
void load_free_devices(struct cfg_device *devices, uint32_t n);
void load_free_host(struct cfg_host *host);
/* Which entry of `lend:` lent lends[@lend]. */
uint32_t load_lend_block(const struct config *config, uint32_t lend);

bool load_sweep(struct loader *loader);

/* attach.c: switch_index, host_index, owner_index, parent_index. */
bool attach_all(struct loader *loader);
/* The root switch above switch @index. */
uint32_t attach_root(const struct config *config, int index);

/* origin.c: what direct devices stand for. */
bool origin_read_all(struct loader *loader);

/* select.c */
bool select_lends(struct loader *loader);
bool select_targets(struct loader *loader, size_t workload);
/* Of the VFs that moves bring to its hosts. */
bool select_visits(struct loader *loader, size_t index);

#endif
