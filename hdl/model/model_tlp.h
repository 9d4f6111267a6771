/* model_tlp.h - header lanes of the stream as the bytes of the wire, and random TLPs. */
#ifndef POOLSIM_HDL_MODEL_TLP_H
#define POOLSIM_HDL_MODEL_TLP_H

#include "lockstep.h"
#include "pcie/tlp_header.h"

enum { BEAT_W = 392, HDR_WORDS = 4, BEAT_WORDS = (BEAT_W + 31) / 32 };

/* @words: bits 31:0 of hdr first, as ports hold them. DW0 is bits 127:96. */
void model_hdr_to_bytes(const uint32_t *words, uint8_t *out_bytes);
void model_hdr_from_bytes(const uint8_t *bytes, uint32_t *out_words);
/* The fields of a header in the lanes. False if it is no TLP. */
bool model_hdr_decode(const uint32_t *words, struct tlp_header *out_header);
void model_hdr_encode(const struct tlp_header *header, uint32_t *out_words);

/* The same operation with a header of @header_dw dwords; the same configuration request with the
 * other type. */
enum tlp_header_kind model_with_size(enum tlp_header_kind kind, unsigned header_dw);
enum tlp_header_kind model_with_type(enum tlp_header_kind kind, bool type_one);
/* The lanes of the completion without data that answers a non-posted request. The bytes that a read
 * asks for are counted one by one here. */
void model_answer(const struct tlp_header *request, uint16_t completer, uint8_t status,
                  uint32_t *out_words);

/* A random header; most are well-formed. */
void model_draw_header(uint64_t *rng, struct tlp_header *out_header);

/* What the pooling logic distinguishes, of a decoded header: enum pool_kind. */
unsigned model_pool_kind(const struct tlp_header *header);

#endif
