/* Lock-step model of recv_buf: a list of TLPs in the order of their arrival, from which the oldest
 * goes that heads its queue and may pass by src/pcie/order.c, as in src/fabric/pick.c. What is
 * asked of an egress is asked of the list as it is with the beat that comes in. */
#define PORT_LIST "recv_buf.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "model_tlp.h"
#include "pcie/order.h"
#include <string.h>

enum { UNITS_W = 9, ID_LSB = 80, RO_BIT = 109, IDO_BIT = 114, IDS = 3, NONE = -1 };

struct beat {
    uint32_t word[BEAT_WORDS];
    bool eop;
};

struct waiting {
    uint32_t to;
    enum tlp_class class;
    uint32_t units;
    uint16_t id;
    bool relaxed, ido, leaving;
    struct beat beat[N_BEATS];
    uint32_t n_beats, n_left; /* that came; that have left */
};

struct list {
    struct waiting tlp[N_SLOTS]; /* in the order of arrival */
    uint32_t n;
    int32_t leaving; /* index, or NONE */
    bool inside;     /* the last one that came is not complete */
};

struct buffer {
    struct list list;
    /* Stimulus. */
    uint32_t stalls;
    uint32_t beats; /* to come of the TLP under way */
};

static void init(void *state)
{
    struct buffer *buffer = state;

    buffer->list.n = 0;
    buffer->list.leaving = NONE;
    buffer->list.inside = false;
    buffer->stalls = 2;
    buffer->beats = 0;
}

static bool accepts(const struct list *list, const struct vector *in)
{
    return !GET_IN(s_sop) || list->n < N_SLOTS;
}

/* The beat that comes in. */
static void arrive(struct list *list, const struct vector *in)
{
    const struct port *port = &in_ports[IN_s_beat];

    if (!GET_IN(s_valid) || !accepts(list, in))
        return;
    if (GET_IN(s_sop)) {
        list->tlp[list->n++] = (struct waiting){
            .to = (uint32_t)__builtin_ctzll(GET_IN(s_to)),
            .class = (enum tlp_class)GET_IN(s_class),
            .units = (uint32_t)GET_IN(s_units),
            .id = (uint16_t)port_get_at(in, port, ID_LSB, 16),
            .relaxed = port_get_at(in, port, RO_BIT, 1),
            .ido = port_get_at(in, port, IDO_BIT, 1),
        };
    }
    struct waiting *tlp = &list->tlp[list->n - 1];
    CHECK(tlp->n_beats < N_BEATS);
    struct beat *beat = &tlp->beat[tlp->n_beats++];
    port_get_words(in, port, beat->word);
    beat->eop = GET_IN(s_eop);
    list->inside = !beat->eop;
}

/* ---- the choice ---- */

static bool is_in(const struct waiting *tlp, uint32_t to, enum tlp_class class)
{
    return !tlp->leaving && tlp->to == to && tlp->class == class;
}

static int32_t head_of(const struct list *list, uint32_t to, enum tlp_class class)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (is_in(&list->tlp[i], to, class))
            return (int32_t)i;
    return NONE;
}

/* Whether @index may pass the older TLPs of @class: when it has IDO, by the IDs of all of them. */
static bool may_pass(const struct list *list, int32_t index, enum tlp_class class)
{
    const struct waiting *tlp = &list->tlp[index];
    bool any = false, other_id = tlp->ido;

    for (int32_t i = 0; i < index; i++) {
        if (!is_in(&list->tlp[i], tlp->to, class))
            continue;
        any = true;
        other_id = other_id && list->tlp[i].id != tlp->id;
    }
    return !any || order_may_pass(tlp->class, class, tlp->relaxed, other_id);
}

static int32_t pick(const struct list *list, uint32_t to, uint64_t allow)
{
    int32_t best = NONE;

    for (enum tlp_class class = 0; class < CLASSES; class ++) {
        const int32_t head = head_of(list, to, class);
        bool goes = head != NONE && allow >> (to * CLASSES + class) & 1;

        for (enum tlp_class other = 0; other < CLASSES && goes; other++)
            goes = other == class || may_pass(list, head, other);
        if (goes && (best == NONE || head < best))
            best = head;
    }
    return best;
}

/* What each egress could have in this cycle: an index, or NONE. */
static void offer(const struct list *list, uint64_t allow, int32_t *out_index)
{
    for (uint32_t e = 0; e < N_PORTS; e++)
        out_index[e] = list->leaving == NONE ? pick(list, e, allow) : NONE;
    if (list->leaving == NONE)
        return;
    const struct waiting *tlp = &list->tlp[list->leaving];
    if (tlp->n_left < tlp->n_beats)
        out_index[tlp->to] = list->leaving;
}

