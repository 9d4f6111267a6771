#include "config/schema_rows.h"

/* ---- links and credits, which many share ---- */

#define LINK_SECTION(id, width)                                                                    \
    static const struct schema_key id##_keys[] = {                                                 \
        {"rate", TYPE_LINK, WHERE(struct cfg_link, gen), AUX(struct cfg_link, lanes),              \
         .fallback = width, .help = "generation and width"},                                       \
        {"propagation", TYPE_PS, FIELD(struct cfg_link, propagation_ps), .fallback = "5ns",        \
         .max = MS, .help = "flight time of a symbol"},                                            \
        {"skp", TYPE_BOOL, FIELD(struct cfg_link, skp), .fallback = "true",                        \
         .help = "SKP ordered sets take their share of the wire"},                                 \
        {"dllp", TYPE_BOOL, FIELD(struct cfg_link, dllp), .fallback = "true",                      \
         .help = "Ack and UpdateFC packets take their share of the wire"},                         \
        {"update_interval", TYPE_PS, FIELD(struct cfg_link, update_interval_ps),                   \
         AUX(struct cfg_link, update_interval_auto), .auto_word = "auto", .fallback = "auto",      \
         .max = MS,                                                                                \
         .help = "least time between two UpdateFC of a class; auto: the specification's limit"},   \
        END};                                                                                      \
    const struct schema_section schema_##id = {"link", "a link; short form: its rate", "rate",     \
                                               id##_keys}

LINK_SECTION(link, "gen3x8");
LINK_SECTION(uplink, "gen3x16");

#define CREDIT_CLASS(id, title, class, headers, bytes)                                             \
    static const struct schema_key id##_keys[] = {                                                 \
        {"header", TYPE_COUNT, FIELD(struct cfg_credits, header[class]), .fallback = headers,      \
         .zero_word = "infinite", .min = 1, .max = 127, .help = "TLP headers that it can hold"},   \
        {"data", TYPE_UNITS, FIELD(struct cfg_credits, data[class]), .fallback = bytes,            \
         .zero_word = "infinite", .min = 1, .max = 2047,                                           \
         .help = "payload bytes that it can hold, a multiple of 16"},                              \
        END};                                                                                      \
    static const struct schema_section id##_section = {                                            \
        title, "receive buffer of one class of TLPs", NULL, id##_keys}

#define CREDITS_SECTION(id, completion_headers, completion_bytes)                                  \
    CREDIT_CLASS(id##_p, "credit", 0, "64", "16KiB");                                              \
    CREDIT_CLASS(id##_np, "credit", 1, "64", "1KiB");                                              \
    CREDIT_CLASS(id##_cpl, "credit", 2, completion_headers, completion_bytes);                     \
    static const struct schema_key id##_keys[] = {                                                 \
        {"posted", TYPE_SECTION, .section = &id##_p_section, .help = "memory writes, messages"},   \
        {"non_posted", TYPE_SECTION, .section = &id##_np_section, .help = "reads"},                \
        {"completion", TYPE_SECTION, .section = &id##_cpl_section, .help = "answers to reads"},    \
        END};                                                                                      \
    const struct schema_section schema_##id = {                                                    \
        "credits", "receive buffer of a port per virtual channel", NULL, id##_keys}

CREDITS_SECTION(end_credits, "infinite", "infinite"); /* hosts and devices */
CREDITS_SECTION(switch_credits, "64", "16KiB");
