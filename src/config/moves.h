/* moves.h - what happens on the way: VFs that change hands, and faults. */
#ifndef POOLSIM_CONFIG_MOVES_H
#define POOLSIM_CONFIG_MOVES_H

#include "config/load.h"

/* Reads `moves:` and `faults:`; what they name is there. */
bool moves_read(struct loader *loader);
bool faults_read(struct loader *loader);

/* slots.c: whether every host has room for what it is lent, at the start and after every move:
 * functions in a slot, slots, bus numbers, address space. Moves are followed in the order of their
 * times, so that each takes VFs from where they then are. */
bool slots_check(struct loader *loader);

#endif
