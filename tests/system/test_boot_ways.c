/* Two ways to bring a pool up: software's accesses as TLPs through links, switch and devices, and
 * as function calls that a second implementation routes. Both end in the same bytes: every table as
 * `poolsim tables` writes it, and every register of every function that a host has found, as
 * `poolsim lspci` dumps it. Not pinned: the bytes themselves. The program is $POOLSIM, or
 * build/poolsim. */
#include "base/check.h"

#include <CUnit/CUnit.h>
#include <dirent.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

void suite_boot_ways(void);

enum { FILE_MOST = 1 << 22, PATH = 512 };

static char dir[] = "/tmp/poolsim-ways-XXXXXX";
static char bytes[2][FILE_MOST];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static bool runs(const char *command)
{
    /* NOLINTNEXTLINE(cert-env33-c): the commands are made of the constants of this file */
    const int status = system(command);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static const char *program(void)
{
    return getenv("POOLSIM") ? getenv("POOLSIM") : "build/poolsim";
}

/* Tables and dumps of the pool in @file, brought up in the way @mode. */
static bool bring_up(const char *file, const char *const *hosts, const char *mode)
{
    char command[PATH];
    snprintf(command, sizeof command, "%s tables %s --boot %s -o %s/%s", program(), file, mode, dir,
             mode);
    bool good = runs(command);
    for (; *hosts; hosts++) {
        snprintf(command, sizeof command, "%s lspci %s --boot %s --host %s > %s/%s/%s.lspci",
                 program(), file, mode, *hosts, dir, mode, *hosts);
        good = good && runs(command);
    }
    return good;
}

static size_t read_file(const char *mode, const char *name, char *out)
{
    char path[PATH];
    snprintf(path, sizeof path, "%s/%s/%.200s", dir, mode, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    const size_t n = fread(out, 1, FILE_MOST, file);
    fclose(file);
    return n;
}

/* Compares all files of the one way with those of the other; returns how many there were. */
static unsigned compare(void)
{
    char path[PATH];
    unsigned n = 0;
    snprintf(path, sizeof path, "%s/tlp", dir);
    DIR *entries = opendir(path);
    CHECK(entries);
    for (const struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        if (entry->d_name[0] == '.')
            continue;
        const size_t tlp = read_file("tlp", entry->d_name, bytes[0]);
        const size_t fast = read_file("fast", entry->d_name, bytes[1]);
        CU_ASSERT(tlp > 0 && tlp < FILE_MOST);
        CU_ASSERT_EQUAL(tlp, fast);
        if (tlp != fast || memcmp(bytes[0], bytes[1], tlp) != 0)
            CU_FAIL(entry->d_name);
        n++;
    }
    closedir(entries);
    return n;
}

static void end_in_the_same_bytes(const char *file, const char *const *hosts, unsigned least)
{
    snprintf(dir, sizeof dir, "/tmp/poolsim-ways-XXXXXX");
    CHECK(mkdtemp(dir));
    const bool good = bring_up(file, hosts, "tlp") && bring_up(file, hosts, "fast");
    CU_ASSERT(good);
    CU_ASSERT(good && compare() >= least);
    nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void the_papers_testbed(void)
{
    static const char *const hosts[] = {"owner", "user0", "user1", NULL};
    end_in_the_same_bytes("configs/paper-testbed.yaml", hosts, 15);
}

/* Two slots of one host, its own PCI tree, ARI hidden. */
static void slots_and_a_tree(void)
{
    static const char *const hosts[] = {"owner", "user0", NULL};
    end_in_the_same_bytes("tests/data/good/software.yaml", hosts, 10);
}

static void more_functions_than_eight(void)
{
    static const char *const hosts[] = {"owner", "user", NULL};
    end_in_the_same_bytes("tests/data/good/many-functions.yaml", hosts, 10);
}

static void nvme(void)
{
    static const char *const hosts[] = {"h0", "h7", NULL};
    end_in_the_same_bytes("configs/nvme-pool.yaml", hosts, 10);
}

static void direct_attachment(void)
{
    static const char *const hosts[] = {"server", NULL};
    end_in_the_same_bytes("configs/direct.yaml", hosts, 1);
}

void suite_boot_ways(void)
{
    CU_pSuite suite = CU_add_suite("boot_ways", NULL, NULL);
    CU_ADD_TEST(suite, the_papers_testbed);
    CU_ADD_TEST(suite, slots_and_a_tree);
    CU_ADD_TEST(suite, more_functions_than_eight);
    CU_ADD_TEST(suite, nvme);
    CU_ADD_TEST(suite, direct_attachment);
}
