/* sweep_data.h - the finished points of a sweep brought together, in memory and as two files:
 *   sweep.csv   point,id,<axis keys>,replication,metric,value,ci95
 *               every metric of every finished point, named as report_metric_key does; ci95 is the
 *               half-width of the 95 % interval within that run, where there is one
 *   curves.csv  curve,x,<three per quantity>,name,x_text
 *               what the plots draw: the mean of each quantity over the replications and the ends
 *               of its 95 % interval (equal to it when there is nothing to estimate that from).
 *               Text comes last, as gnuplot splits at its commas; x_text is the value as written */
#ifndef POOLSIM_RUN_SWEEP_DATA_H
#define POOLSIM_RUN_SWEEP_DATA_H

#include "run/sweep.h"

/* What the curves and the table show of a point. */
enum sweep_quantity {
    SWEEP_OFFERED,
    SWEEP_GBPS,
    SWEEP_MEAN,
    SWEEP_P99,
    SWEEP_P999,
    SWEEP_FAIRNESS,
    SWEEP_Y, /* the configured y */
    SWEEP_QUANTITIES
};

struct sweep_row {
    bool present; /* the point is finished */
    bool converged;
    double value[SWEEP_QUANTITIES]; /* not a number where the run has none */
    double ci95_ns;                 /* of the mean latency, within the run */
};

struct sweep_estimate {
    double mean, low, high;
};

struct sweep_curve_point {
    double x;
    const char *x_text; /* borrowed from the plan */
    struct sweep_estimate estimate[SWEEP_QUANTITIES];
};

struct sweep_curve {
    char name[96]; /* "arbiter=age, depth=4"; the only curve of a sweep is called "all" */
    uint32_t n;
    struct sweep_curve_point *points; /* ascending x when that is a number; owned */
};

struct sweep_data {
    const struct plan *plan; /* borrowed */
    struct sweep_row *rows;  /* per point of the plan; owned */
    const char *y;           /* borrowed: the metric of SWEEP_Y */
    /* the x axis */
    char x_label[128];
    uint32_t x_axis; /* index of the swept key on it */
    bool x_numeric;  /* otherwise x counts the values from 0 and is labelled by their text */
    bool x_log;
    uint32_t n_curves;
    struct sweep_curve *curves; /* owned */
};

/* Reads the points that @outcome calls done and writes sweep.csv and curves.csv. Release with
 * sweep_data_fini. */
bool sweep_data_collect(const struct plan *plan, const struct sweep_outcome *outcome,
                        const char *dir, struct sweep_data *out, struct err *err);
void sweep_data_fini(struct sweep_data *data);

/* A swept value as a number in a unit fit for an axis: "80%" is 80 "%", "250ns" is 250 "ns", "4KiB"
 * is 4096 "B", "10Gbps" is 10 "Gb/s", "0.5" is 0.5 "". False for any other text. */
bool sweep_value_number(const char *text, double *out_number, const char **out_unit);

/* A name for people: "mean latency (ns)"; the metric itself when it is not a common one. */
const char *sweep_metric_label(const char *metric);

#endif