static uint64_t requests(const struct list *list, uint64_t allow)
{
    int32_t index[N_PORTS];
    uint64_t req = 0;

    offer(list, allow, index);
    for (uint32_t e = 0; e < N_PORTS; e++)
        req |= (uint64_t)(index[e] != NONE) << e;
    return req;
}

static const struct list *with_arrival(const struct buffer *buffer, const struct vector *in)
{
    static struct list now;

    now = buffer->list;
    arrive(&now, in);
    return &now;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct buffer *buffer = state;
    const struct list *now = with_arrival(buffer, in);
    int32_t index[N_PORTS];

    EXPECT(s_ready, accepts(&buffer->list, in));
    EXPECT(m_req, requests(now, GET_IN(allow)));
    for (uint32_t q = 0; q < N_PORTS * CLASSES; q++) {
        const int32_t head = head_of(now, q / CLASSES, (enum tlp_class)(q % CLASSES));
        if (head == NONE)
            continue;
        port_set_at(out, &out_ports[OUT_head_units], q * UNITS_W, UNITS_W, now->tlp[head].units);
        port_set_at(care, &out_ports[OUT_head_units], q * UNITS_W, UNITS_W, UINT64_MAX);
    }
    EXPECT(m_sop, now->leaving == NONE);
    if (!GET_IN(m_take))
        return;
    offer(now, GET_IN(allow), index);
    const struct waiting *tlp = &now->tlp[index[__builtin_ctzll(GET_IN(m_take))]];
    EXPECT(m_class, tlp->class);
    EXPECT(m_units, tlp->units);
    EXPECT(m_eop, tlp->beat[tlp->n_left].eop);
    port_set_words(out, &out_ports[OUT_m_beat], tlp->beat[tlp->n_left].word);
    CARE(m_beat);
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct buffer *buffer = state;
    struct list *list = &buffer->list;
    int32_t index[N_PORTS];

    (void)out;
    if (GET_IN(rst)) {
        init(buffer);
        return;
    }
    arrive(list, in);
    if (!GET_IN(m_take))
        return;
    offer(list, GET_IN(allow), index);
    const int32_t i = index[__builtin_ctzll(GET_IN(m_take))];
    struct waiting *tlp = &list->tlp[i];
    tlp->leaving = true;
    list->leaving = i;
    if (!tlp->beat[tlp->n_left++].eop)
        return;
    list->leaving = NONE;
    list->n--;
    memmove(tlp, tlp + 1, (list->n - (uint32_t)i) * sizeof *tlp);
}

/* ---- stimulus ---- */

static void draw_beat(struct buffer *buffer, uint64_t *rng, struct vector *in)
{
    const struct port *beat = &in_ports[IN_s_beat];
    const bool begins = buffer->beats == 0;

    if (begins)
        buffer->beats = 1 + (one_in(rng, 2) ? draw_below(rng, N_BEATS) : 0);
    for (uint32_t at = 0; at < BEAT_W; at += 56)
        port_set_at(in, beat, at, 56, draw(rng));
    port_set_at(in, beat, ID_LSB, 16, draw_below(rng, IDS));
    buffer->beats--;
    SET_IN(s_valid, 1);
    SET_IN(s_sop, begins);
    SET_IN(s_eop, buffer->beats == 0);
    SET_IN(s_to, 1U << (one_in(rng, 2) ? 0 : draw_below(rng, N_PORTS)));
    SET_IN(s_class, draw_below(rng, CLASSES));
    SET_IN(s_units, draw(rng));
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    struct buffer *buffer = state;
    uint64_t take = 0;

    if (one_in(rng, 200))
        buffer->stalls = 1 + draw_below(rng, 4);
    if (GET_IN(rst) || !GET_IN(s_valid) || GET_OUT(s_ready)) {
        if (one_in(rng, 5))
            SET_IN(s_valid, 0);
        else
            draw_beat(buffer, rng, in);
    }
    SET_IN(allow, draw(rng) | (one_in(rng, 3) ? UINT64_MAX : draw(rng)));
    uint64_t req = requests(with_arrival(buffer, in), GET_IN(allow));
    for (uint32_t skip = draw_below(rng, N_PORTS); req && !take; skip--) {
        take = req & -req;
        if (skip > 0 && (req & (req - 1))) {
            req &= req - 1;
            take = 0;
        }
    }
    SET_IN(m_take, one_in(rng, buffer->stalls) ? take : 0);
}

FAMILY(recv_buf, struct buffer);
