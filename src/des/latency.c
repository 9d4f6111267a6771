#include "des/latency.h"

const char *const latency_part_names[LAT_PARTS] = {
    [LAT_SOURCE] = "source", [LAT_SERIALISE] = "serialise", [LAT_PROPAGATE] = "propagate",
    [LAT_CREDIT] = "credit", [LAT_ARBITRATE] = "arbitrate", [LAT_CROSSBAR] = "crossbar",
    [LAT_REMAP] = "remap",   [LAT_MEMORY] = "memory",       [LAT_DEVICE] = "device",
};
