#include "fabric/pick.h"

/* True if @earlier came before @later. Of one instant only the posted TLP counts as the older one,
 * so that nothing that was submitted behind it in that instant overtakes it; posted itself may
 * pass. */
static bool came_before(const struct tlp *earlier, const struct tlp *later)
{
    return earlier->at_ps < later->at_ps ||
           (earlier->at_ps == later->at_ps && tlp_class_of(earlier) == CLASS_POSTED);
}

/* True if @later has another ID than every earlier TLP in @fifo, as IDO asks. Bounded by the
 * receive buffer. */
static bool id_differs_from_all(const struct fabric *fabric, const struct tlp_fifo *fifo,
                                const struct tlp *later)
{
    uint16_t id = tlp_is_request(later) ? later->requester : later->cpl.completer;
    for (uint32_t i = fifo->head; i; i = tlp_get(&fabric->tlps, i)->next) {
        const struct tlp *earlier = tlp_get(&fabric->tlps, i);
        if (came_before(earlier, later) && earlier->requester == id)
            return false;
    }
    return true;
}

/* True if the head of @class may pass the older heads of the other classes of its VC. */
static bool may_pass_older(const struct fabric *fabric, const struct tlp_fifo *fifos, int class)
{
    const struct tlp *tlp = tlp_get(&fabric->tlps, fifos[class].head);
    for (int other = 0; other < CLASSES; other++) {
        if (other == class || !fifos[other].head)
            continue;
        if (!came_before(tlp_get(&fabric->tlps, fifos[other].head), tlp))
            continue;
        bool other_id = tlp->attr & TLP_ATTR_IDO && id_differs_from_all(fabric, &fifos[other], tlp);
        if (!order_may_pass((enum tlp_class) class, (enum tlp_class)other, tlp->attr & TLP_ATTR_RO,
                            other_id))
            return false;
    }
    return true;
}

int pick_among(const struct fabric *fabric, const struct tlp_fifo *fifos, const struct link *link,
               uint32_t port, struct pick_wait *wait)
{
    for (int vc = (int)fabric->vcs - 1; vc >= 0; vc--) {
        const struct tlp_fifo *of_vc = &fifos[(size_t)vc * CLASSES];
        int best = PICK_NONE;
        uint64_t best_ps = UINT64_MAX;
        for (int class = 0; class < CLASSES; class ++) {
            if (!of_vc[class].head)
                continue;
            const struct tlp *tlp = tlp_get(&fabric->tlps, of_vc[class].head);
            if (tlp->at_ps >= best_ps || !may_pass_older(fabric, of_vc, class))
                continue;
            int q = vc * CLASSES + class;
            if (!pick_can_go(link, tlp, (uint32_t)q, port, wait))
                continue;
            best = q;
            best_ps = tlp->at_ps;
        }
        if (best != PICK_NONE)
            return best;
    }
    return PICK_NONE;
}
