#include "stats/json.h"
#include "base/check.h"
#include "stats/outfile.h"

#include <inttypes.h>
#include <math.h>

json_t *json_new_object(void)
{
    json_t *object = json_object();

    CHECK(object);
    return object;
}

json_t *json_new_array(void)
{
    json_t *array = json_array();

    CHECK(array);
    return array;
}

void json_put(json_t *object, const char *key, json_t *value)
{
    CHECK(value && json_object_set_new(object, key, value) == 0);
}

void json_put_text(json_t *object, const char *key, const char *text)
{
    json_put(object, key, text ? json_string(text) : json_null());
}

void json_put_bool(json_t *object, const char *key, bool value)
{
    json_put(object, key, json_boolean(value));
}

void json_put_u64(json_t *object, const char *key, uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRIu64, value);
    json_put(object, key,
             value <= INT64_MAX ? json_integer((json_int_t)value) : json_string(digits));
}

void json_put_double(json_t *object, const char *key, double value)
{
    json_put(object, key, isfinite(value) ? json_real(value) : json_null());
}

void json_append(json_t *array, json_t *value)
{
    CHECK(value && json_array_append_new(array, value) == 0);
}

/* A value given with 15 digits comes out as it was given, which 17 would not do. */
bool json_write_file(const json_t *root, const char *path, struct err *err)
{
    struct outfile out;

    if (!outfile_open(&out, path, err))
        return false;
    if (json_dumpf(root, out.file, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) != 0) {
        outfile_abort(&out);
        return err_at(err, NULL, "cannot write \"%s\" as JSON", path);
    }
    fputc('\n', out.file);
    return outfile_commit(&out, err);
}
