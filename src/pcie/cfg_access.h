/* cfg_access.h - how software reaches configuration space (Base Spec 7.2), whatever is behind it:
 * function calls in tests and in a fast boot, TLPs under the software plane. */
#ifndef POOLSIM_PCIE_CFG_ACCESS_H
#define POOLSIM_PCIE_CFG_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

/* A configuration request somewhere on its way (2.2.7.1); @offset and @bytes as below. */
struct cfg_request {
    uint16_t target; /* bus, device and function */
    uint16_t offset;
    uint8_t type; /* 0 or 1 */
    uint8_t bytes;
    bool is_read;
};

/* @bdf is bus << 8 | device << 3 | function, or bus << 8 | function with ARI. @bytes is 1, 2 or 4
 * and divides @offset, which is below 4096. */
struct cfg_access {
    /* All ones when nobody answers; the vendor ID of a function that asks for a retry (CRS) reads
     * 0x0001 where the root port shows that to software. */
    uint32_t (*read)(void *self, uint16_t bdf, uint16_t offset, uint8_t bytes);
    void (*write)(void *self, uint16_t bdf, uint16_t offset, uint8_t bytes, uint32_t value);
    void *self;
};

static inline uint8_t cfg_access_read8(const struct cfg_access *access, uint16_t bdf,
                                       unsigned offset)
{
    return (uint8_t)access->read(access->self, bdf, (uint16_t)offset, 1);
}

static inline uint16_t cfg_access_read16(const struct cfg_access *access, uint16_t bdf,
                                         unsigned offset)
{
    return (uint16_t)access->read(access->self, bdf, (uint16_t)offset, 2);
}

static inline uint32_t cfg_access_read32(const struct cfg_access *access, uint16_t bdf,
                                         unsigned offset)
{
    return access->read(access->self, bdf, (uint16_t)offset, 4);
}

static inline void cfg_access_write8(const struct cfg_access *access, uint16_t bdf, unsigned offset,
                                     uint8_t value)
{
    access->write(access->self, bdf, (uint16_t)offset, 1, value);
}

static inline void cfg_access_write16(const struct cfg_access *access, uint16_t bdf,
                                      unsigned offset, uint16_t value)
{
    access->write(access->self, bdf, (uint16_t)offset, 2, value);
}

static inline void cfg_access_write32(const struct cfg_access *access, uint16_t bdf,
                                      unsigned offset, uint32_t value)
{
    access->write(access->self, bdf, (uint16_t)offset, 4, value);
}

#endif
