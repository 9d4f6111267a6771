#include "fabric/fabric.h"

inline void fabric_end_posted(struct fabric *fabric, uint32_t index, enum tlp_status status)
{
    struct tlp *tlp = tlp_get(&fabric->tlps, index);
    uint32_t at = tlp->request;
    struct request *request = request_get(&fabric->requests, at);
    if (status != TLP_SC)
        request->status = (uint8_t)status;
    bool last = request_arrived(request, tlp, tlp->bytes);
    tlp_give_back(&fabric->tlps, index);
    sim_note_progress(fabric->sim);
    if (last)
        request->owner->on_done(request->owner->self, at, request);
}

void fabric_lose(struct fabric *fabric, uint32_t index)
{
    const struct tlp *tlp = tlp_get(&fabric->tlps, index);
    if (tlp_is_request(tlp) || tlp->attr & TLP_ATTR_LAST)
        request_lay(&fabric->requests, tlp->request);
    tlp_give_back(&fabric->tlps, index);
    sim_note_progress(fabric->sim);
}
