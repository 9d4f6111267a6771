/* lockstep.h - the whole multi-root switch as hardware has it: registers that move in every cycle.
 * It gets from a record (record.h) what comes in, the stalls and the table writes, and says what
 * leaves when; it shares no code with the event-driven switch of fabric/, whose skipping of cycles
 * it is there to judge, and works on header fields of the wire, not on struct tlp.
 *
 * In a cycle, in this order:
 * - what the cycle brings counts: beats that enter, credits, holds;
 * - every egress that is free, has room and is wanted grants an ingress, round robin from its
 *   pointer on; an ingress that several have granted accepts one, likewise; both pointers move
 *   behind what was accepted. Of the TLPs of one ingress for one egress the oldest goes that has
 *   credits and may pass all older ones (Base Spec 2.4.1);
 * - first beats in the look-up's first stage compare with the tables; writes are done, and kill
 *   what has compared with the entry and is in one of the two stages; the second stage selects:
 *   route, new header, or refusal. Two cycles later the TLP can be granted, a cycle after the grant
 *   its first beat is out.
 *
 * What no re-map table decides (configuration, messages, I/O, their proxied completions) goes as
 * the record says it was steered, answered or taken: the decision is given, its cycles are not.
 * Limits: the default pipeline of 2, 2, 1, 1 cycles with pipelined look-ups that do not fetch,
 * virtual output queues, round robin, one VC. */
#ifndef POOLSIM_COSIM_LOCKSTEP_H
#define POOLSIM_COSIM_LOCKSTEP_H

#include "cosim/record.h"

struct lockstep;

/* A switch after reset, with the tables that the record has for cycle 0. Borrows @record. Fails
 * when the record is of a switch that this is not, or of one into which two TLPs come at once. */
bool lockstep_new(const struct record *record, struct lockstep **out, struct err *err);
void lockstep_free(struct lockstep *lockstep);

/* Does the next cycle, from 0 on. Returns the number of events that the switch put out in it, by
 * kind and port as a record has them: OUT, ANSWER, DROP, TAKE. They are good until the next call.
 */
size_t lockstep_run_cycle(struct lockstep *lockstep, const struct record_event **out_events);

/* With nothing inside, all registers stay as they are: goes on to the next cycle in which the
 * record has something, if there is one. */
void lockstep_skip_idle(struct lockstep *lockstep);
/* The cycle that lockstep_run_cycle will do. */
uint64_t lockstep_next_cycle(const struct lockstep *lockstep);

#endif
