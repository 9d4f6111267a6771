/* Lock-step model of proxy_tag: src/pool/proxy_tag.c judges completions, with a table of one tag
 * for each tag, since the switch itself may take any of them. What the shadow adds lies beside it.
 */
#define PORT_LIST "proxy_tag.def"
#include "lockstep_ports.h"

#include "base/check.h"
#include "pool/proxy_tag.h"
#include <string.h>

enum { TABLE_BYTES = 64, FUNCTIONS = 4, NO_TAG = -1 };

struct tag {
    _Alignas(16) unsigned char memory[TABLE_BYTES];
    bool own;
    uint32_t mask, data;
};

struct tags {
    struct tag tag[N_TAGS];
    /* Stimulus. */
    uint8_t epoch[FUNCTIONS];
    uint32_t calm; /* requests come once in so many cycles */
};

static struct proxy_tags *table_of(struct tag *tag)
{
    return (struct proxy_tags *)(void *)tag->memory;
}

/* What is waited for, or NULL when the tag is free. */
static const struct proxy_entry *entry_of(const struct tag *tag)
{
    return proxy_tag_entry((const struct proxy_tags *)(const void *)tag->memory, 0);
}

static void init(void *state)
{
    struct tags *tags = state;

    CHECK(proxy_tag_bytes(1) <= TABLE_BYTES);
    for (uint32_t t = 0; t < N_TAGS; t++)
        proxy_tag_init(tags->tag[t].memory, 1);
    tags->calm = 2;
}

/* The tag of each lane: lower lanes come first. */
static void offer(const struct tags *tags, const struct vector *in, int32_t *out_tags)
{
    int32_t next = 0;

    for (uint32_t l = 0; l < N_LANES; l++) {
        while (next < N_TAGS && entry_of(&tags->tag[next]))
            next++;
        out_tags[l] = next < N_TAGS ? next : NO_TAG;
        if (next < N_TAGS && GET_IN(want) >> l & 1)
            next++;
    }
}

static struct proxy_entry entry_in(const struct vector *in, uint32_t lane)
{
    const struct port *port = &in_ports[IN_s_entry];
    const uint32_t at = lane * N_ENTRY;

    return (struct proxy_entry){.host_port = (uint16_t)port_get_at(in, port, at + 66, 12),
                                .rid = (uint16_t)port_get_at(in, port, at + 50, 16),
                                .tag = (uint16_t)port_get_at(in, port, at + 40, 10),
                                .user_rid = (uint16_t)port_get_at(in, port, at + 24, 16),
                                .function = (uint16_t)port_get_at(in, port, at + 8, 16),
                                .epoch = (uint8_t)port_get_at(in, port, at, 8)};
}

struct completion {
    const struct tag *tag; /* NULL: nothing waits */
    enum proxy_match match;
};

/* A VF that is not lent any more is under an epoch that nothing was asked under. */
static struct completion judge(const struct tags *tags, const struct vector *in)
{
    const uint32_t number = (uint32_t)GET_IN(c_tag);
    struct completion result = {NULL, PROXY_UNKNOWN};
    struct tag copy;
    struct proxy_entry unused;

    if (number >= N_TAGS || !entry_of(&tags->tag[number]))
        return result;
    result.tag = &tags->tag[number];
    copy = *result.tag;
    const bool lent = GET_IN(c_lent);
    const uint16_t function =
        (uint16_t)(lent ? GET_IN(c_function) : entry_of(result.tag)->function);
    result.match = copy.own ? PROXY_MATCHED
                            : proxy_tag_match(table_of(&copy), 0, function,
                                              (uint8_t)(GET_IN(c_epoch) + !lent), &unused);
    return result;
}

static void outputs(const void *state, const struct vector *in, struct vector *out,
                    struct vector *care)
{
    const struct tags *tags = state;
    const struct completion completion = judge(tags, in);
    int32_t offered[N_LANES];

    offer(tags, in, offered);
    for (uint32_t l = 0; l < N_LANES; l++) {
        port_set_at(out, &out_ports[OUT_available], l, 1, offered[l] != NO_TAG);
        port_set_at(care, &out_ports[OUT_available], l, 1, 1);
        if (offered[l] == NO_TAG)
            continue;
        port_set_at(out, &out_ports[OUT_tag], l * 10, 10, (uint64_t)offered[l]);
        port_set_at(care, &out_ports[OUT_tag], l * 10, 10, UINT64_MAX);
    }
    EXPECT(c_matches, completion.match == PROXY_MATCHED);
    if (GET_IN(c_lent))
        EXPECT(c_epoch_of, GET_IN(c_function));
    if (!completion.tag)
        return;
    const struct proxy_entry *entry = entry_of(completion.tag);
    EXPECT(c_own, completion.tag->own);
    if (!GET_IN(c_lent))
        EXPECT(c_epoch_of, entry->function);
    EXPECT(c_port, entry->host_port);
    EXPECT(c_requester, entry->rid);
    EXPECT(c_old_tag, entry->tag);
    EXPECT(c_completer, entry->user_rid);
    EXPECT(c_mask, completion.tag->mask);
    EXPECT(c_data, completion.tag->data);
}

