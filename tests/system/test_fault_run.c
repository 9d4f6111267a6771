/* What each host's software sees when something breaks in the middle of a run: the paper's testbed
 * with a device's link, a User's link, or the Owner that goes, contained or not. Counted are what
 * its accesses met, its slots' events and the operations that failed; who is not concerned sees
 * nothing. Not pinned: how many operations fail. */
#include "../unit/forked.h"
#include "run/plane_report.h"
#include "run/run.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

void suite_fault_run(void);

enum { OWNER, USER0, USER1, HOSTS, TEXT = 2048, NAME = 96 };

static const uint64_t ms_ps = 1000000000;

struct found {
    bool good;
    struct plane_saw saw[HOSTS];
    struct plane_wrong wrong;
    struct plane_fault fault;
    char what[NAME];
    uint64_t booted_ps, ops[2], failed[2]; /* of the Users */
};

static void run(void *argument, void *out)
{
    struct found *found = out;
    const struct run_options options = {.quiet = true};
    struct config *config = NULL;
    struct results *results = NULL;
    struct err err = {0};
    char text[TEXT];
    const int length = snprintf(
        text, sizeof text,
        "run: {warmup: 0ns, duration: 20ms, max_duration: 20ms, precision: 0%%}\n"
        "boot: tlp\n"
        "pcie: {completion_timeout: 1ms}\n"
        "hosts:\n- {name: owner, link: gen2x8}\n"
        "- {name: user, count: 2, link: gen2x8, hotplug: {button: 2ms, power_off: 1ms, link: "
        "1ms}}\n"
        "switches: [{name: sw}]\n"
        "devices: [{name: nic, kind: nic, owner: owner, link: gen2x8, vfs: 8}]\n"
        "lend: [{device: nic, vf: 0..3, to: user0}, {device: nic, vf: 4..7, to: user1}]\n"
        "faults:\n- {at: 5ms, %s}\n"
        "workloads:\n- {name: receive, op: receive, bandwidth: 500Mbps, size: 1500B}\n"
        "- {name: peek, op: mmio-read, bandwidth: 1Mbps, size: 4B}\n",
        (const char *)argument);
    found->good = config_load_text("faults.yaml", text, (size_t)length, 0, NULL, &config, &err) &&
                  run_config(config, &options, &results, &err);
    if (!found->good) {
        err_print(&err, stderr);
        return;
    }
    const struct plane_report *plane = results->plane;
    memcpy(found->saw, plane->saws, sizeof found->saw);
    found->wrong = plane->wrong;
    found->fault = plane->faults[0];
    found->booted_ps = plane->booted_ps;
    snprintf(found->what, sizeof found->what, "%s", plane->faults[0].what);
    for (uint32_t h = 0; h < results->n_hosts && h < 2; h++) {
        found->ops[h] = results->hosts[h].ops;
        found->failed[h] = results->hosts[h].failed;
    }
    results_free(results);
    config_free(config);
}

static struct found after(const char *fault)
{
    struct found found = {0};
    char argument[256];
    snprintf(argument, sizeof argument, "%s", fault);
    CU_ASSERT_TRUE_FATAL(forked(run, argument, &found, sizeof found));
    CU_ASSERT_TRUE_FATAL(found.good);
    CU_ASSERT_EQUAL(found.wrong.misdelivered, 0);
    return found;
}

static void a_devices_link(void)
{
    struct found found = after("kind: link-down, target: nic");
    CU_ASSERT_STRING_EQUAL(found.what, "nic link down");
    CU_ASSERT_EQUAL(found.fault.begin_ps, found.booted_ps + 5 * ms_ps);
    CU_ASSERT_EQUAL(found.fault.end_ps, 0);
    for (int h = USER0; h <= USER1; h++) {
        CU_ASSERT_EQUAL(found.saw[h].links_down, 1);
        CU_ASSERT_EQUAL(found.saw[h].contained, 0);
        CU_ASSERT_TRUE(found.ops[h - USER0] > 0 && found.failed[h - USER0] > 0);
    }
    CU_ASSERT_EQUAL(found.saw[OWNER].links_down, 0);
    found = after("kind: link-down, target: nic, for: 3ms");
    CU_ASSERT_EQUAL(found.fault.end_ps, found.fault.begin_ps + 3 * ms_ps);
}

/* The other one goes on as if nothing were. */
static void a_users_link(void)
{
    const struct found found = after("kind: link-down, target: user0");
    CU_ASSERT_TRUE(found.failed[0] > 0);
    CU_ASSERT_EQUAL(found.failed[1], 0);
    CU_ASSERT_EQUAL(found.saw[USER1].timeouts, 0);
    CU_ASSERT_EQUAL(found.saw[USER1].unsupported, 0);
    CU_ASSERT_EQUAL(found.saw[USER1].links_down, 0);
}

/* Without containment Users learn of it by their time-outs, with it at once. */
static void an_owners_reset(void)
{
    const struct found loose = after("kind: owner-reset, target: owner");
    CU_ASSERT_STRING_EQUAL(loose.what, "owner reset");
    const struct found contained = after("kind: owner-reset, target: owner, containment: dpc");
    CU_ASSERT_STRING_EQUAL(contained.what, "owner reset, contained");
    for (int h = USER0; h <= USER1; h++) {
        CU_ASSERT_TRUE(loose.saw[h].timeouts > 100);
        CU_ASSERT_EQUAL(loose.saw[h].links_down, 0);
        CU_ASSERT_EQUAL(loose.saw[h].contained, 0);
        CU_ASSERT_EQUAL(contained.saw[h].timeouts, 0);
        CU_ASSERT_EQUAL(contained.saw[h].links_down, 1);
        CU_ASSERT_EQUAL(contained.saw[h].contained, 1);
    }
}

void suite_fault_run(void)
{
    CU_pSuite suite = CU_add_suite("fault_run", NULL, NULL);
    CU_ADD_TEST(suite, a_devices_link);
    CU_ADD_TEST(suite, a_users_link);
    CU_ADD_TEST(suite, an_owners_reset);
}
