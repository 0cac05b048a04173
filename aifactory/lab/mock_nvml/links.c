/* How GPUs are linked: PCI topology and the NVLink fabric. */
#include <string.h>

#include "mock_nvml.h"

enum { SAME_DEVICE = 0, HOST_BRIDGE = 30, FABRIC_COMPLETED = 3, FABRIC_HEALTHY = 1 };

struct fabric {
  unsigned char cluster[16];
  int status;
  unsigned clique;
  unsigned char state;
};

struct fabric_v2 {
  unsigned version;
  unsigned char cluster[16];
  int status;
  unsigned clique;
  unsigned char state;
  unsigned health_mask;
};

struct fabric_v3 {
  unsigned version;
  unsigned char cluster[16];
  int status;
  unsigned clique;
  unsigned char state;
  unsigned health_mask;
  unsigned char health_summary;
};

API int nvmlDeviceGetTopologyCommonAncestor(struct device *a, struct device *b, unsigned *out) {
  GPU(a, out);
  if (!is_gpu(b)) return INVALID_ARGUMENT;
  *out = a == b ? SAME_DEVICE : HOST_BRIDGE;
  return OK;
}

/* Links of one GPU to another are not modelled: with NVSwitches between them, none is direct. */
API int nvmlDeviceGetNvLinkState(struct device *d, unsigned link, unsigned *out) {
  GPU(d, out);
  (void)link;
  return NOT_SUPPORTED;
}

API int nvmlDeviceGetNvLinkRemotePciInfo_v2(struct device *d, unsigned link, struct pci_info *out) {
  GPU(d, out);
  (void)link;
  return NOT_SUPPORTED;
}

API int nvmlDeviceGetGpuFabricInfo(struct device *d, struct fabric *out) {
  GPU(d, out);
  if (!config.fabric) return NOT_SUPPORTED;
  *out = (struct fabric){.status = OK, .clique = config.clique, .state = FABRIC_COMPLETED};
  memcpy(out->cluster, config.cluster, sizeof out->cluster);
  return OK;
}

API int nvmlDeviceGetGpuFabricInfoV(struct device *d, struct fabric_v3 *out) {
  GPU(d, out);
  if (!config.fabric) return NOT_SUPPORTED;
  int third = out->version == STRUCT_VERSION(struct fabric_v3, 3);
  if (!third && out->version != STRUCT_VERSION(struct fabric_v2, 2)) return VERSION_MISMATCH;
  memcpy(out->cluster, config.cluster, sizeof out->cluster); /* v3 is v2 with one more field */
  out->status = OK;
  out->clique = config.clique;
  out->state = FABRIC_COMPLETED;
  out->health_mask = 0;
  if (third) out->health_summary = FABRIC_HEALTHY;
  return OK;
}
