#include "host/agent.h"

#include "base/check.h"
#include "host/messages.h"

static void unbind(struct plane_actor *self, struct agent *agent, uint32_t number)
{
    CHECK(number < agent->n_slots);
    machine_enter(agent->machine, self);
    hotplug_disable(&agent->slots[number], true);
    machine_leave(agent->machine);
    const struct plane_message answer = {
        .kind = NOTE_SLOT_DOWN,
        .bytes = NOTE_BYTES,
        .argument = {plane_host_of(self), number},
    };
    plane_send(self, agent->manager, &answer);
}

void agent_run(struct plane_actor *self, void *argument)
{
    struct agent *agent = argument;
    struct plane_message message;
    while (plane_receive(self, PLANE_FOREVER, &message))
        if (message.kind == NOTE_UNBIND)
            unbind(self, agent, (uint32_t)message.argument[0]);
}
