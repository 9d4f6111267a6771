/* units.h - physical quantities as text ("150ns", "4KiB", "10Gbps", "gen3x8") to integers and back.
 * Text is a non-negative decimal number, optional spaces, and a unit; the value must be a whole
 * number of the base unit ("1.5us" is 1500000 ps, "0.1ps" is refused). Nothing is rounded and
 * nothing overflows silently. Every parser returns false, with its outputs untouched, when the text
 * is not exactly such a quantity. */
#ifndef POOLSIM_BASE_UNITS_H
#define POOLSIM_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool units_parse_ps(const char *text, uint64_t *out_ps); /* ps ns us ms s; a bare 0 is allowed */
bool units_parse_bytes(const char *text,
                       uint64_t *out_bytes); /* B KiB MiB GiB TiB kB MB GB TB; bare = bytes */
bool units_parse_bps(
    const char *text,
    uint64_t *out_bps); /* bps kbps Mbps Gbps Tbps, B/s kB/s .. TB/s, KiB/s .. TiB/s */
bool units_parse_hz(const char *text, uint64_t *out_hz); /* Hz kHz MHz GHz */
bool units_parse_ops(const char *text,
                     uint64_t *out_mops); /* milli-operations/s: ops kops Mops Gops, /s allowed */
bool units_parse_ppm(const char *text, uint64_t *out_ppm); /* "80%" or "0.8" to parts per million */
bool units_parse_milli(const char *text, uint64_t *out_milli); /* "1.5" to 1500 */
bool units_parse_link(const char *text, unsigned *out_gen,
                      unsigned *out_lanes); /* "gen3x8": gen1..gen5, x1 2 4 8 12 16 */
bool units_parse_range(const char *text, uint64_t *out_first,
                       uint64_t *out_last);                    /* "3" or "0..7"; first <= last */
bool units_parse_count(const char *text, uint64_t *out_count); /* plain whole number */

/* Room for any text that a units_format_* writes. */
enum { UNITS_TEXT_MAX = 40 };

/* Shortest exact text in a unit a person would choose, for resolved.yaml; parsing it gives the
 * value back. Cut, as by snprintf, when @size is under UNITS_TEXT_MAX. Return @buf. */
char *units_format_ps(uint64_t ps, char *buf, size_t size);
char *units_format_bytes(uint64_t bytes, char *buf, size_t size);
char *units_format_bps(uint64_t bps, char *buf, size_t size);
char *units_format_hz(uint64_t hz, char *buf, size_t size);
char *units_format_ops(uint64_t mops, char *buf, size_t size);
char *units_format_ppm(uint64_t ppm, char *buf, size_t size); /* as a percentage */
char *units_format_milli(uint64_t milli, char *buf, size_t size);

#endif
