/* The account of an operation: a chain of steps whose parts sum exactly to its time, whatever the
 * requests overlap. */
#include "fabric/op.h"

#include "splitmix.h"
#include <CUnit/CUnit.h>

void suite_op(void);

/* A request that is issued at @issued_ps and takes what @part_ps (by enum tlp_part) says. */
static struct request request_of(uint64_t issued_ps, const uint32_t part_ps[TLP_PARTS])
{
    struct request request = {.issued_ps = issued_ps, .done_ps = issued_ps};
    for (int part = 0; part < TLP_PARTS; part++) {
        request.part_ps[part] = part_ps[part];
        request.done_ps += part_ps[part];
    }
    return request;
}

static uint64_t sum_of(const struct op *op)
{
    uint64_t sum_ps = 0;
    for (int part = 0; part < LAT_PARTS; part++)
        sum_ps += op->part_ps[part];
    return sum_ps;
}

static void test_steps_in_turn(void)
{
    struct op op = {.born_ps = 1000, .at_ps = 1000};
    struct request first = request_of(1100, (uint32_t[TLP_PARTS]){[PART_SERIALISE] = 10});
    struct request second = request_of(1200, (uint32_t[TLP_PARTS]){[PART_MEMORY] = 20});
    op_step(&op, &first, LAT_SOURCE);
    op_step(&op, &second, LAT_DEVICE);
    CU_ASSERT_EQUAL(op.at_ps, 1220);
    CU_ASSERT_EQUAL(op.part_ps[LAT_SOURCE], 100);
    CU_ASSERT_EQUAL(op.part_ps[LAT_SERIALISE], 10);
    CU_ASSERT_EQUAL(op.part_ps[LAT_DEVICE], 90);
    CU_ASSERT_EQUAL(op.part_ps[LAT_MEMORY], 20);
    CU_ASSERT_EQUAL(sum_of(&op), 220);
}

/* What a posted request does in the shadow of the one before is counted once: its waiting is hidden
 * first, its memory time last. */
static void test_shadow(void)
{
    static const struct {
        uint64_t issued_ps;
        uint64_t arbitrate_ps, propagate_ps, memory_ps; /* that are added */
    } cases[] = {
        {1000, 30, 20, 10}, /* no overlap */
        {990, 20, 20, 10},  {970, 0, 20, 10}, {955, 0, 5, 10},
        {945, 0, 0, 5},     {940, 0, 0, 0},   {900, 0, 0, 0}, /* done before the account's end */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct op op = {.born_ps = 1000, .at_ps = 1000};
        const uint32_t part_ps[TLP_PARTS] = {
            [PART_ARBITRATE] = 30, [PART_PROPAGATE] = 20, [PART_MEMORY] = 10};
        struct request request = request_of(cases[i].issued_ps, part_ps);
        op_step(&op, &request, LAT_DEVICE);
        CU_ASSERT_EQUAL(op.part_ps[LAT_ARBITRATE], cases[i].arbitrate_ps);
        CU_ASSERT_EQUAL(op.part_ps[LAT_PROPAGATE], cases[i].propagate_ps);
        CU_ASSERT_EQUAL(op.part_ps[LAT_MEMORY], cases[i].memory_ps);
        CU_ASSERT_EQUAL(op.part_ps[LAT_DEVICE], 0);
        CU_ASSERT_EQUAL(op.at_ps, request.done_ps > 1000 ? request.done_ps : 1000);
    }
}

static void test_any_chain_sums(void)
{
    uint64_t random = 20;
    for (int chain = 0; chain < 1000; chain++) {
        uint64_t born_ps = splitmix_below(&random, 1000000);
        struct op op = {.born_ps = born_ps, .at_ps = born_ps};
        uint64_t issued_ps = born_ps;
        uint64_t latest_ps = born_ps;
        for (int step = 0; step < 8; step++) {
            uint32_t part_ps[TLP_PARTS];
            for (int part = 0; part < TLP_PARTS; part++)
                part_ps[part] = splitmix_below(&random, 200);
            issued_ps += splitmix_below(&random, 1000);
            struct request request = request_of(issued_ps, part_ps);
            op_step(&op, &request, LAT_DEVICE);
            if (request.done_ps > latest_ps)
                latest_ps = request.done_ps;
            CU_ASSERT_EQUAL(op.at_ps, latest_ps);
            CU_ASSERT_EQUAL(sum_of(&op), op.at_ps - op.born_ps);
        }
    }
}

/* ---- pool ---- */

static void count_end(void *self, const struct op *op)
{
    *(uint64_t *)self += op->bytes;
}

static void test_pool(void)
{
    enum { CAPACITY = 10 };
    uint64_t bytes = 0;
    struct op_pool pool;
    CU_ASSERT_FATAL(op_pool_init(&pool, CAPACITY));
    pool.on_end = count_end;
    pool.self = &bytes;
    struct op_fifo fifo = {0, 0, 0};
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 1; i <= CAPACITY; i++) {
            uint32_t index = op_take(&pool, i);
            CU_ASSERT_EQUAL(op_get(&pool, index)->bytes, 0);
            op_get(&pool, index)->bytes = i;
            op_fifo_push(&pool, &fifo, index);
        }
        CU_ASSERT_EQUAL(pool.in_use, CAPACITY);
        for (uint32_t i = 1; i <= CAPACITY; i++) {
            uint32_t index = op_fifo_pop(&pool, &fifo);
            CU_ASSERT_EQUAL(op_get(&pool, index)->born_ps, i);
            op_end(&pool, index);
        }
        CU_ASSERT_EQUAL(pool.in_use, 0);
        CU_ASSERT_EQUAL(fifo.head | fifo.tail | fifo.n, 0);
    }
    CU_ASSERT_EQUAL(bytes, UINT64_C(165));
    op_pool_fini(&pool);
}

void suite_op(void)
{
    CU_pSuite suite = CU_add_suite("op", NULL, NULL);
    CU_add_test(suite, "steps in turn", test_steps_in_turn);
    CU_add_test(suite, "steps in the shadow of others", test_shadow);
    CU_add_test(suite, "any chain sums to its time", test_any_chain_sums);
    CU_add_test(suite, "pool and fifo", test_pool);
}
