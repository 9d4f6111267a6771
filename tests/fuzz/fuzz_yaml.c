/* fuzz_yaml.c - any bytes: the loader refuses them with a message, or gives a configuration whose
 * written form loads and is written alike. */
#include "base/check.h"
#include "config/config.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_text(const struct config *config, size_t *out_size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, out_size);
    CHECK(out);
    config_write_yaml(config, out);
    CHECK(fclose(out) == 0);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *first = NULL, *second = NULL;
    struct err err = {.message = ""};
    size_t once_size, twice_size;

    if (!config_load_text("fuzz.yaml", (const char *)data, size, 0, NULL, &first, &err)) {
        CHECK(err.message[0] && !first);
        return 0;
    }
    char *once = write_text(first, &once_size);
    CHECK(config_load_text("fuzz.yaml", once, once_size, 0, NULL, &second, &err));
    char *twice = write_text(second, &twice_size);
    CHECK(once_size == twice_size && memcmp(once, twice, once_size) == 0);
    free(once);
    free(twice);
    config_free(first);
    config_free(second);
    return 0;
}
