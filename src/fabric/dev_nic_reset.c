#include "fabric/dev_nic_reset.h"

/* Fails the frames in @fifo, which have room in the packet buffer. */
static void fail_buffered(struct dev_nic *nic, struct op_fifo *fifo, int direction)
{
    while (fifo->n) {
        uint32_t index = op_fifo_pop(nic->ops, fifo);
        nic->engines[direction].buffered_bytes -= op_get(nic->ops, index)->bytes;
        op_fail(nic->ops, index, LAT_DEVICE, nic->ep->fabric->sim->now_ps);
    }
}

/* Received frames: those whose data are on their way end when these have arrived. */
static void fail_received(const struct dev_nic *nic, struct op_fifo *received)
{
    while (received->n) {
        uint32_t index = op_fifo_pop(nic->ops, received);
        if (op_get(nic->ops, index)->moved)
            op_fail(nic->ops, index, LAT_DEVICE, nic->ep->fabric->sim->now_ps);
    }
}

void dev_nic_forget(struct dev_nic *nic, uint32_t function)
{
    struct nic_function *f = &nic->functions[function];
    for (int d = 0; d < NIC_DIRECTIONS; d++) {
        struct nic_queue *queue = &f->queues[d];
        if (d == NIC_TRANSMIT) {
            op_fifo_fail(nic->ops, &queue->engine, LAT_DEVICE, nic->ep->fabric->sim->now_ps);
            fail_buffered(nic, &queue->line, d);
        } else {
            fail_buffered(nic, &queue->engine, d);
            op_fifo_fail(nic->ops, &queue->line, LAT_DEVICE, nic->ep->fabric->sim->now_ps);
        }
        dev_turns_set(&nic->engines[d].turns, function, false);
        dev_turns_set(&nic->lines[d].turns, function, false);
        /* An event under way finds nothing to do. */
        *queue = (struct nic_queue){.timer = queue->timer,
                                    .write_back_due_ps = queue->write_back_due_ps};
    }
    if (f->memory) {
        op_fifo_fail(nic->ops, &f->memory->announced, LAT_DEVICE, nic->ep->fabric->sim->now_ps);
        fail_received(nic, &f->memory->received);
    }
    *f = (struct nic_function){.resets = (uint8_t)(f->resets + 1),
                               .timer = f->timer,
                               .next_interrupt_ps = f->next_interrupt_ps,
                               .queues = {f->queues[NIC_TRANSMIT], f->queues[NIC_RECEIVE]}};
}
