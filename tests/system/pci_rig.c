#include "pci_rig.h"

#include "base/check.h"
#include "pcie/lspci_dump.h"
#include <CUnit/CUnit.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void count_time(void *self, uint64_t ps)
{
    struct pci_rig *rig = self;
    rig->waited_ps += ps;
}

void pci_rig_init(struct pci_rig *rig, const struct pci_node *nodes, uint32_t n)
{
    *rig = (struct pci_rig){.waited_ps = 0};
    arena_init(&rig->arena);
    hierarchy_init(&rig->hierarchy, rig->memory, PCI_RIG_FUNCTIONS, 0);
    CHECK(pci_node_build(&rig->hierarchy, &rig->arena, nodes, n));
    rig->access = hierarchy_access(&rig->hierarchy);
    rig->options = enumerate_defaults();
    rig->options.wait.wait = count_time;
    rig->options.wait.self = rig;
}

void pci_rig_fini(struct pci_rig *rig)
{
    arena_fini(&rig->arena);
}

void pci_rig_boot(struct pci_rig *rig)
{
    const bool good =
        enumerate_boot(&rig->host, &rig->arena, &rig->access, &rig->options, &rig->err);
    if (!good)
        err_print(&rig->err, stderr);
    CU_ASSERT_FATAL(good);
}

struct pci_function *pci_rig_at(struct pci_rig *rig, uint16_t rid)
{
    struct pci_function *function = pci_tree_find(&rig->host.tree, rid);
    CU_ASSERT_PTR_NOT_NULL_FATAL(function);
    return function;
}

static struct cfgspace *space_at(const struct pci_rig *rig, uint16_t rid)
{
    const struct hierarchy_target target =
        hierarchy_route_host(&rig->hierarchy, (uint8_t)(rid >> 8), (uint8_t)rid);
    return target.hit == HIERARCHY_LOCAL ? hierarchy_cfgspace(&rig->hierarchy, &target) : NULL;
}

static void dump(struct pci_rig *rig, FILE *file)
{
    const struct pci_tree *tree = &rig->host.tree;
    for (struct pci_function *f = pci_tree_first(tree); f; f = pci_tree_next(tree, f)) {
        const struct cfgspace *space = space_at(rig, f->rid);
        CU_ASSERT_PTR_NOT_NULL_FATAL(space);
        uint8_t value[CFGSPACE_BYTES];
        struct cfgspace shown = {.layout = space->layout, .value = value};
        memcpy(value, space->value, space->layout->bytes);
        cfgspace_set16(&shown, PCI_VENDOR_ID, f->vendor);
        cfgspace_set16(&shown, PCI_DEVICE_ID, f->device);
        lspci_dump_function(file, 0, f->rid, "function", &shown);
    }
}

void pci_rig_lspci_tree(struct pci_rig *rig, char *out, size_t size)
{
    const int in_fd = memfd_create("dump", 0), out_fd = memfd_create("tree", 0);
    FILE *file = fdopen(dup(in_fd), "w");
    CHECK(in_fd >= 0 && out_fd >= 0 && file);
    dump(rig, file);
    CHECK(fclose(file) == 0);

    char path[32];
    int status = -1;
    snprintf(path, sizeof path, "/dev/fd/%d", in_fd);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(out_fd, STDOUT_FILENO);
        execlp("lspci", "lspci", "-F", path, "-vt", (char *)NULL);
        _exit(127);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    const ssize_t got = status == 0 ? pread(out_fd, out, size - 1, 0) : 0;
    out[got > 0 ? got : 0] = '\0';
    close(in_fd);
    close(out_fd);
}

/* ---- what must hold -------------------------------------------------------------------------- */

static unsigned complain(const char *what, uint16_t rid, uint64_t number)
{
    fprintf(stderr, "%02x:%02x.%x: %s (%llx)\n", rid >> 8, rid >> 3 & 31, rid & 7U, what,
            (unsigned long long)number);
    return 1;
}

/* Each function that is plugged in answers at exactly one routing ID, and software knows it. */
static unsigned unreached(const struct pci_rig *rig)
{
    static uint16_t answers[PCI_RIG_FUNCTIONS];
    static bool is_known[UINT16_MAX + 1];
    const struct pci_tree *tree = &rig->host.tree;
    unsigned bad = 0;
    memset(answers, 0, sizeof answers);
    memset(is_known, 0, sizeof is_known);
    for (struct pci_function *f = pci_tree_first(tree); f; f = pci_tree_next(tree, f))
        is_known[f->rid] = true;
    for (unsigned rid = 0; rid <= UINT16_MAX; rid++) {
        const struct hierarchy_target target =
            hierarchy_route_host(&rig->hierarchy, (uint8_t)(rid >> 8), (uint8_t)rid);
        const bool known = is_known[rid];
        if (known != (target.hit == HIERARCHY_LOCAL))
            bad += complain(known ? "does not answer" : "is not known", (uint16_t)rid, 0);
        if (target.hit == HIERARCHY_LOCAL && target.vf == HIERARCHY_PF)
            answers[target.function]++;
        if (target.hit == HIERARCHY_LOCAL &&
            hierarchy_rid(&rig->hierarchy, target.function, target.vf) != rid)
            bad += complain("believes in another number", (uint16_t)rid,
                            hierarchy_rid(&rig->hierarchy, target.function, target.vf));
    }
    for (uint32_t i = 0; i < rig->hierarchy.n; i++) {
        bool present = true;
        for (uint32_t f = i; f != HIERARCHY_TOP; f = rig->memory[f].parent)
            present &= rig->memory[f].present;
        if (answers[i] != present)
            bad += complain("answers at a wrong number of places", (uint16_t)i, answers[i]);
    }
    return bad;
}

