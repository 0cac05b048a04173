/* MIG devices: which there are, and what they are of. */
#include "mock_nvml.h"

struct attributes {
  unsigned multiprocessors, copy, decoder, encoder, jpeg, ofa, gpu_slices, compute_slices;
  uint64_t memory_mib;
};

static struct instance *instance_of(const struct device *d) { return &gpus[d->gpu].instances[d->mig]; }

#define MIG_DEVICE(d, out) do { DEVICE(d, out); if ((d)->mig < 0) return INVALID_ARGUMENT; } while (0)

API int nvmlDeviceGetMigMode(struct device *d, unsigned *current, unsigned *pending) {
  GPU(d, current && pending);
  enum mig_mode mode = gpus[d->gpu].mode;
  if (mode == MIG_UNSUPPORTED) return NOT_SUPPORTED;
  *current = *pending = (unsigned)mode;
  return OK;
}

API int nvmlDeviceGetMaxMigDeviceCount(struct device *d, unsigned *out) {
  GPU(d, out);
  *out = config.mig_slices;
  return OK;
}

API int nvmlDeviceGetMigDeviceHandleByIndex(struct device *d, unsigned index, struct device **out) {
  GPU(d, out);
  if (index >= config.mig_slices) return INVALID_ARGUMENT;
  if (index >= gpus[d->gpu].instance_count) return NOT_FOUND;
  *out = &gpus[d->gpu].mig[index];
  return OK;
}

API int nvmlDeviceIsMigDeviceHandle(struct device *d, unsigned *out) {
  DEVICE(d, out);
  *out = d->mig >= 0;
  return OK;
}

API int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(struct device *d, struct device **out) {
  MIG_DEVICE(d, out);
  *out = &gpus[d->gpu].self;
  return OK;
}

API int nvmlDeviceGetGpuInstanceId(struct device *d, unsigned *out) {
  MIG_DEVICE(d, out);
  *out = instance_of(d)->id;
  return OK;
}

API int nvmlDeviceGetComputeInstanceId(struct device *d, unsigned *out) {
  MIG_DEVICE(d, out);
  *out = 0; /* the only one of its GPU instance */
  return OK;
}

API int nvmlDeviceGetAttributes_v2(struct device *d, struct attributes *out) {
  DEVICE(d, out);
  if (d->mig < 0) return NOT_SUPPORTED;
  const struct profile *profile = profile_of(instance_of(d)->profile);
  struct engines engines = engines_of(profile->slices);
  *out = (struct attributes){engines.multiprocessors, engines.copy, engines.decoder, engines.encoder, engines.jpeg,
                             engines.ofa, profile->slices, profile->slices, profile_memory_mib(profile)};
  return OK;
}
