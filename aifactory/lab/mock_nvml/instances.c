/* GPU instances and the compute instances in them. Nothing can be created or destroyed. */
#include <stdio.h>

#include "mock_nvml.h"

/* Streaming multiprocessors of a slice: a stand-in, not a figure of any GPU; so are the counts of engines. */
enum { MULTIPROCESSORS = 16, COMPUTE_PROFILES = 8, NAME = 96 };

struct info { unsigned id, p2p, slices, instances; struct engines engines; uint64_t memory_mib; };
struct info_v2 {
  unsigned version, id, p2p, slices, instances;
  struct engines engines;
  uint64_t memory_mib;
  char name[NAME];
};
struct info_v3 {
  unsigned version, id, slices, instances;
  struct engines engines;
  uint64_t memory_mib;
  char name[NAME];
  unsigned capabilities;
};
struct compute_info { unsigned id, slices, instances; struct engines engines; };
struct compute_info_v2 { unsigned version; struct compute_info v1; char name[NAME]; };
struct compute_info_v3 { unsigned version; struct compute_info v1; char name[NAME]; unsigned capabilities; };
struct placement { unsigned start, size; };
struct instance_info { struct device *device; unsigned id, profile; struct placement placement; };
struct compute_instance_info {
  struct device *device;
  struct instance *parent;
  unsigned id, profile;
  struct placement placement;
};

/* Slices of NVML's COMPUTE_INSTANCE_PROFILE_*; the number is also the profile's id. Revisions are left out. */
static const unsigned compute_slices[COMPUTE_PROFILES] = {1, 2, 3, 4, 7, 8, 6, 0};

struct engines engines_of(unsigned slices) {
  return (struct engines){.multiprocessors = slices * MULTIPROCESSORS, .copy = slices, .decoder = slices, .jpeg = slices,
                          .ofa = slices == config.mig_slices};
}

static unsigned compute_profile(unsigned slices) {
  unsigned number = 0;
  while (number < COMPUTE_PROFILES - 1 && compute_slices[number] != slices) number++;
  return number;
}

static int is_instance(const struct instance *instance) {
  for (unsigned i = 0; i < config.gpus; i++)
    for (unsigned j = 0; j < gpus[i].instance_count; j++)
      if (instance == &gpus[i].instances[j]) return 1;
  return 0;
}

#define INSTANCE(i, out) do { READY(); if (!is_instance(i) || !(out)) return INVALID_ARGUMENT; } while (0)

API int nvmlDeviceGetGpuInstanceProfileInfo(struct device *d, unsigned number, struct info *out) {
  GPU(d, out);
  if (number >= PROFILES) return INVALID_ARGUMENT;
  const struct profile *profile = profile_of(number);
  if (!profile) return NOT_SUPPORTED;
  *out = (struct info){profile->id, 0, profile->slices, profile->count, engines_of(profile->slices),
                               profile_memory_mib(profile)};
  return OK;
}

API int nvmlDeviceGetGpuInstanceProfileInfoV(struct device *d, unsigned number, void *out) {
  struct info v1;
  char name[PROFILE_NAME];
  GPU(d, out);
  int result = nvmlDeviceGetGpuInstanceProfileInfo(d, number, &v1);
  if (result != OK) return result;
  profile_name(profile_of(number), number, name, sizeof name);
  unsigned version = *(unsigned *)out;
  if (version == STRUCT_VERSION(struct info_v2, 2)) {
    struct info_v2 *info = out;
    *info = (struct info_v2){.version = version, .id = v1.id, .slices = v1.slices, .instances = v1.instances,
                                     .engines = v1.engines, .memory_mib = v1.memory_mib};
    return copy_text(info->name, sizeof info->name, name);
  }
  if (version != STRUCT_VERSION(struct info_v3, 3)) return VERSION_MISMATCH;
  struct info_v3 *info = out;
  *info = (struct info_v3){.version = version, .id = v1.id, .slices = v1.slices, .instances = v1.instances,
                                   .engines = v1.engines, .memory_mib = v1.memory_mib};
  return copy_text(info->name, sizeof info->name, name);
}

