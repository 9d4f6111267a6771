#include "pcie/credit.h"

uint32_t credit_max_units(unsigned bits)
{
    CHECK(bits >= 1 && bits <= 16);
    return (1U << bits) / 2 - 1;
}
