/* Loading: defaults, names and shares, overrides, the round trip through resolved.yaml, and every
 * broken file's message. Not pinned: the wording of the reference. */
#include "config/config.h"
#include "pcie/preset.h"

#include <CUnit/CUnit.h>
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void suite_config(void);

static struct config *load(const char *path)
{
    struct config *config = NULL;
    struct err err = {.line = 0};
    if (!config_load(path, 0, NULL, &config, &err)) {
        err_print(&err, stderr);
        CU_FAIL_FATAL("a good file was refused");
    }
    return config;
}

static char *resolved(const struct config *config)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    config_write_yaml(config, out);
    fclose(out);
    return text;
}

/* Calls @check for every file in @folder that ends in ".yaml"; returns how many. */
static unsigned each_file(const char *folder, void (*check)(const char *path))
{
    unsigned n = 0;
    DIR *directory = opendir(folder);
    CU_ASSERT_PTR_NOT_NULL_FATAL(directory);
    for (const struct dirent *entry; (entry = readdir(directory));) {
        char path[512];
        const size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 5, ".yaml") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        check(path);
        n++;
    }
    closedir(directory);
    return n;
}

/* ---- bad files ---- */

static void is_told_what_is_wrong(const char *path)
{
    char expected[1024] = "", got[1024];
    struct config *config = NULL;
    struct err err = {.line = 0};
    FILE *file = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    const bool has = fscanf(file, "# expect: %1023[^\n]", expected) == 1;
    fclose(file);
    CU_ASSERT_TRUE(has);
    CU_ASSERT_FALSE(config_load(path, 0, NULL, &config, &err));
    CU_ASSERT_PTR_NULL(config);
    snprintf(got, sizeof got, "%u:%u: %s", err.line, err.column, err.message);
    CU_ASSERT_STRING_EQUAL(got, expected);
    if (strcmp(got, expected) != 0)
        fprintf(stderr, "%s\n  expected %s\n  got      %s\n", path, expected, got);
}

static void bad_files(void)
{
    CU_ASSERT(each_file("tests/data/bad", is_told_what_is_wrong) >= 240);
}

/* ---- good files ---- */

/* By their members: padding is anybody's. */
static void software_is_alike(const struct config *a, const struct config *b)
{
    CU_ASSERT_EQUAL(a->boot.mode, b->boot.mode);
    CU_ASSERT_EQUAL(a->boot.power_on_ps, b->boot.power_on_ps);
    CU_ASSERT_EQUAL(a->boot.access_ps, b->boot.access_ps);
    CU_ASSERT_EQUAL(a->boot.config_local_ps, b->boot.config_local_ps);
    CU_ASSERT_EQUAL(a->boot.vf_enable_ps, b->boot.vf_enable_ps);
    CU_ASSERT_EQUAL(a->boot.pf_probe_ps, b->boot.pf_probe_ps);
    CU_ASSERT_EQUAL(a->boot.vf_probe_ps, b->boot.vf_probe_ps);
    CU_ASSERT_EQUAL(a->boot.vf_remove_ps, b->boot.vf_remove_ps);
    CU_ASSERT_EQUAL(a->manager.latency_ps, b->manager.latency_ps);
    CU_ASSERT_EQUAL(a->manager.message_bps, b->manager.message_bps);
    CU_ASSERT_EQUAL(a->manager.access_ps, b->manager.access_ps);
    CU_ASSERT_EQUAL(a->manager.poll_ps, b->manager.poll_ps);
    CU_ASSERT_EQUAL(a->manager.drain_limit_ps, b->manager.drain_limit_ps);
    CU_ASSERT_EQUAL(a->manager.flr_ps, b->manager.flr_ps);
    CU_ASSERT_EQUAL(a->manager.power_limit_ps, b->manager.power_limit_ps);
    CU_ASSERT_EQUAL(a->manager.order, b->manager.order);
}

