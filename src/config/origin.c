#include "config/origin.h"

#include "base/check.h"
#include "base/units.h"
#include "config/load.h"

#include <stdlib.h>
#include <string.h>

enum { VFS_MOST = 256 };

const char *origin_device(const struct cfg_device *device)
{
    return device->origin.device ? device->origin.device : device->name;
}

const char *origin_host(const struct config *config, const struct cfg_device *device, uint32_t host)
{
    return device->origin.device ? device->origin.host : config->hosts[host].name;
}

uint32_t origin_vf(const struct cfg_device *device, uint32_t vf)
{
    return device->origin.device ? device->origin.vf[vf] : vf;
}

char *origin_format_vfs(const uint16_t *vf, uint32_t n)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    CHECK(out);
    for (uint32_t first = 0, last; first < n; first = last + 1) {
        last = first;
        while (last + 1 < n && vf[last + 1] == vf[last] + 1)
            last++;
        fprintf(out, "%s%u", first ? ", " : "", vf[first]);
        if (last > first)
            fprintf(out, "..%u", vf[last]);
    }
    CHECK(fclose(out) == 0);
    return text;
}

bool origin_parse_vfs(const char *text, uint32_t n, uint16_t *out_vf)
{
    uint16_t numbers[VFS_MOST];
    uint32_t found = 0;
    char *copy = strdup(text), *rest = copy;
    CHECK(copy && n <= VFS_MOST);
    bool good = true;
    while (good && rest) {
        uint64_t first, last;
        const char *item = strsep(&rest, ",");
        good = units_parse_range(item + strspn(item, " "), &first, &last) && last < VFS_MOST &&
               (found == 0 || first > numbers[found - 1]);
        for (uint64_t k = first; good && k <= last; k++)
            numbers[found++] = (uint16_t)k;
    }
    free(copy);
    if (!good || found != n)
        return false;
    memcpy(out_vf, numbers, n * sizeof *numbers);
    return true;
}

static bool read_origin(struct loader *loader, size_t group)
{
    const struct load_group *groups = loader->device_groups;
    struct cfg_device *device = &loader->config->devices[groups[group].first];
    struct cfg_origin *origin = &device->origin;
    if (!yaml_get(groups[group].node, "stands_for"))
        return true;
    if (!origin->device || !origin->host || !origin->vfs)
        return load_refuse(loader, "devices", loader->device_groups, group, "stands_for",
                           "give all of device, host and vf");
    if (groups[group].n > 1)
        return load_refuse(loader, "devices", loader->device_groups, group, "count",
                           "a device that stands for another is alone; leave this out");
    if (device->host_index < 0)
        return load_refuse(loader, "devices", loader->device_groups, group, "stands_for",
                           "only a device that attaches directly to a host stands for another");
    origin->vf = calloc(device->vfs + 1U, sizeof *origin->vf);
    CHECK(origin->vf);
    return origin_parse_vfs(origin->vfs, device->vfs, origin->vf) ||
           load_refuse(loader, "devices", loader->device_groups, group, "stands_for.vf",
                       "\"%.64s\" is not %u ascending numbers, one for each VF; write 4..7 or "
                       "\"1, 9\"",
                       origin->vfs, device->vfs);
}

bool origin_read_all(struct loader *loader)
{
    for (size_t group = 0; group < loader->n_device_groups; group++)
        if (!read_origin(loader, group))
            return false;
    return true;
}