API int nvmlDeviceGetGpuInstancePossiblePlacements_v2(struct device *d, unsigned id, struct placement *out,
                                                      unsigned *count) {
  GPU(d, count);
  for (unsigned number = 0; number < PROFILES; number++) {
    const struct profile *profile = profile_of(number);
    if (!profile || profile->id != id) continue;
    if (out && *count < profile->count) return INSUFFICIENT_SIZE;
    *count = profile->count;
    for (unsigned i = 0; out && i < profile->count; i++)
      out[i] = (struct placement){profile->starts[i], profile->memory};
    return OK;
  }
  return NOT_SUPPORTED;
}

API int nvmlDeviceGetGpuInstances(struct device *d, unsigned id, struct instance **out, unsigned *count) {
  GPU(d, out && count);
  struct gpu *gpu = &gpus[d->gpu];
  *count = 0;
  for (unsigned i = 0; i < gpu->instance_count; i++)
    if (profile_of(gpu->instances[i].profile)->id == id) out[(*count)++] = &gpu->instances[i];
  return OK;
}

API int nvmlDeviceGetGpuInstanceById(struct device *d, unsigned id, struct instance **out) {
  GPU(d, out);
  if (id < 1 || id > gpus[d->gpu].instance_count) return NOT_FOUND;
  *out = &gpus[d->gpu].instances[id - 1];
  return OK;
}

API int nvmlGpuInstanceGetInfo(struct instance *i, struct instance_info *out) {
  INSTANCE(i, out);
  const struct profile *profile = profile_of(i->profile);
  *out = (struct instance_info){&gpus[i->gpu].self, i->id, profile->id, {i->start, profile->memory}};
  return OK;
}

API int nvmlGpuInstanceGetComputeInstanceProfileInfo(struct instance *i, unsigned number, unsigned engine,
                                                     struct compute_info *out) {
  INSTANCE(i, out);
  if (number >= COMPUTE_PROFILES || engine) return INVALID_ARGUMENT;
  unsigned slices = compute_slices[number], whole = profile_of(i->profile)->slices;
  if (!slices || slices > whole) return NOT_SUPPORTED;
  *out = (struct compute_info){number, slices, whole / slices, engines_of(slices)};
  return OK;
}

API int nvmlGpuInstanceGetComputeInstanceProfileInfoV(struct instance *i, unsigned number, unsigned engine, void *out) {
  struct compute_info v1;
  INSTANCE(i, out);
  int result = nvmlGpuInstanceGetComputeInstanceProfileInfo(i, number, engine, &v1);
  if (result != OK) return result;
  unsigned version = *(unsigned *)out;
  int third = version == STRUCT_VERSION(struct compute_info_v3, 3);
  if (!third && version != STRUCT_VERSION(struct compute_info_v2, 2)) return VERSION_MISMATCH;
  struct compute_info_v3 *info = out; /* v3 is v2 with one more field */
  info->v1 = v1;
  profile_name(profile_of(i->profile), i->profile, info->name, sizeof info->name);
  if (third) info->capabilities = 0;
  return OK;
}

API int nvmlGpuInstanceGetComputeInstanceById(struct instance *i, unsigned id, struct instance **out) {
  INSTANCE(i, out);
  if (id) return NOT_FOUND;
  *out = i; /* the handle of its one compute instance */
  return OK;
}

API int nvmlComputeInstanceGetInfo_v2(struct instance *i, struct compute_instance_info *out) {
  INSTANCE(i, out);
  unsigned slices = profile_of(i->profile)->slices;
  *out = (struct compute_instance_info){&gpus[i->gpu].mig[i->id - 1], i, 0, compute_profile(slices), {0, slices}};
  return OK;
}
