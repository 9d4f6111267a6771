/* output.h - the result folder of one run:
 *   index.html      the page to open: tables, plots, picture; needs no network and no other file
 *   summary.json    all of struct results but hosts' timelines, with seed, version and the path of
 *                   the configuration
 *   *.csv           the same as tables: see datafiles.h, and plane_output.h for hosts' software
 *   resolved.yaml   the configuration with every key's final value; it gives the same results
 *   plots/          gnuplot scripts NAME.gp, which read the CSV files, and their NAME.svg
 *   topology.dot    and topology.svg: the pool as configured
 * Each file appears whole or not at all; those of an earlier run there are replaced. */
#ifndef POOLSIM_RUN_OUTPUT_H
#define POOLSIM_RUN_OUTPUT_H

#include "config/config.h"
#include "run/results.h"
#include <jansson.h>

/* Writes it all into @dir, which is made if need be. Missing gnuplot or Graphviz costs the drawings
 * and a line on
 * @warnings, nothing else. */
bool output_write(const struct config *config, const struct results *results, const char *dir,
                  FILE *warnings, struct err *err);

/* Parts that the sweep's folder has in common. */
bool output_resolved_yaml(const struct config *config, const char *dir, struct err *err);
bool output_json(const json_t *json, const char *dir, const char *name, struct err *err);

#endif
