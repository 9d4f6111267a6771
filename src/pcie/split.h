/* split.h - cutting requests and completions to legal sizes (Base Spec 2.2.2, 2.2.7, 2.3.1.1).
 * Pure iteration without state of its own: the caller keeps (address, bytes left). */
#ifndef POOLSIM_PCIE_SPLIT_H
#define POOLSIM_PCIE_SPLIT_H

#include <stdint.h>

/* Limits are in whole dwords: of a request or completion that begins inside a dword, the bytes
 * before it count too, as the Length field counts them. @left is not 0. @max_bytes and @mps are
 * multiples of 4, @rcb a power of two that divides
 * @mps. */

/* Bytes of the next memory request at @address of a transfer with @left bytes: at most @max_bytes
 * (MPS for writes, MRRS for reads) and not across a 4 KiB boundary. */
uint32_t split_request(uint64_t address, uint32_t left, uint32_t max_bytes);
/* Bytes of the next completion of a read at @address with @left bytes remaining: as many as fit in
 * @mps ending on a multiple of @rcb, or the rest (2.3.1.1). */
uint32_t split_completion(uint64_t address, uint32_t left, uint32_t mps, uint32_t rcb);
/* Number of TLPs that the rules above give for the whole transfer, 0 for no bytes. It is the
 * smallest legal number. */
uint32_t split_request_count(uint64_t address, uint32_t bytes, uint32_t max_bytes);
uint32_t split_completion_count(uint64_t address, uint32_t bytes, uint32_t mps, uint32_t rcb);

#endif