/* The written form loads to a config that is written alike, and whose functions are the same. */
static void comes_back(const char *path)
{
    struct config *first = load(path), *second = NULL;
    struct err err = {.line = 0};
    char *once = resolved(first);
    CU_ASSERT_TRUE_FATAL(
        config_load_text("elsewhere/resolved.yaml", once, strlen(once), 0, NULL, &second, &err));
    char *twice = resolved(second);
    CU_ASSERT_STRING_EQUAL(once, twice);
    CU_ASSERT(first->n_hosts == second->n_hosts && first->n_devices == second->n_devices);
    CU_ASSERT_EQUAL_FATAL(first->n_lends, second->n_lends);
    CU_ASSERT_EQUAL_FATAL(first->n_workloads, second->n_workloads);
    CU_ASSERT(memcmp(first->lends, second->lends, first->n_lends * sizeof *first->lends) == 0);
    CU_ASSERT_EQUAL_FATAL(first->n_moves, second->n_moves);
    CU_ASSERT_EQUAL_FATAL(first->n_faults, second->n_faults);
    software_is_alike(first, second);
    for (uint32_t i = 0; i < first->n_workloads; i++) {
        const struct cfg_workload *a = &first->workloads[i], *b = &second->workloads[i];
        CU_ASSERT_EQUAL_FATAL(a->n_targets, b->n_targets);
        CU_ASSERT(memcmp(a->targets, b->targets, a->n_targets * sizeof *a->targets) == 0);
        CU_ASSERT_EQUAL_FATAL(a->size_bytes.n, b->size_bytes.n);
        CU_ASSERT(memcmp(a->size_bytes.value, b->size_bytes.value, a->size_bytes.n * 8) == 0);
        if (a->size_bytes.cum)
            CU_ASSERT(memcmp(a->size_bytes.cum, b->size_bytes.cum, a->size_bytes.n * 8) == 0);
    }
    for (uint32_t i = 0; i < first->n_hosts; i++) {
        const struct dist *a = &first->hosts[i].read_latency_ps,
                          *b = &second->hosts[i].read_latency_ps;
        CU_ASSERT_STRING_EQUAL(first->hosts[i].name, second->hosts[i].name);
        CU_ASSERT_EQUAL_FATAL(a->n, b->n);
        CU_ASSERT(memcmp(a->value, b->value, a->n * 8) == 0);
        CU_ASSERT((a->cum != NULL) == (b->cum != NULL));
        if (a->cum && b->cum)
            CU_ASSERT(memcmp(a->cum, b->cum, a->n * 8) == 0);
        CU_ASSERT(a->mean >= b->mean && a->mean <= b->mean);
    }
    free(once);
    free(twice);
    config_free(first);
    config_free(second);
}

static void resolved_comes_back(void)
{
    CU_ASSERT(each_file("tests/data/good", comes_back) >= 9);
    CU_ASSERT(each_file("configs", comes_back) >= 5);
}

static void defaults(void)
{
    struct config *config = load("tests/data/good/minimal.yaml");
    CU_ASSERT_STRING_EQUAL(config->name, "simulation");
    CU_ASSERT_STRING_EQUAL(config->title, "simulation");
    CU_ASSERT(config->run.seed == 1 && config->run.warmup_auto);
    CU_ASSERT_EQUAL(config->run.duration_ps, UINT64_C(1000000000));
    CU_ASSERT_EQUAL(config->run.max_duration_ps, UINT64_C(10000000000));
    CU_ASSERT_EQUAL(config->run.precision_ppm, 10000);
    CU_ASSERT(config->pcie.mps_bytes == 256 && config->pcie.mrrs_bytes == 512);
    CU_ASSERT(config->pcie.rcb_bytes == 64 && config->pcie.address64 && config->pcie.vcs == 1);
    CU_ASSERT_EQUAL_FATAL(config->n_hosts, 2);
    const struct cfg_host *host = &config->hosts[1];
    CU_ASSERT_STRING_EQUAL(host->name, "user1");
    CU_ASSERT(host->index_in_group == 1 && host->switch_index == 0 && host->mark.line == 3);
    CU_ASSERT(host->link.gen == 3 && host->link.lanes == 8 && host->link.update_interval_auto);
    CU_ASSERT(host->credits.header[0] == 64 && host->credits.data[0] == 1024);
    CU_ASSERT(host->credits.header[1] == 64 && host->credits.data[1] == 64);
    CU_ASSERT(host->credits.header[2] == 0 && host->credits.data[2] == 0);
    CU_ASSERT(host->read_latency_ps.kind == DIST_CONSTANT && host->memory_bps == 0);
    CU_ASSERT_EQUAL(host->read_latency_ps.value[0], 400000);
    const struct cfg_switch *sw = &config->switches[0];
    CU_ASSERT(sw->clock_hz == 250000000 && sw->datapath_bytes == 32 && sw->cut_through && sw->voq);
    CU_ASSERT(sw->credits.header[2] == 64 && sw->credits.data[2] == 1024 && sw->parent_index == -1);
    CU_ASSERT(sw->ingress_cycles == 2 && sw->remap_cycles == 2 && sw->remap_pipelined);
    CU_ASSERT(sw->edit_cycles == 1 && sw->crossbar_cycles == 1 && sw->id_map_entries == 64);
    const struct cfg_device *device = &config->devices[0];
    CU_ASSERT(device->kind == DEVICE_NIC && device->vfs == 8 && device->bar_bytes == 16384);
    CU_ASSERT(device->switch_index == 0 && device->host_index == -1 && device->owner_index == 0);
    CU_ASSERT(device->nic.line_bps == UINT64_C(10000000000) && device->nic.frame_gap_bytes == 24);
    const struct cfg_workload *workload = &config->workloads[0];
    CU_ASSERT_STRING_EQUAL(workload->name, "w0");
    CU_ASSERT(workload->arrival == ARRIVAL_POISSON && workload->rate_kind == RATE_LOAD);
    CU_ASSERT(workload->rate == 100000 && workload->n_targets == 8 && workload->stop_ps == 0);
    CU_ASSERT(config->sweep.n_axes == 0 && config->sweep.replications == 1);
    config_free(config);
}

