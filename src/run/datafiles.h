/* datafiles.h - the CSV files of a run's result folder; the plots read these and nothing else.
 *   results.csv        scope,name,metric,unit,value: every number of the summary, one a row
 *   histogram.csv      workload,low_ns,high_ns,count,cdf,ccdf: the bins that hold something, after
 *                      an empty one at the minimum; cdf is the share of operations up to high_ns,
 *                      ccdf the share above
 *   decomposition.csv  workload,part,mean_ns,from_ns,to_ns: the parts of the mean latency, stacked
 *                      in order of enum latency_part; the last to_ns is the mean
 *   hosts.csv          host,ops,gbps,mops,latency_mean_ns
 *   links.csv          link and the fields of struct result_link
 *   timeline.csv       time_us,gbps,latency_mean_ns; empty where nothing finished
 *   host_timeline.csv  host,time_us,gbps: the same bins, one host after the other; no row when
 * there are too many hosts (COLLECT_TIMELINE_HOSTS) */
#ifndef POOLSIM_RUN_DATAFILES_H
#define POOLSIM_RUN_DATAFILES_H

#include "base/err.h"
#include "run/results.h"
#include <jansson.h>

/* Writes them all into @dir, which is there. @summary is report_json's of these results. */
bool datafiles_write(const struct results *results, const json_t *summary, const char *dir,
                     struct err *err);

#endif
