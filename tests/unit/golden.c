#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 16, TEXT_BYTES = 256 };

static bool is_header(const char *line, const char *name)
{
    const size_t length = strlen(name);

    return strncmp(line, name, length) == 0 && line[length] == ' ';
}

static void take_line(const char *line, uint8_t *bytes)
{
    char *end;
    const unsigned long offset = strtoul(line, &end, 16);

    for (unsigned i = 0; *end == ':' || *end == ' '; i++)
        if (i < LINE_BYTES && offset + i < CFGSPACE_BYTES)
            bytes[offset + i] = (uint8_t)strtoul(end + 1, &end, 16);
}

bool golden_load(const char *path, const char *name, uint8_t out_bytes[CFGSPACE_BYTES])
{
    FILE *file = fopen(path, "r");
    char line[TEXT_BYTES];
    bool found = false, inside = false;

    if (!file)
        return false;
    memset(out_bytes, 0, CFGSPACE_BYTES);
    while (fgets(line, sizeof line, file)) {
        if (line[0] == '\n')
            inside = false;
        else if (is_header(line, name))
            found = inside = true;
        else if (inside)
            take_line(line, out_bytes);
    }
    fclose(file);
    return found;
}
