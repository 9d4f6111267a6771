/* The view of a host that `poolsim lspci` writes, read by pciutils: the paper's Fig. 12 and 13 from
 * its configuration, QEMU's machine from YAML as the Linux kernel saw it, more functions than a
 * slot holds without ARI, no warning from any decoder. Not pinned: addresses. */
#include "run/lspci.h"

#include "../unit/forked.h"
#include "base/check.h"
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void suite_lspci(void);

enum { TEXT = 1 << 20 };

static char printed[TEXT], expected[TEXT];

struct dump { /* what a child is to do */
    const struct config *config;
    uint32_t host;
    int fd;
};

static void write_dump(void *argument, void *out)
{
    const struct dump *dump = argument;
    bool *good = out;
    struct boot boot;
    struct model model;
    struct err err = {.line = 0};
    FILE *file = fdopen(dump->fd, "w");
    CHECK(file);
    *good = boot_pool(&boot, &model, dump->config, &err);
    if (*good)
        lspci_write(&boot, dump->host, file);
    else
        err_print(&err, stderr);
    CHECK(fclose(file) == 0);
}

/* What lspci prints of the dump of @host, errors included; empty when it fails. */
static void lspci(const struct config *config, uint32_t host, const char *option)
{
    const int in_fd = memfd_create("dump", 0), out_fd = memfd_create("out", 0);
    struct dump dump = {config, host, in_fd};
    char path[32];
    int status = -1;
    bool good = false;
    CHECK(in_fd >= 0 && out_fd >= 0);
    CU_ASSERT_FATAL(forked(write_dump, &dump, &good, sizeof good) && good);
    snprintf(path, sizeof path, "/dev/fd/%d", in_fd);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(out_fd, STDOUT_FILENO);
        dup2(out_fd, STDERR_FILENO);
        execlp("lspci", "lspci", "-F", path, option, (char *)NULL);
        _exit(127);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    const ssize_t got = status == 0 ? pread(out_fd, printed, TEXT - 1, 0) : 0;
    printed[got > 0 ? got : 0] = '\0';
    close(in_fd);
    close(out_fd);
}

static struct config *load(const char *path, const char *set)
{
    struct config *config = NULL;
    struct err err = {.line = 0};
    const bool good = config_load(path, set != NULL, &set, &config, &err);
    if (!good)
        err_print(&err, stderr);
    CU_ASSERT_FATAL(good);
    return config;
}

static void is(const char *text)
{
    if (strcmp(printed, text) != 0)
        fprintf(stderr, "\n%s", printed);
    CU_ASSERT_STRING_EQUAL(printed, text);
}

#define VF_NAME "  Intel Corporation 82599 Ethernet Controller Virtual Function\n"
#define HOST_BRIDGE                                                                                \
    "-[0000:00]-+-00.0  Intel Corporation 2nd Generation Core Processor Family DRAM Controller\n"
#define SWITCH    "           \\-01.0-[01-04]--+-00.0  Xilinx Corporation Device 8086\n"
#define OWNER_PAD "                                                           "
#define VF_PAD    "            "
#define USER_PAD  "                                                        "

static void paper_testbed(void)
{
    struct config *config = load("configs/paper-testbed.yaml", NULL);
    lspci(config, 0, "-vt");
    is(HOST_BRIDGE SWITCH
       "                           \\-00.1-[02-04]----00.0-[03-04]--+-[0000:03]---00.0  Intel "
       "Corporation 82599ES 10-Gigabit SFI/SFP+ Network Connection\n" OWNER_PAD
       "\\-[0000:04]-+-10.0" VF_NAME OWNER_PAD VF_PAD "+-10.2" VF_NAME OWNER_PAD VF_PAD
       "+-10.4" VF_NAME OWNER_PAD VF_PAD "+-10.6" VF_NAME OWNER_PAD VF_PAD
       "+-11.0" VF_NAME OWNER_PAD VF_PAD "+-11.2" VF_NAME OWNER_PAD VF_PAD
       "+-11.4" VF_NAME OWNER_PAD VF_PAD "\\-11.6" VF_NAME);
    for (uint32_t user = 1; user <= 2; user++) {
        lspci(config, user, "-vt");
        is(HOST_BRIDGE SWITCH
           "                           \\-00.1-[02-03]----00.0-[03]--+-00.0" VF_NAME USER_PAD
           "+-00.1" VF_NAME USER_PAD "+-00.2" VF_NAME USER_PAD "\\-00.3" VF_NAME);
    }
    config_free(config);
}

static void qemu_machine_from_yaml(void)
{
    struct config *config = load("tests/data/good/qemu-sriov.yaml", NULL);
    FILE *file = fopen("tests/data/qemu-sriov/q.vfs.tree.txt", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    expected[fread(expected, 1, TEXT - 1, file)] = '\0';
    fclose(file);
    lspci(config, 0, "-vt");
    is(expected);
    config_free(config);
    config = load("tests/data/good/qemu-sriov.yaml", "hosts.q35.pci.14.plugged=true");
    lspci(config, 0, "-n");
    CU_ASSERT_PTR_NOT_NULL(strstr(printed, "07:00.0 0200: 8086:10d3"));
    config_free(config);
}

/* Two slots where one is full; one with ARI. */
static void many_functions(void)
{
    struct config *config = load("tests/data/good/software.yaml", NULL);
    lspci(config, 1, "-n");
    CU_ASSERT_PTR_NOT_NULL(strstr(printed, "\n03:00.7 0200: 8086:10ed"));
    CU_ASSERT_PTR_NOT_NULL(strstr(printed, "\n04:00.2 0200: 8086:10ed"));
    CU_ASSERT_PTR_NULL(strstr(printed, "\n04:00.3 "));
    config_free(config);
    config = load("tests/data/good/many-functions.yaml", NULL);
    lspci(config, 1, "-n");
    CU_ASSERT_PTR_NOT_NULL(strstr(printed, "\n03:00.7 "));
    CU_ASSERT_PTR_NOT_NULL(strstr(printed, "\n03:01.3 "));
    CU_ASSERT_PTR_NULL(strstr(printed, "\n03:01.4 "));
    config_free(config);
}

static void no_decoder_warns(void)
{
    static const char *const files[] = {"configs/paper-testbed.yaml", "configs/nvme-pool.yaml",
                                        "configs/direct.yaml", "tests/data/good/qemu-sriov.yaml"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct config *config = load(files[i], NULL);
        for (uint32_t h = 0; h < config->n_hosts && h < 3; h++) {
            lspci(config, h, "-vvv");
            CU_ASSERT(strlen(printed) > 100);
            CU_ASSERT_PTR_NULL(strstr(printed, "arning"));
            CU_ASSERT_PTR_NULL(strstr(printed, "Extended Capability ID"));
            CU_ASSERT_PTR_NULL(strstr(printed, "chain"));
            CU_ASSERT_PTR_NULL(strstr(printed, "denied"));
        }
        config_free(config);
    }
}

void suite_lspci(void)
{
    CU_pSuite suite = CU_add_suite("lspci", NULL, NULL);
    CU_ADD_TEST(suite, paper_testbed);
    CU_ADD_TEST(suite, qemu_machine_from_yaml);
    CU_ADD_TEST(suite, many_functions);
    CU_ADD_TEST(suite, no_decoder_warns);
}