static void shares(void)
{
    struct config *config = load("tests/data/good/ranges.yaml");
    CU_ASSERT_EQUAL_FATAL(config->n_lends, 16);
    CU_ASSERT_EQUAL_FATAL(config->n_lend_blocks, 2);
    for (uint32_t i = 0; i < 16; i++) {
        const struct cfg_lend *lend = &config->lends[i];
        CU_ASSERT(lend->device == i / 4 && lend->vf == i % 4);
        CU_ASSERT_EQUAL(lend->host, i < 8 ? i / 2 : i % 4); /* blocks, then one at a time */
        CU_ASSERT_EQUAL(lend->weight, i < 8 ? 1 : 3);
        CU_ASSERT_EQUAL(config_lend_mark(config, i).line, i < 8 ? 9 : 10);
    }
    CU_ASSERT_EQUAL(config->workloads[0].n_targets, 16);
    /* h1 and h3 on d1 and d2, VFs 0 and 1: d1 has h2 there, d2 has h0 and h1 */
    CU_ASSERT_EQUAL_FATAL(config->workloads[1].n_targets, 1);
    CU_ASSERT(config->workloads[1].targets[0].device == 2 &&
              config->workloads[1].targets[0].host == 1);
    /* what is not lent is the Owner's, for who names it */
    CU_ASSERT_EQUAL(config->workloads[2].n_targets, 8);
    CU_ASSERT(config->workloads[2].targets[0].vf == 4 && config->workloads[2].targets[0].host == 4);
    config_free(config);
}

static void cascade_and_direct(void)
{
    struct config *config = load("tests/data/good/cascade.yaml");
    CU_ASSERT(config->switches[1].parent_index == 0 && config->switches[2].parent_index == 1);
    CU_ASSERT(config->switches[1].uplink.gen == 4 && config->switches[2].uplink.lanes == 16);
    CU_ASSERT(config->devices[0].switch_index == 1 && config->devices[1].switch_index == 2);
    CU_ASSERT(config->devices[1].owner_index == 1);
    for (int k = 0; k < 2; k++) {
        const struct cfg_device *near = &config->devices[2 + k];
        CU_ASSERT(near->host_index == 2 + k && near->owner_index == 2 + k &&
                  near->switch_index == -1);
        CU_ASSERT(config->hosts[2 + k].switch_index == -1);
    }
    CU_ASSERT_EQUAL(config->workloads[0].n_targets, 8 + 16); /* lent ones and all of the direct */
    CU_ASSERT(config->workloads[1].off_kind == PERIOD_PARETO);
    CU_ASSERT_EQUAL(config->workloads[1].pareto_shape_milli, 1250);
    config_free(config);
}

static void large_pool(void)
{
    struct config *config = load("tests/data/good/pool-1024.yaml");
    CU_ASSERT_EQUAL(config->n_lends, 65536);
    CU_ASSERT_EQUAL(config->workloads[0].n_targets, 65536);
    CU_ASSERT(sizeof *config->lends <= 24);
    CU_ASSERT(config->lends[65535].device == 1023 && config->lends[65535].host == 1023);
    config_free(config);
}

