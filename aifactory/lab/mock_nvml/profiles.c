/* MIG profiles: what instances a GPU can be cut into, and where they may lie. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock_nvml.h"

enum { PLUS_MEDIA = 7 }; /* GPU_INSTANCE_PROFILE_1_SLICE_REV1 */

/* By NVML's profile number; ids and starts as nvidia-smi lists them for GPUs of seven slices. */
static const struct profile seven[PROFILES] = {
    [0] = {1, 1, 19, 7, {0, 1, 2, 3, 4, 5, 6}},
    [1] = {2, 2, 14, 3, {0, 2, 4}},
    [2] = {3, 4, 9, 2, {0, 4}},
    [3] = {4, 4, 5, 1, {0}},
    [4] = {7, 8, 0, 1, {0}},
    [PLUS_MEDIA] = {1, 1, 20, 1, {0}},
    [9] = {1, 2, 15, 4, {0, 2, 4, 6}},
};
/* And for GPUs of four. */
static const struct profile four[PROFILES] = {
    [0] = {1, 2, 14, 4, {0, 2, 4, 6}},
    [1] = {2, 4, 5, 2, {0, 4}},
    [3] = {4, 8, 0, 1, {0}},
};

const struct profile *profile_of(unsigned number) {
  if (!config.mig_slices || number >= PROFILES) return NULL;
  const struct profile *profile = &(config.mig_slices == 7 ? seven : four)[number];
  return profile->slices ? profile : NULL;
}

uint64_t profile_memory_mib(const struct profile *profile) {
  return config.memory_mib * profile->memory / MEMORY_SLICES;
}

/* <slices>g.<memory>gb: the memory is the instance's share of the GPU's, in GiB, each rounded as NVIDIA's tools do. */
void profile_name(const struct profile *profile, unsigned number, char *out, unsigned size) {
  uint64_t total_gb = (config.memory_mib + 1023) / 1024;
  unsigned gb = (unsigned)((total_gb * profile->memory + MEMORY_SLICES / 2) / MEMORY_SLICES);
  snprintf(out, size, "%ug.%ugb%s", profile->slices, gb, number == PLUS_MEDIA ? "+me" : "");
}

static unsigned named(const char *name) {
  char candidate[PROFILE_NAME];
  for (unsigned number = 0; number < PROFILES; number++) {
    const struct profile *profile = profile_of(number);
    if (!profile) continue;
    profile_name(profile, number, candidate, sizeof candidate);
    if (!strcmp(name, candidate)) return number;
  }
  return PROFILES;
}

static int no_such_profile(const char *name) {
  char known[LINE] = "", candidate[PROFILE_NAME];
  for (unsigned number = 0; number < PROFILES; number++) {
    const struct profile *profile = profile_of(number);
    if (!profile) continue;
    profile_name(profile, number, candidate, sizeof candidate);
    snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", *known ? ", " : "", candidate);
  }
  return complain("the GPU has no MIG profile '%s'; it has %s; correct MIG or MEMORY_MIB", name, known);
}

/* Tries every place for instance `next` and those after it; the largest come first. */
static int placed(struct gpu *gpu, unsigned next, unsigned used, unsigned slices) {
  if (next == gpu->instance_count) return 1;
  struct instance *instance = &gpu->instances[next];
  const struct profile *profile = profile_of(instance->profile);
  if (slices + profile->slices > config.mig_slices) return 0;
  for (unsigned i = profile->count; i-- > 0;) {
    unsigned start = profile->starts[i], mask = ((1u << profile->memory) - 1) << start;
    instance->start = start;
    if (!(used & mask) && placed(gpu, next + 1, used | mask, slices + profile->slices)) return 1;
  }
  return 0;
}

static int larger_first(const void *a, const void *b) {
  const struct profile *left = profile_of(((const struct instance *)a)->profile);
  const struct profile *right = profile_of(((const struct instance *)b)->profile);
  if (left->memory != right->memory) return (int)right->memory - (int)left->memory;
  return (int)right->slices - (int)left->slices;
}

/* "<profile>:<count>,..." to instances; "off" or nothing leaves the mode off, "empty" makes no instances. */
int make_instances(struct gpu *gpu, const char *layout) {
  char text[LINE], *rest = NULL;
  gpu->mode = config.mig_slices ? MIG_OFF : MIG_UNSUPPORTED;
  if (!*layout || !strcmp(layout, "off")) return OK;
  if (!config.mig_slices)
    return complain("MIG=%s, but the GPU does not support MIG; MIG_SLICES is 4 or 7 for one that does; set it", layout);
  gpu->mode = MIG_ON;
  if (!strcmp(layout, "empty")) return OK;
  snprintf(text, sizeof text, "%s", layout);
  for (char *item = strtok_r(text, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
    char *count = strchr(item, ':'), *end = NULL;
    if (count) *count++ = 0;
    unsigned long wanted = count ? strtoul(count, &end, 10) : 1;
    unsigned number = named(item);
    if (number == PROFILES) return no_such_profile(item);
    if (wanted < 1 || (end && (end == count || *end)) || gpu->instance_count + wanted > MAX_INSTANCES)
      return complain("MIG=%s: a count is a number from 1, and a GPU has at most %d instances; correct it", layout,
                      MAX_INSTANCES);
    for (; wanted; wanted--)
      gpu->instances[gpu->instance_count++] = (struct instance){.gpu = gpu->self.gpu, .profile = number};
  }
  qsort(gpu->instances, gpu->instance_count, sizeof *gpu->instances, larger_first);
  if (!placed(gpu, 0, 0, 0))
    return complain("MIG=%s does not fit on a GPU; it has %u compute and %d memory slices; ask for less", layout,
                    config.mig_slices, MEMORY_SLICES);
  for (unsigned i = 0; i < gpu->instance_count; i++) {
    gpu->instances[i].id = i + 1;
    gpu->mig[i] = (struct device){.gpu = gpu->self.gpu, .mig = (int)i};
    make_uuid(gpu->mig[i].uuid, sizeof gpu->mig[i].uuid, "MIG", gpu->self.gpu, (int)i);
  }
  return OK;
}
