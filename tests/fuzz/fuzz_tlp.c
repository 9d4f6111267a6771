/* fuzz_tlp.c - any bytes: decode refuses them or gives a header that encodes to as many bytes and
 * decodes to itself. */
#include "base/check.h"
#include "pcie/tlp_check.h"
#include "pcie/tlp_header.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tlp_limits limits = {.mps_bytes = 256, .rcb_bytes = 64};
    static uint8_t once[TLP_WIRE_MAX_BYTES], twice[TLP_WIRE_MAX_BYTES];
    struct tlp_header header, again;

    const enum tlp_defect defect = tlp_header_decode(data, size, &header);

    CHECK(tlp_defect_text(defect) != NULL);
    if (defect != DEFECT_NONE)
        return 0;

    const size_t header_bytes = tlp_header_bytes(&header);

    CHECK(tlp_header_encode(&header, data + header_bytes, once) == size);
    /* Only reserved bits of the header may have changed. */
    CHECK(memcmp(data + header_bytes, once + header_bytes, size - header_bytes) == 0);
    CHECK(tlp_header_decode(once, size, &again) == DEFECT_NONE);
    CHECK(tlp_header_encode(&again, once + header_bytes, twice) == size);
    CHECK(memcmp(once, twice, size) == 0);
    CHECK(tlp_check(&header, &limits) == tlp_check(&again, &limits));
    return 0;
}
