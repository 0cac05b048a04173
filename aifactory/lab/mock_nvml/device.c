/* GPUs: how they are found, and what they say of themselves. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mock_nvml.h"

enum { FIRST_BUS = 0x10, NVIDIA_VENDOR = 0x10de };

struct memory { uint64_t total, free, used; };
struct memory_v2 { unsigned version; uint64_t total, reserved, free, used; };
struct addressing_mode { unsigned version, value; };

struct gpu gpus[MAX_GPUS];

static uint64_t hashed(const char *text, uint64_t salt) { /* FNV-1a, stirred */
  uint64_t hash = 14695981039346656037ull ^ salt * 0x9E3779B97F4A7C15ull;
  for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 1099511628211ull;
  hash = (hash ^ hash >> 33) * 0xFF51AFD7ED558CCDull;
  return hash ^ hash >> 29;
}

/* The same after every start, and another for every node, GPU and MIG device. */
void make_uuid(char *out, unsigned size, const char *kind, unsigned gpu, int mig) {
  uint64_t salt = (uint64_t)(gpu + 1) << 16 | (uint64_t)(mig + 1) << 1;
  uint64_t high = hashed(config.node, salt), low = hashed(config.node, salt + 1);
  snprintf(out, size, "%s-%08x-%04x-4%03x-%04x-%012llx", kind, (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xFFFF,
           (unsigned)high & 0xFFF, (unsigned)(0x8000 | (low >> 48 & 0x3FFF)),
           (unsigned long long)(low & 0xFFFFFFFFFFFFull));
}

int make_gpus(void) {
  memset(gpus, 0, sizeof gpus);
  for (unsigned i = 0; i < config.gpus; i++) {
    struct gpu *gpu = &gpus[i];
    gpu->self = (struct device){.gpu = i, .mig = -1};
    gpu->bus = FIRST_BUS + i;
    make_uuid(gpu->self.uuid, sizeof gpu->self.uuid, "GPU", i, -1);
    snprintf(gpu->bus_id, sizeof gpu->bus_id, "00000000:%02X:00.0", gpu->bus);
    int result = make_instances(gpu, config.layout[i]);
    if (result != OK) return result;
  }
  return OK;
}

int is_gpu(const struct device *device) {
  for (unsigned i = 0; i < config.gpus; i++)
    if (device == &gpus[i].self) return 1;
  return 0;
}

int is_device(const struct device *device) {
  for (unsigned i = 0; i < config.gpus; i++)
    for (unsigned j = 0; j < gpus[i].instance_count; j++)
      if (device == &gpus[i].mig[j]) return 1;
  return is_gpu(device);
}

API int nvmlDeviceGetCount_v2(unsigned *out) {
  READY();
  if (!out) return INVALID_ARGUMENT;
  *out = config.gpus;
  return OK;
}

API int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct device **out) {
  READY();
  if (!out || index >= config.gpus) return INVALID_ARGUMENT;
  *out = &gpus[index].self;
  return OK;
}

API int nvmlDeviceGetHandleByUUID(const char *uuid, struct device **out) {
  READY();
  if (!out || !uuid) return INVALID_ARGUMENT;
  for (unsigned i = 0; i < config.gpus; i++) {
    if (!strcmp(uuid, gpus[i].self.uuid)) return *out = &gpus[i].self, OK;
    for (unsigned j = 0; j < gpus[i].instance_count; j++)
      if (!strcmp(uuid, gpus[i].mig[j].uuid)) return *out = &gpus[i].mig[j], OK;
  }
  return NOT_FOUND;
}

/* Domains of four digits and of eight are both understood, as in NVML. */
API int nvmlDeviceGetHandleByPciBusId_v2(const char *id, struct device **out) {
  READY();
  if (!out || !id) return INVALID_ARGUMENT;
  for (unsigned i = 0; i < config.gpus; i++)
    if (!strcasecmp(id, gpus[i].bus_id) || !strcasecmp(id, gpus[i].bus_id + 4)) return *out = &gpus[i].self, OK;
  return NOT_FOUND;
}

API int nvmlDeviceGetIndex(struct device *d, unsigned *out) {
  DEVICE(d, out);
  *out = d->mig < 0 ? d->gpu : (unsigned)d->mig;
  return OK;
}

API int nvmlDeviceGetMinorNumber(struct device *d, unsigned *out) {
  GPU(d, out);
  *out = d->gpu;
  return OK;
}

API int nvmlDeviceGetName(struct device *d, char *out, unsigned size) {
  DEVICE(d, out);
  if (d->mig < 0) return copy_text(out, size, config.product);
  const struct instance *instance = &gpus[d->gpu].instances[d->mig];
  char profile[PROFILE_NAME], name[160];
  profile_name(profile_of(instance->profile), instance->profile, profile, sizeof profile);
  snprintf(name, sizeof name, "%s MIG %s", config.product, profile);
  return copy_text(out, size, name);
}

API int nvmlDeviceGetUUID(struct device *d, char *out, unsigned size) {
  DEVICE(d, out);
  return copy_text(out, size, d->uuid);
}

API int nvmlDeviceGetPciInfo_v3(struct device *d, struct pci_info *out) {
  DEVICE(d, out);
  const struct gpu *gpu = &gpus[d->gpu];
  *out = (struct pci_info){.bus = gpu->bus, .device_id = config.pci_device << 16 | NVIDIA_VENDOR};
  snprintf(out->legacy, sizeof out->legacy, "%s", gpu->bus_id + 4);
  snprintf(out->id, sizeof out->id, "%s", gpu->bus_id);
  return OK;
}

static uint64_t memory_of(const struct device *d) {
  if (d->mig < 0) return config.memory_mib << 20;
  return profile_memory_mib(profile_of(gpus[d->gpu].instances[d->mig].profile)) << 20;
}

API int nvmlDeviceGetMemoryInfo(struct device *d, struct memory *out) {
  DEVICE(d, out);
  *out = (struct memory){.total = memory_of(d), .free = memory_of(d)};
  return OK;
}

API int nvmlDeviceGetMemoryInfo_v2(struct device *d, struct memory_v2 *out) {
  DEVICE(d, out);
  if (out->version != STRUCT_VERSION(struct memory_v2, 2)) return VERSION_MISMATCH;
  *out = (struct memory_v2){.version = out->version, .total = memory_of(d), .free = memory_of(d)};
  return OK;
}

API int nvmlDeviceGetCudaComputeCapability(struct device *d, int *major, int *minor) {
  DEVICE(d, major && minor);
  *major = config.compute_major;
  *minor = config.compute_minor;
  return OK;
}

API int nvmlDeviceGetBrand(struct device *d, unsigned *out) {
  DEVICE(d, out);
  *out = config.brand;
  return OK;
}

API int nvmlDeviceGetArchitecture(struct device *d, unsigned *out) {
  DEVICE(d, out);
  *out = config.architecture;
  return OK;
}

API int nvmlDeviceGetVirtualizationMode(struct device *d, unsigned *out) {
  DEVICE(d, out);
  *out = 0; /* bare metal */
  return OK;
}

API int nvmlDeviceGetAddressingMode(struct device *d, struct addressing_mode *out) {
  GPU(d, out);
  if (config.addressing == ADDRESSING_UNSUPPORTED) return NOT_SUPPORTED;
  if (out->version != STRUCT_VERSION(struct addressing_mode, 1)) return VERSION_MISMATCH;
  out->value = config.addressing;
  return OK;
}
