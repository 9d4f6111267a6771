/* messages.h - what hosts' software and the pool manager say to each other over the management
 * network. Arguments in the order of their comments. */
#ifndef POOLSIM_HOST_MESSAGES_H
#define POOLSIM_HOST_MESSAGES_H

enum { NOTE_BYTES = 128 };

enum note_kind {
    NOTE_LOADED,    /* boot to a slot's or an agent's actor: the domain is numbered */
    NOTE_PF_READY,  /* PF driver to manager: number of the device, routing ID of the PF */
    NOTE_HOST_UP,   /* boot to manager: host; everything of its own is up */
    NOTE_BOOTED,    /* manager to whoever wants to know: all that is lent is in use */
    NOTE_SLOT_UP,   /* slot to manager: host, slot, begin and end of hot-add; the drivers are up
                          when it is sent */
    NOTE_SLOT_DOWN, /* agent to manager: host, slot; drivers are gone, the slot has no power */
    NOTE_UNBIND,    /* manager to agent: slot */
};

#endif
