#include "fabric/dev_null.h"

const struct device_ops dev_null_ops = {0};