static void take(struct tag *tag, const struct proxy_entry *entry, bool own)
{
    proxy_tag_init(tag->memory, 1);
    CHECK(proxy_tag_take(table_of(tag), entry) == 0);
    tag->own = own;
    tag->mask = tag->data = 0;
}

static void tick(void *state, const struct vector *in, const struct vector *out)
{
    struct tags *tags = state;
    const struct completion completion = judge(tags, in);
    const uint32_t own_tag = GET_IN(own_valid) ? (uint32_t)GET_IN(own_tag) : N_TAGS;
    const struct proxy_entry nothing = {0};
    int32_t offered[N_LANES];

    (void)out;
    if (GET_IN(rst)) {
        init(tags);
        return;
    }
    offer(tags, in, offered);
    for (uint32_t l = 0; l < N_LANES; l++) {
        const uint32_t tag = (uint32_t)port_get_at(in, &in_ports[IN_merge_tag], l * 10, 10);
        if (!(GET_IN(merge_valid) >> l & 1) || tag >= N_TAGS)
            continue;
        tags->tag[tag].mask = (uint32_t)port_get_at(in, &in_ports[IN_merge_mask], l * 32, 32);
        tags->tag[tag].data = (uint32_t)port_get_at(in, &in_ports[IN_merge_data], l * 32, 32);
    }
    if (GET_IN(c_valid) && (completion.match == PROXY_MATCHED || completion.match == PROXY_STALE))
        proxy_tag_init(tags->tag[GET_IN(c_tag)].memory, 1);
    if (own_tag < N_TAGS)
        take(&tags->tag[own_tag], &nothing, true);
    for (uint32_t l = 0; l < N_LANES; l++) {
        const struct proxy_entry entry = entry_in(in, l);
        if (GET_IN(take) >> l & 1)
            take(&tags->tag[offered[l]], &entry, offered[l] == (int32_t)own_tag);
    }
}

/* ---- stimulus ---- */

static void draw_requests(struct tags *tags, uint64_t *rng, struct vector *in)
{
    int32_t offered[N_LANES];
    uint64_t takes = 0;

    SET_IN(want, one_in(rng, tags->calm) ? draw(rng) : 0);
    offer(tags, in, offered);
    for (uint32_t l = 0; l < N_LANES; l++) {
        const uint32_t function = draw_below(rng, FUNCTIONS);
        for (uint32_t at = 0; at < N_ENTRY; at += 39)
            port_set_at(in, &in_ports[IN_s_entry], l * N_ENTRY + at, 39, draw(rng));
        port_set_at(in, &in_ports[IN_s_entry], l * N_ENTRY, 8, tags->epoch[function]);
        port_set_at(in, &in_ports[IN_s_entry], l * N_ENTRY + 8, 16, function);
        if (GET_IN(want) >> l & 1 && offered[l] != NO_TAG && !one_in(rng, 4))
            takes |= UINT64_C(1) << l;
    }
    SET_IN(take, takes);
    SET_IN(own_valid, one_in(rng, 12));
    SET_IN(own_tag, one_in(rng, 16) ? draw(rng) : draw_below(rng, N_TAGS));
}

/* A tag is one lane's. */
static void draw_merges(uint64_t *rng, struct vector *in)
{
    for (uint32_t l = 0; l < N_LANES; l++) {
        port_set_at(in, &in_ports[IN_merge_valid], l, 1, one_in(rng, 8));
        port_set_at(in, &in_ports[IN_merge_tag], l * 10, 10,
                    one_in(rng, 16) ? N_TAGS + l : l + N_LANES * draw_below(rng, N_TAGS / N_LANES));
        port_set_at(in, &in_ports[IN_merge_mask], l * 32, 32, draw(rng));
        port_set_at(in, &in_ports[IN_merge_data], l * 32, 32, draw(rng));
    }
}

/* Most come from who was asked, under the epoch of now, in which it may be assigned anew. */
static void draw_completion(const struct tags *tags, uint64_t *rng, struct vector *in)
{
    uint32_t tag = draw_below(rng, N_TAGS);

    for (uint32_t i = 0; i < N_TAGS && !entry_of(&tags->tag[tag]); i++)
        tag = (tag + 1) % N_TAGS;
    const struct proxy_entry *entry = entry_of(&tags->tag[tag]);
    const uint32_t function =
        entry && !one_in(rng, 8) ? entry->function : draw_below(rng, FUNCTIONS);
    SET_IN(c_valid, one_in(rng, 3));
    SET_IN(c_tag, one_in(rng, 16) ? draw(rng) : tag);
    SET_IN(c_lent, !one_in(rng, 6));
    SET_IN(c_function, one_in(rng, 32) ? draw(rng) : function);
    SET_IN(c_epoch, tags->epoch[function % FUNCTIONS] - one_in(rng, 8));
}

static void stimulate(void *state, uint64_t *rng, struct vector *in, const struct vector *out)
{
    struct tags *tags = state;

    (void)out;
    if (one_in(rng, 20))
        tags->epoch[draw_below(rng, FUNCTIONS)]++;
    if (one_in(rng, 100))
        tags->calm = 1 + draw_below(rng, 8);
    draw_requests(tags, rng, in);
    draw_merges(rng, in);
    draw_completion(tags, rng, in);
}

FAMILY(proxy_tag, struct tags);
