/* tlp_check.h - the rules by which a receiver calls a TLP malformed (Base Spec 2.2 and 2.3).
 * Pure decisions on a decoded header: no state, no clock. */
#ifndef POOLSIM_PCIE_TLP_CHECK_H
#define POOLSIM_PCIE_TLP_CHECK_H

#include "pcie/tlp_header.h"
#include <stdint.h>

/* What the ends of the link agreed on; 0 leaves the rule out. */
struct tlp_limits {
    uint32_t mps_bytes; /* Max_Payload_Size of the receiver */
    uint32_t rcb_bytes; /* read completion boundary, 64 or 128 */
};

/* The first rule that a decoded TLP breaks, or DEFECT_NONE. Rules that the specification leaves to
 * the receiver's choice are all applied. No defects, because the receiver answers them otherwise: a
 * reserved completion status (taken as UR), an unknown message code (an unsupported request) and a
 * reserved message routing (ends here). */
enum tlp_defect tlp_check(const struct tlp_header *header, const struct tlp_limits *limits);

#endif