static void anchors(void)
{
    struct config *config = load("tests/data/good/anchors.yaml");
    CU_ASSERT_STRING_EQUAL(config->title, "anchors: \"quoted\", caf\xC3\xA9 and more");
    CU_ASSERT_EQUAL(config->hosts[0].msi_latency_ps, 1000000);
    CU_ASSERT_EQUAL(config->hosts[1].msi_latency_ps, 2000000);
    CU_ASSERT_STRING_EQUAL(config->hosts[2].name, "c");
    CU_ASSERT(config->hosts[2].mmio_gap_ps == 20000 && config->hosts[2].msi_latency_ps == 1000000);
    CU_ASSERT(config->hosts[2].link.gen == 4 && !config->hosts[2].link.skp &&
              config->hosts[1].link.skp);
    CU_ASSERT(config->workloads[1].op == OP_DMA_READ && config->workloads[1].traffic_class == 3);
    CU_ASSERT_EQUAL(config->workloads[1].size_bytes.value[0], 1024);
    config_free(config);
}

/* ---- the hosts' software ---- */

static void software_defaults(void)
{
    struct config *config = load("tests/data/good/minimal.yaml");
    const uint64_t ms_ps = UINT64_C(1000000000);
    CU_ASSERT(config->boot.mode == BOOT_NONE && config->boot.vf_enable_ps == 100 * ms_ps);
    CU_ASSERT(config->pcie.completion_timeout_ps == 50 * ms_ps && config->pcie.aer);
    CU_ASSERT(config->manager.order == ORDER_CORRECT && config->manager.flr_ps == 100 * ms_ps);
    const struct cfg_hotplug *hotplug = &config->hosts[1].hotplug;
    CU_ASSERT(hotplug->slots_auto && hotplug->window_bytes == 2 << 20);
    CU_ASSERT(hotplug->button_ps == 5000 * ms_ps && hotplug->power_off_ps == 1000 * ms_ps);
    CU_ASSERT(config->hosts[0].platform == PLATFORM_SANDY_BRIDGE && config->hosts[0].n_pci == 0);
    CU_ASSERT(config->switches[0].emulation_cycles == 4 && !config->switches[0].ari_hidden);
    CU_ASSERT(config->devices[0].ari && config->devices[0].msix == 0);
    CU_ASSERT(config->n_moves == 0 && config->n_faults == 0);
    config_free(config);
}

static void software(void)
{
    struct config *config = load("tests/data/good/software.yaml");
    const uint64_t ms_ps = UINT64_C(1000000000);
    CU_ASSERT(config->boot.mode == BOOT_TLP && !config->pcie.aer);
    CU_ASSERT_EQUAL(config->pcie.completion_timeout_ps, 0);
    CU_ASSERT(config->manager.order == ORDER_NO_FLR && config->manager.latency_ps == 30000000);
    CU_ASSERT_EQUAL(config->manager.message_bps, UINT64_C(10000000000));
    CU_ASSERT(config->hosts[0].cores == 2 && config->hosts[0].cpu_to_rc_ps == 70000);
    CU_ASSERT_EQUAL(config->hosts[0].window64_bytes, UINT64_C(8) << 30);
    const struct cfg_hotplug *hotplug = &config->hosts[3].hotplug;
    CU_ASSERT(!hotplug->slots_auto && hotplug->slots == 2);
    CU_ASSERT(hotplug->button_ps == ms_ps && hotplug->command_ps == 4 * ms_ps);
    CU_ASSERT(config->switches[0].proxy_tags == 16 && config->switches[0].ari_hidden);
    CU_ASSERT(!config->devices[0].ari && config->devices[0].msix == 5);
    CU_ASSERT(config->lends[7].slot == 0 && config->lends[8].slot == 1);
    CU_ASSERT_EQUAL_FATAL(config->n_moves, 3);
    const struct cfg_move *move = &config->moves[0];
    CU_ASSERT(move->at_ps == 5 * ms_ps && move->first_vf == 0 && move->n_vfs == 4);
    CU_ASSERT(move->host == 2 && move->how == MOVE_IMMEDIATE && move->mark.line == 16);
    CU_ASSERT(config->moves[1].slot == 1 && config->moves[1].how == MOVE_SURPRISE);
    CU_ASSERT(config->moves[2].n_vfs == 1 && config->moves[2].how == MOVE_GRACEFUL);
    CU_ASSERT_EQUAL_FATAL(config->n_faults, 3);
    CU_ASSERT(config->faults[0].is_host && config->faults[0].target == 3);
    CU_ASSERT(config->faults[0].down_ps == 2 * ms_ps && config->faults[1].down_ps == 0);
    CU_ASSERT(!config->faults[1].is_host && config->faults[1].containment == CONTAINMENT_DPC);
    CU_ASSERT(config->faults[2].kind == FAULT_OWNER_RESET && config->faults[2].target == 0);
    config_free(config);
}

