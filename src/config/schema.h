/* schema.h - the one table of configuration keys: a row per key with its type, place in a struct,
 * default, limits and meaning. Loading (value.h), overrides (override.h), resolved.yaml, the
 * reference and the JSON Schema (write.c) all walk this table; no other list of keys exists. */
#ifndef POOLSIM_CONFIG_SCHEMA_H
#define POOLSIM_CONFIG_SCHEMA_H

#include "config/config.h"
#include "config/yaml_tree.h"

enum schema_type {
    /* numbers: an unsigned field of size 1, 2, 4 or 8 */
    TYPE_BOOL,
    TYPE_ENUM,
    TYPE_COUNT,
    TYPE_PS,
    TYPE_BYTES,
    TYPE_UNITS, /* bytes, stored in units of 16 bytes: data credits */
    TYPE_BPS,
    TYPE_HZ,
    TYPE_OPS,
    TYPE_PPM,
    TYPE_MILLI,
    /* the rest */
    TYPE_LINK,       /* unsigned gen at offset, unsigned lanes at aux */
    TYPE_NAME,       /* char *, owned: a letter, then letters, digits, _ and - */
    TYPE_TEXT,       /* char *, owned */
    TYPE_PATH,       /* char *, owned; relative to the configuration's folder */
    TYPE_NAMES,      /* struct schema_ref: names and ranges of names */
    TYPE_RANGE,      /* struct schema_ref: a number or a range of numbers */
    TYPE_DIST_PS,    /* struct dist at offset, char * (a mixture's text, owned) at aux */
    TYPE_DIST_BYTES, /* the same */
    TYPE_TEXTS,      /* a list of values, read by its user */
    TYPE_SECTION,    /* a mapping; its struct lies at offset */
    TYPE_LIST,       /* a list of mappings, read by its user */
};

enum { SCHEMA_DEPTH_MAX = 6 }; /* TYPE_SECTION rows within one another, lists apart */

/* A reference by name, resolved when all names are known. Borrows from the YAML tree. */
struct schema_ref {
    const char *text; /* NULL: not given */
    struct mark mark;
};

/* A number that may be absent; TYPE_OPS and the like with optional set. */
struct schema_optional {
    uint64_t value;
    struct mark mark;
    bool set;
};

struct schema_name {
    const char *name;
    uint64_t value;
};

struct schema_key {
    const char *name;
    enum schema_type type;
    bool required;
    bool optional; /* the field is a struct schema_optional */
    bool power_of_2;
    uint8_t size; /* of the field */
    uint16_t offset;
    uint16_t aux;
    const char *fallback;  /* default as YAML text; NULL: none, the field stays zero */
    const char *zero_word; /* text that stands for 0 */
    const char *auto_word; /* text that sets the bool at aux, and leaves the field 0 */
    uint64_t min, max;     /* of what is stored; max 0: no limits. zero_word is outside them */
    const struct schema_name *names;      /* TYPE_ENUM; ends with a NULL name */
    const struct schema_section *section; /* TYPE_SECTION, TYPE_LIST */
    const char *help;
};

struct schema_section {
    const char *name;
    const char *help;
    const char *short_key;         /* a plain value instead of a mapping stands for this key */
    const struct schema_key *keys; /* ends with a NULL name */
};

/* What one list entry is read into before names are resolved and counts expanded. */
struct block_host {
    struct cfg_host host;
    uint64_t count;
    struct schema_ref switch_ref;
};
struct block_switch {
    struct cfg_switch sw;
    struct schema_ref parent_ref;
};
struct block_device {
    struct cfg_device device;
    uint64_t count;
    struct schema_ref switch_ref, host_ref, owner_ref;
};
struct block_lend {
    struct schema_ref device_ref, vf_ref, host_ref;
    uint16_t weight;
    uint8_t slot;
    bool round_robin;
};
struct block_pci {
    struct cfg_pci pci;
    char *function; /* owned: "1f.2" */
    char *behind;   /* owned */
    struct schema_optional slot, vfs, msix;
};
struct block_move {
    struct cfg_move move;
    struct schema_ref device_ref, vf_ref, host_ref;
};
struct block_fault {
    struct cfg_fault fault;
    struct schema_ref target_ref;
};
struct block_workload {
    struct cfg_workload workload;
    struct schema_ref host_ref, device_ref, vf_ref;
    struct schema_optional arrival, ops, bps, load, depth;
};
struct block_axis {
    struct cfg_axis axis;
};

extern const struct schema_section schema_root, schema_host, schema_switch, schema_device,
    schema_lend, schema_workload, schema_axis, schema_pci, schema_move, schema_fault;

const struct schema_key *schema_find(const struct schema_section *section, const char *name);

/* Writes to @buf what would be right instead of @name: "did you mean \"link\"?", or, when nothing
 * is near, the list of what is known. Returns @buf. */
char *schema_suggest_key(const struct schema_section *section, const char *name, char *buf,
                         size_t size);
char *schema_suggest_name(const struct schema_name *names, const char *name, char *buf,
                          size_t size);

#endif
