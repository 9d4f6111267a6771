#include "cosim/record.h"

#include "base/check.h"
#include "pool/memh.h"

#include <inttypes.h>

static void write_port(const struct record_port *port, uint32_t number, FILE *out)
{
    if (!port->is_named)
        return;
    if (port->is_device)
        fprintf(out, "port %" PRIu32 " device %u\n", number, (unsigned)port->owner_port);
    else
        fprintf(out, "port %" PRIu32 " host\n", number);
    for (int class = 0; class < CLASSES; class ++)
        if (port->header_credits[class] || port->data_credits[class])
            fprintf(out, "credits %" PRIu32 " %s %" PRIu32 " %" PRIu32 "\n", number,
                    record_class_names[class], port->header_credits[class],
                    port->data_credits[class]);
    for (int table = 0; table < RECORD_TABLES; table++)
        if (port->entries[table])
            fprintf(out, "table %s %" PRIu32 " %" PRIu32 "\n", record_table_names[table], number,
                    port->entries[table]);
}

void record_write_head(const struct record *record, FILE *out)
{
    fprintf(out, "poolsim-record %d\n", RECORD_VERSION);
    fprintf(out,
            "switch %s ports %" PRIu32 " clock %" PRIu64 " datapath %" PRIu32 " mps %" PRIu32
            " vcs %" PRIu32 "\n",
            record->name, record->n_ports, record->clock_hz, record->datapath_bytes,
            record->mps_bytes, record->vcs);
    fprintf(out, "pipeline %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
            record->ingress_cycles, record->remap_cycles, record->edit_cycles,
            record->crossbar_cycles);
    fprintf(out, "ways %s %s %s %s\n", record_arbiter_names[record->arbiter],
            record->voq ? "voq" : "fifo", record->remap_pipelined ? "pipelined" : "serial",
            record->remap_fetch ? "fetch" : "miss");
    for (uint32_t p = 0; p < record->n_ports; p++)
        write_port(&record->ports[p], p, out);
    fputs("events\n", out);
}

static void write_tlp(const struct record_event *event, FILE *out)
{
    fprintf(out, " %" PRIu32, event->tlp.serial);
    if (event->kind == RECORD_STEER || event->kind == RECORD_MAKE)
        fprintf(out, " %u", (unsigned)event->tlp.egress);
    if (event->tlp.has_header) {
        fputc(' ', out);
        for (int i = 0; i < RECORD_HEADER_WORDS; i++)
            fprintf(out, "%08" PRIx32, event->tlp.header[i]);
    }
    if (event->tlp.has_data)
        fprintf(out, " %08" PRIx32, event->tlp.data);
    fputc('\n', out);
}

static void write_entry(const struct record_event *event, FILE *out)
{
    const struct pool_table *table = &pool_tables[record_table_layout(event->write.table)];
    char text[MEMH_LINE_BYTES];
    memh_format(table, &event->write.entry, text);
    fprintf(out, "write %" PRIu64 " %s %u %" PRIu32 " %s", event->cycle,
            record_table_names[event->write.table], (unsigned)event->port, event->write.index,
            text);
}

void record_write_event(const struct record_event *event, FILE *out)
{
    if (event->kind == RECORD_WRITE) {
        write_entry(event, out);
        return;
    }
    fprintf(out, "%s %" PRIu64 " %u", record_kind_names[event->kind], event->cycle,
            (unsigned)event->port);
    switch ((enum record_kind)event->kind) {
    case RECORD_IN:
    case RECORD_OUT:
    case RECORD_ANSWER:
    case RECORD_DROP:
    case RECORD_TAKE:
    case RECORD_BAR:
    case RECORD_STEER:
    case RECORD_MAKE:
        write_tlp(event, out);
        return;
    case RECORD_CREDIT:
        fprintf(out, " %s %" PRIu32 " %" PRIu32 "\n", record_class_names[event->credit.class],
                event->credit.header, event->credit.data);
        return;
    case RECORD_HOLD:
        fprintf(out, " %" PRIu64 "\n", event->hold.until_cycle);
        return;
    case RECORD_FUNCTION:
        fprintf(out, " %u %s\n", (unsigned)event->function.function,
                record_function_names[event->function.state]);
        return;
    case RECORD_COMMAND:
        fprintf(out, " %u %s %u %u\n", (unsigned)event->command.vf,
                record_command_names[event->command.command], (unsigned)event->command.slot,
                (unsigned)event->command.function);
        return;
    case RECORD_CLOSE:
        fputc('\n', out);
        return;
    case RECORD_WRITE:
    case RECORD_KINDS:
        break;
    }
    CHECK(false);
}

void record_write_end(uint64_t cycle, FILE *out)
{
    fprintf(out, "end %" PRIu64 "\n", cycle);
}
