/* preset_rows.h - how each preset's layout is built; the table in preset.c names them. @layout is
 * empty and as long as the table says. */
#ifndef POOLSIM_PCIE_PRESET_ROWS_H
#define POOLSIM_PCIE_PRESET_ROWS_H

#include "pcie/cfgspace_layout.h"
#include "pcie/preset.h"

void preset_add_host_bridge(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_root_port(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_management(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_upstream(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_downstream(struct cfgspace_layout *layout, const struct preset_options *options);

void preset_add_82599(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_82599_vf(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_nvme(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_nvme_vf(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_null(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_null_vf(struct cfgspace_layout *layout, const struct preset_options *options);

void preset_add_q35_host_bridge(struct cfgspace_layout *layout,
                                const struct preset_options *options);
void preset_add_ich9_lpc(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_ich9_sata(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_ich9_smbus(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_qemu_root_port(struct cfgspace_layout *layout,
                               const struct preset_options *options);
void preset_add_x3130_upstream(struct cfgspace_layout *layout,
                               const struct preset_options *options);
void preset_add_x3130_downstream(struct cfgspace_layout *layout,
                                 const struct preset_options *options);
void preset_add_qemu_nvme(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_qemu_nvme_vf(struct cfgspace_layout *layout, const struct preset_options *options);
void preset_add_e1000e(struct cfgspace_layout *layout, const struct preset_options *options);

#endif
