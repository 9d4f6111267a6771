/* build_pci.h - the part of model_build that gives a model configuration spaces, for hosts with
 * software (boot.mode fast or tlp): bus 0 of every host, the private switch that it sees at its
 * port, the functions of every device, and the pooling tables, empty: firmware, drivers and the
 * pool manager are to fill them (run/boot.h, run/pool_hw.h). Nothing of it exists in a run without
 * software (mode none). */
#ifndef POOLSIM_RUN_BUILD_PCI_H
#define POOLSIM_RUN_BUILD_PCI_H

#include "fabric/endpoint_config.h"
#include "fabric/switch_config.h"
#include "run/platform.h"

struct model;

/* The private switch's functions, by their index in its hierarchy; downstream bridge number b is
 * branch b and index PCI_DOWNSTREAM + b. Behind the branches' come spare slots. */
enum { PCI_MANAGEMENT, PCI_UPSTREAM, PCI_DOWNSTREAM };

struct pci_host {
    struct hierarchy bus0;
    struct switch_view view; /* without branches: the host attaches to no switch */
    uint32_t n_owned;        /* branches that lead to its devices; then one for each slot */
    struct platform_slot *slots;
    uint32_t n_slots;
};

struct pci_device {
    const struct cfgspace_layout *pf, *vf;
    struct cfg_emu_model emulated; /* a VF as its User sees it */
};

struct pci_model {
    struct pci_host *hosts;
    struct pci_device *devices;
    struct assignment_table *assignments; /* of each switch, over all functions of the pool */
};

/* Whether a configuration can have them: no cascaded switches, not too many bridges. */
bool pci_can_be(const struct config *config, struct err *err);
/* Makes model->pci, before hosts, devices and switches are. */
void pci_make(struct model *model);
void pci_make_host(struct model *model, uint32_t host);
struct endpoint_config *pci_make_device(struct model *model, uint32_t device);
/* The device at port @port of a switch. */
struct endpoint *pci_device_at(const struct model *model, uint32_t sw, uint16_t port);
/* The tables of every switch port, and who uses them. */
void pci_make_tables(struct model *model);

#endif