static void own_pci_tree(void)
{
    struct config *config = load("tests/data/good/qemu-sriov.yaml");
    const struct cfg_host *host = &config->hosts[0];
    CU_ASSERT(host->switch_index == -1 && host->platform == PLATFORM_NONE);
    CU_ASSERT(config->n_devices == 0 && config->n_workloads == 0);
    CU_ASSERT_EQUAL_FATAL(host->n_pci, 15);
    const struct cfg_pci *pci = host->pci;
    CU_ASSERT(pci[5].device == 31 && pci[5].function == 2 && pci[5].behind == -1);
    CU_ASSERT(pci[5].preset == PRESET_ICH9_SATA && pci[5].plugged && !pci[5].has_slot);
    CU_ASSERT(pci[3].has_slot && pci[3].slot == 6);
    CU_ASSERT(pci[7].behind == 1 && pci[7].vfs == 8 && pci[7].vfs_enabled == 4);
    CU_ASSERT(pci[7].has_msix && pci[7].msix == 9);
    CU_ASSERT(pci[8].behind == 2 && pci[11].behind == 8 && pci[12].behind == 9);
    CU_ASSERT(pci[14].behind == 3 && !pci[14].plugged);
    config_free(config);
}

/* ---- overrides ---- */

static void overrides(void)
{
    static const char *const sets[] = {
        "name=other",
        "run.seed=99",
        "run.seed=100",
        "hosts.u.link.rate=gen5x16",
        "hosts.0.memory.bandwidth=20GB/s",
        "switches.sw.pipeline={remap: 5, remap_pipelined: false}",
        "switches.*.credits.posted.data=4KiB",
        "workloads.*.load=90%",
        "workloads.1.size=[{size: 1KiB, weight: 1}, {size: 2KiB, weight: 3}]",
        "sweep.replications=9",
    };
    struct config *config = NULL;
    struct err err = {.line = 0};
    CU_ASSERT_TRUE_FATAL(
        config_load("tests/data/good/sweep.yaml", sizeof sets / sizeof *sets, sets, &config, &err));
    CU_ASSERT_STRING_EQUAL(config->name, "other");
    CU_ASSERT_EQUAL(config->run.seed, 100); /* the last wins */
    CU_ASSERT(config->run.warmup_ps == 100000000 && !config->run.warmup_auto);
    CU_ASSERT(config->hosts[1].link.gen == 5 && config->hosts[1].link.lanes == 16);
    CU_ASSERT_EQUAL(config->hosts[0].memory_bps, UINT64_C(160000000000));
    CU_ASSERT(config->switches[0].remap_cycles == 5 && !config->switches[0].remap_pipelined);
    CU_ASSERT(config->switches[0].credits.data[0] == 256 &&
              config->switches[0].credits.header[0] == 64);
    CU_ASSERT(config->workloads[0].rate == 900000 && config->workloads[1].rate == 900000);
    CU_ASSERT(config->workloads[0].size_bytes.n == 1 && config->workloads[1].size_bytes.n == 2);
    CU_ASSERT_EQUAL(config->sweep.replications, 9);
    config_free(config);
}

