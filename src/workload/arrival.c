#include "workload/arrival.h"
#include "base/check.h"

#include <gsl/gsl_randist.h>
#include <math.h>

#define PARETO_TAIL 0x1p-32 /* survival function at which the law is cut */
#define LONGEST_PS  0x1p62  /* of one drawn time: longer ones end a run anyway */

_Static_assert(sizeof(struct arrival) == 64, "65,536 functions have one each: a cache line");

/* ---- The law ---- */

/* Mean of the cut Pareto law with least length 1: u uniform in (tail, 1), length u^(-1/shape). */
static double pareto_mean(double shape)
{
    const double power = 1 - 1 / shape;

    return (1 - pow(PARETO_TAIL, power)) / (power * (1 - PARETO_TAIL));
}

static struct arrival_period prepare_period(const struct arrival_period *period)
{
    struct arrival_period prepared = *period;

    CHECK(period->mean_ps > 0);
    if (period->law == ARRIVE_PERIOD_PARETO) {
        CHECK(period->shape_milli > 1000);
        prepared.least_ps = (double)period->mean_ps / pareto_mean(period->shape_milli / 1000.0);
    }
    return prepared;
}

static bool has_periods(enum arrival_law law)
{
    return law == ARRIVE_ONOFF || law == ARRIVE_ONOFF_POISSON;
}

void arrival_process_init(struct arrival_process *process, enum arrival_law law, uint64_t rate_num,
                          uint64_t rate_den, const struct arrival_period *on,
                          const struct arrival_period *off)
{
    arrival_wide num = rate_num;
    arrival_wide den = rate_den;

    CHECK(law != ARRIVE_TRACE && rate_den > 0 && rate_num > 0 && rate_num <= INT64_MAX);
    *process = (struct arrival_process){.law = law};
    if (has_periods(law)) {
        process->on = prepare_period(on);
        process->off = prepare_period(off);
        CHECK(on->mean_ps <= INT64_MAX && off->mean_ps <= INT64_MAX);
        num *= on->mean_ps + off->mean_ps;
        den *= on->mean_ps;
    }
    process->gap_ps = (uint64_t)(den / num);
    process->gap_rem = den % num;
    process->gap_den = num;
    process->mean_gap_ps = (double)process->gap_ps + (double)process->gap_rem / (double)num;
}

void arrival_process_init_trace(struct arrival_process *process, const struct arrival_trace *trace)
{
    *process = (struct arrival_process){.law = ARRIVE_TRACE, .trace = trace};
}

/* ---- Drawing ---- */

/* Whole picoseconds of @x plus the fraction left over from before; what is below 1 ps stays behind.
 */
static uint64_t take_whole(double x, double *fraction)
{
    const double sum = fmin(x, LONGEST_PS) + *fraction;
    const double whole = floor(sum);

    *fraction = sum - whole;
    return (uint64_t)whole;
}

uint64_t arrival_draw_period(const struct arrival_period *period, struct rng *rng, float *fraction)
{
    double length = (double)period->mean_ps;
    double kept = (double)*fraction;

    switch (period->law) {
    case ARRIVE_PERIOD_CONSTANT:
        return period->mean_ps;
    case ARRIVE_PERIOD_EXPONENTIAL:
        length = gsl_ran_exponential(&rng->gsl, length);
        break;
    case ARRIVE_PERIOD_PARETO: {
        const double u = PARETO_TAIL + (1 - PARETO_TAIL) * rng_uniform53(rng);
        length = period->least_ps * pow(u, -1000.0 / period->shape_milli);
        break;
    }
    }
    const uint64_t whole = take_whole(length, &kept);
    *fraction = (float)kept;
    return whole;
}

/* Time to the next arrival at the (peak) rate, evenly spaced. */
static uint64_t next_even_gap(struct arrival *arrival)
{
    const struct arrival_process *process = arrival->process;

    arrival->carry += process->gap_rem;
    if (arrival->carry < process->gap_den)
        return process->gap_ps;
    arrival->carry -= process->gap_den;
    return process->gap_ps + 1;
}

