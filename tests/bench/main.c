/* main.c - one measurement per call; `make bench` runs them all by way of run.sh. */
#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t bench_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv)
{
    bool good = false;
    if (argc >= 2 && strcmp(argv[1], "queues") == 0)
        good = bench_queues((size_t)argc - 2, argv + 2);
    else if (argc >= 4 && strcmp(argv[1], "scenario") == 0)
        good = bench_scenario(argv[2], argv[3], (size_t)argc - 4, argv + 4);
    else if (argc == 2 && strcmp(argv[1], "calibrate") == 0)
        good = bench_calibrate();
    else
        fprintf(stderr,
                "usage: bench queues [FILE...] | bench scenario FILE DURATION [KEY=VALUE...] | "
                "bench calibrate\n");
    if (good)
        good = fflush(stdout) == 0;
    return good ? 0 : 1;
}
