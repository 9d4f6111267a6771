#include "des/trace.h"
#include "base/check.h"

void trace_subscribe(struct trace *trace, uint32_t mask, trace_reader_fn *read, void *reader)
{
    CHECK(trace->n_readers < TRACE_READERS);
    uint32_t i = trace->n_readers++;
    trace->readers[i].read = read;
    trace->readers[i].reader = reader;
    trace->readers[i].mask = mask;
    trace->mask |= mask;
}

void trace_deliver(const struct trace *trace, const struct trace_record *record)
{
    for (uint32_t i = 0; i < trace->n_readers; i++)
        if (trace->readers[i].mask >> record->kind & 1)
            trace->readers[i].read(trace->readers[i].reader, record);
}

void trace_emit_read(const struct trace *trace, enum trace_kind kind, uint32_t component,
                     uint32_t port, uint64_t time_ps, const void *body)
{
    const struct trace_record record = {kind, component, port, time_ps, body};
    trace_deliver(trace, &record);
}