static unsigned buses_that_do_not_nest(const struct pci_tree *tree)
{
    unsigned bad = 0;
    for (struct pci_function *f = pci_tree_first(tree); f; f = pci_tree_next(tree, f)) {
        if (f->rid >> 8 > f->bus->last || f->rid >> 8 < f->bus->number)
            bad += complain("is outside of its bridge's buses", f->rid, f->bus->last);
        if (!f->behind)
            continue;
        if (f->behind->number <= f->bus->number || f->behind->last > f->bus->last)
            bad += complain("has buses beyond those of the bridge above", f->rid, f->behind->last);
        const struct cfg_access *access = &tree->access;
        if (cfg_access_read8(access, f->rid, PCI_PRIMARY_BUS) != f->bus->number ||
            cfg_access_read8(access, f->rid, PCI_SECONDARY_BUS) != f->behind->number ||
            cfg_access_read8(access, f->rid, PCI_SUBORDINATE_BUS) != f->behind->last)
            bad += complain("has other registers", f->rid, 0);
        for (struct pci_function *g = f->next; g; g = g->next)
            if (g->behind && g->behind->number <= f->behind->last &&
                f->behind->number <= g->behind->last)
                bad += complain("shares buses", f->rid, g->rid);
    }
    return bad;
}

/* Where a request to an address arrives; all windows above a BAR contain it if it does. */
static unsigned astray(const struct pci_rig *rig, const struct pci_function *f, unsigned n,
                       uint64_t address)
{
    const struct pci_resource *bar = &f->bar[n];
    const struct hierarchy_target target = hierarchy_route_address(
        &rig->hierarchy, bar->io ? HIERARCHY_IO : HIERARCHY_MEMORY, address);
    if (target.hit == HIERARCHY_LOCAL && target.bar == n && target.offset == address - bar->base &&
        hierarchy_rid(&rig->hierarchy, target.function, target.vf) == f->rid)
        return 0;
    return complain("is not reached by an address of its own", f->rid, address);
}

static bool overlap(const struct pci_resource *a, const struct pci_resource *b)
{
    return a->io == b->io && a->base < b->base + b->bytes && b->base < a->base + a->bytes;
}

/* A VF's BAR is a share of its PF's VF BAR; everything else is apart. */
static unsigned overlapping(const struct pci_tree *tree, const struct pci_function *f,
                            const struct pci_resource *a)
{
    unsigned bad = 0;
    for (struct pci_function *g = pci_tree_first(tree); g; g = pci_tree_next(tree, g)) {
        for (unsigned i = 0; i <= PCI_BARS; i++)
            if (g->bar[i].assigned && &g->bar[i] != a && overlap(a, &g->bar[i]))
                bad += complain("overlaps", f->rid, a->base);
        for (unsigned i = 0; i < PCI_BARS; i++)
            if (g->vf_bar[i].assigned && g != f->pf && overlap(a, &g->vf_bar[i]))
                bad += complain("overlaps a VF BAR", f->rid, a->base);
    }
    return bad;
}

static unsigned outside_of_windows(const struct pci_rig *rig, const struct pci_function *f,
                                   const struct pci_resource *what)
{
    for (const struct pci_function *bridge = f->bus->bridge; bridge; bridge = bridge->bus->bridge) {
        bool inside = false;
        for (unsigned space = 0; space < PCI_SPACES; space++) {
            const struct pci_resource *window = &bridge->window[space];
            inside |= window->assigned && (space == PCI_IO) == what->io &&
                      window->base <= what->base &&
                      what->base + what->bytes <= window->base + window->bytes;
        }
        if (!inside)
            return complain("lies outside of a window above", f->rid, what->base);
    }
    for (unsigned space = 0; space < PCI_SPACES; space++) {
        const struct pci_window *host = &rig->options.host[space];
        if ((space == PCI_IO) == what->io && host->base <= what->base &&
            what->base + what->bytes <= host->base + host->bytes)
            return 0;
    }
    return complain("lies outside of the host's windows", f->rid, what->base);
}

static unsigned misplaced(const struct pci_rig *rig)
{
    const struct pci_tree *tree = &rig->host.tree;
    unsigned bad = 0;
    for (struct pci_function *f = pci_tree_first(tree); f; f = pci_tree_next(tree, f)) {
        for (unsigned i = 0; i <= PCI_BARS; i++) {
            const struct pci_resource *bar = &f->bar[i];
            if (bar->bytes && !bar->assigned && !bar->io)
                bad += complain("has a BAR without a place", f->rid, i);
            if (!bar->assigned)
                continue;
            if (bar->base % bar->bytes)
                bad += complain("has a BAR that is not aligned", f->rid, bar->base);
            bad += overlapping(tree, f, bar) + outside_of_windows(rig, f, bar);
            if (i < PCI_BARS)
                bad += astray(rig, f, i, bar->base) + astray(rig, f, i, bar->base + bar->bytes - 1);
        }
        for (unsigned i = 0; i < PCI_BARS; i++)
            if (f->vf_bar[i].bytes)
                bad += outside_of_windows(rig, f, &f->vf_bar[i]);
    }
    return bad;
}

unsigned pci_rig_violations(struct pci_rig *rig)
{
    return unreached(rig) + buses_that_do_not_nest(&rig->host.tree) + misplaced(rig);
}