static void broken_overrides(void)
{
    static const struct {
        const char *set, *expected;
    } cases[] = {
        {"run.seed", "--set:1:1: \"run.seed\" is not path=value, like run.seed=7"},
        {"=3", "--set:1:1: \"=3\" is not path=value, like run.seed=7"},
        {"run.seed=", "--set:1:1: run.seed: no value after ="},
        {"run.seed=x", "--set:1:10: run.seed: \"x\" is not a whole number"},
        {"run.sed=1", "--set:1:1: run.sed: unknown key \"sed\"; did you mean \"seed\"?"},
        {"run..seed=1",
         "--set:1:1: run..seed: not a path; write keys with dots between, like run.seed"},
        {"hosts.0=1", "--set:1:1: hosts.0: 0 is a whole entry; name one of its keys"},
        {"hosts.5.link=gen3x8",
         "--set:1:1: hosts.5.link: no entry \"5\"; give an index below 1, a name or *"},
        {"hosts.u0.link=gen3x8", "--set:1:1: hosts.u0.link: the hosts or devices of a group share "
                                 "their settings; name it \"u\""},
        {"pcie.mps.x=1", "--set:1:1: pcie.mps.x: mps holds a value; the path ends there"},
        {"workloads.*.load=900%",
         "--set:1:18: workloads.0.load: 900% is out of range; give 0.0001% to 400%"},
        {"run={seed: 1, seed: 2}", "--set:1:15: seed: the key is given twice; first in line 1"},
        {"hosts.u.link.gen=3",
         "--set:1:1: hosts.u.link.gen: unknown key \"gen\"; give one of rate, "
         "propagation, skp, dllp, update_interval"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config *config = NULL;
        struct err err = {.line = 0};
        char got[900];
        CU_ASSERT_FALSE(config_load("tests/data/good/sweep.yaml", 1, &cases[i].set, &config, &err));
        snprintf(got, sizeof got, "%s:%u:%u: %s", err.file, err.line, err.column, err.message);
        CU_ASSERT_STRING_EQUAL(got, cases[i].expected);
        if (strcmp(got, cases[i].expected) != 0)
            fprintf(stderr, "  expected %s\n  got      %s\n", cases[i].expected, got);
    }
}

static void sweep_axes(void)
{
    struct config *config = load("tests/data/good/sweep.yaml");
    const struct cfg_sweep *sweep = &config->sweep;
    CU_ASSERT_EQUAL_FATAL(sweep->n_axes, 3);
    CU_ASSERT_EQUAL_FATAL(sweep->axes[0].n, 3);
    CU_ASSERT_STRING_EQUAL(sweep->axes[0].key, "workloads.x.load");
    CU_ASSERT_STRING_EQUAL(sweep->axes[0].values[2], "0.3");
    CU_ASSERT_STRING_EQUAL(sweep->axes[2].values[1], "[{size: 64B, weight: 1}]");
    CU_ASSERT_STRING_EQUAL(sweep->x, "hosts.u.link.rate");
    CU_ASSERT_STRING_EQUAL(sweep->y, "latency_p99_ns");
    config_free(config);
    config = load("configs/noisy-neighbour.yaml");
    CU_ASSERT_STRING_EQUAL(config->sweep.x, "workloads.bulk.load");
    CU_ASSERT_STRING_EQUAL(config->sweep.series, "devices.dev.arbiter");
    config_free(config);
}

/* ---- what the table prints ---- */

static void reference_and_schema(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    config_write_reference(out);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "hosts.N.credits.posted"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "cut-through | store-and-forward"));
    CU_ASSERT_PTR_NULL(strstr(text, "(null)"));
    free(text);

    json_error_t error;
    out = open_memstream(&text, &size);
    config_write_json_schema(out);
    fclose(out);
    json_t *schema = json_loads(text, 0, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    const json_t *definitions = json_object_get(schema, "definitions");
    const char *key;
    json_t *definition;
    json_object_foreach((json_t *)definitions, key, definition)
        CU_ASSERT(json_object_size(definition) > 0);
    CU_ASSERT_PTR_NOT_NULL(json_object_get(definitions, "hosts.N.memory"));
    json_decref(schema);
    free(text);
}

void suite_config(void)
{
    CU_pSuite suite = CU_add_suite("config", NULL, NULL);
    CU_add_test(suite, "bad files", bad_files);
    CU_add_test(suite, "resolved comes back", resolved_comes_back);
    CU_add_test(suite, "defaults", defaults);
    CU_add_test(suite, "shares", shares);
    CU_add_test(suite, "cascade and direct", cascade_and_direct);
    CU_add_test(suite, "large pool", large_pool);
    CU_add_test(suite, "anchors", anchors);
    CU_add_test(suite, "software defaults", software_defaults);
    CU_add_test(suite, "software", software);
    CU_add_test(suite, "own PCI tree", own_pci_tree);
    CU_add_test(suite, "overrides", overrides);
    CU_add_test(suite, "broken overrides", broken_overrides);
    CU_add_test(suite, "sweep axes", sweep_axes);
    CU_add_test(suite, "reference and schema", reference_and_schema);
}