static uint64_t next_poisson_gap(struct arrival *arrival, struct rng *rng)
{
    return take_whole(gsl_ran_exponential(&rng->gsl, arrival->process->mean_gap_ps),
                      &arrival->fraction);
}

/* Moves on by @ps, or to the end of time. */
static void advance(struct arrival *arrival, uint64_t ps)
{
    const uint64_t room = ARRIVAL_NEVER - arrival->now_ps;

    arrival->now_ps += ps < room ? ps : room;
}

/* Moves on by @on_ps of on-time, passing over as many off periods as that meets. Ends at the end of
 * time at the latest. */
static void advance_on(struct arrival *arrival, uint64_t on_ps, struct rng *rng)
{
    const struct arrival_process *process = arrival->process;

    while (on_ps > arrival->left_ps && arrival->now_ps < arrival->stop_ps) {
        on_ps -= arrival->left_ps;
        advance(arrival, arrival->left_ps);
        advance(arrival, arrival_draw_period(&process->off, rng, &arrival->period_fraction));
        arrival->left_ps = arrival_draw_period(&process->on, rng, &arrival->period_fraction);
    }
    if (on_ps <= arrival->left_ps) {
        advance(arrival, on_ps);
        arrival->left_ps -= on_ps;
    }
}

/* Enters the first on period, behind an off period as often as one is running. */
static void start_periods(struct arrival *arrival, struct rng *rng)
{
    const struct arrival_process *process = arrival->process;
    const double on = (double)process->on.mean_ps;
    const double off = (double)process->off.mean_ps;

    if (rng_uniform(rng) * (on + off) >= on)
        advance(arrival, arrival_draw_period(&process->off, rng, &arrival->period_fraction));
    arrival->left_ps = arrival_draw_period(&process->on, rng, &arrival->period_fraction);
}

static void replay(struct arrival *arrival)
{
    const struct arrival_trace *trace = arrival->process->trace;
    const uint64_t next = arrival->next;

    if (next == trace->n) {
        arrival->now_ps = ARRIVAL_NEVER;
        return;
    }
    advance(arrival,
            trace->record[next].time_ps - (next > 0 ? trace->record[next - 1].time_ps : 0));
    arrival->next++;
}

void arrival_init(struct arrival *arrival, const struct arrival_process *process, uint64_t start_ps,
                  uint64_t stop_ps)
{
    *arrival = (struct arrival){
        .process = process,
        .now_ps = start_ps,
        .stop_ps = stop_ps > 0 ? stop_ps : ARRIVAL_NEVER,
    };
}

void arrival_delay(struct arrival *arrival, uint64_t ps)
{
    advance(arrival, ps);
}

void arrival_shift(struct arrival *arrival, uint64_t ps)
{
    const uint64_t room = ARRIVAL_NEVER - arrival->stop_ps;

    CHECK(!arrival->started);
    advance(arrival, ps);
    arrival->stop_ps += ps < room ? ps : room;
}

uint64_t arrival_next(struct arrival *arrival, struct rng *rng)
{
    const bool first = !arrival->started;

    arrival->started = true;
    if (arrival->now_ps >= arrival->stop_ps)
        return ARRIVAL_NEVER;
    switch (arrival->process->law) {
    case ARRIVE_CONSTANT:
        if (!first)
            advance(arrival, next_even_gap(arrival));
        break;
    case ARRIVE_POISSON:
        advance(arrival, next_poisson_gap(arrival, rng));
        break;
    case ARRIVE_ONOFF:
        if (first)
            start_periods(arrival, rng);
        else
            advance_on(arrival, next_even_gap(arrival), rng);
        break;
    case ARRIVE_ONOFF_POISSON:
        if (first)
            start_periods(arrival, rng);
        advance_on(arrival, next_poisson_gap(arrival, rng), rng);
        break;
    case ARRIVE_TRACE:
        replay(arrival);
        break;
    }
    return arrival->now_ps < arrival->stop_ps ? arrival->now_ps : ARRIVAL_NEVER;
}

uint32_t arrival_bytes(const struct arrival *arrival)
{
    if (arrival->process->law != ARRIVE_TRACE || arrival->next == 0)
        return 0;
    return arrival->process->trace->record[arrival->next - 1].bytes;
}
