/* json.h - what summary.json needs on top of jansson: checked setters and an atomic, deterministic
 * file. Keys keep the order in which they were set. Memory that runs out is a failed CHECK. */
#ifndef POOLSIM_STATS_JSON_H
#define POOLSIM_STATS_JSON_H

#include "base/err.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

json_t *json_new_object(void); /* returns owned */
json_t *json_new_array(void);  /* returns owned */

/* Set @key of an @object; @value is taken. */
void json_put(json_t *object, const char *key, json_t *value);
void json_put_text(json_t *object, const char *key, const char *text); /* UTF-8; NULL: null */
void json_put_bool(json_t *object, const char *key, bool value);
/* jansson's integers are signed: above 2^63 - 1 (a seed may be) the decimal digits go out as text.
 */
void json_put_u64(json_t *object, const char *key, uint64_t value);
void json_put_double(json_t *object, const char *key, double value); /* not finite: null */
/* Appends @value, which is taken, to @array. */
void json_append(json_t *array, json_t *value);

/* Writes @root, indented by two, with a last newline. */
bool json_write_file(const json_t *root, const char *path, struct err *err);

#endif
