/*
 * A mock of NVIDIA's management library (NVML): what its parts share. No GPU and no driver is behind it.
 *
 * Names, integer codes and struct layouts are those of NVML's public ABI; README.md lists what is implemented.
 */
#ifndef MOCK_NVML_H
#define MOCK_NVML_H

#include <stdint.h>

#define API __attribute__((visibility("default")))

enum result {
  OK = 0,
  UNINITIALIZED = 1,
  INVALID_ARGUMENT = 2,
  NOT_SUPPORTED = 3,
  NOT_FOUND = 6,
  INSUFFICIENT_SIZE = 7,
  DRIVER_NOT_LOADED = 9,
  TIMED_OUT = 10,
  OUT_OF_MEMORY = 20,
  VERSION_MISMATCH = 25,
  UNKNOWN = 999,
};

enum limit { MAX_GPUS = 16, MAX_INSTANCES = 8, MEMORY_SLICES = 8, PROFILES = 17, PROFILE_NAME = 48, LINE = 512 };
enum addressing { ADDRESSING_NONE = 0, ADDRESSING_HMM = 1, ADDRESSING_ATS = 2, ADDRESSING_UNSUPPORTED = 3 };
enum mig_mode { MIG_UNSUPPORTED = -1, MIG_OFF = 0, MIG_ON = 1 };
enum event { XID_CRITICAL = 8 };

/* A version of a versioned struct: its size, and the version in the high byte. */
#define STRUCT_VERSION(type, version) ((unsigned)(sizeof(type) | (unsigned)(version) << 24))
#define NO_INSTANCE 0xFFFFFFFFu

/* What callers hold as nvmlDevice_t: a GPU, or a MIG device of one. */
struct device {
  unsigned gpu;  /* index of the GPU */
  int mig;       /* index of the MIG device on it; -1 for the GPU itself */
  char uuid[48];
};

/* A GPU instance, nvmlGpuInstance_t; it holds one compute instance of its whole size. */
struct instance {
  unsigned gpu, id, profile; /* profile: NVML's GPU_INSTANCE_PROFILE_* */
  unsigned start;            /* first memory slice */
};

struct gpu {
  struct device self, mig[MAX_INSTANCES];
  struct instance instances[MAX_INSTANCES];
  unsigned instance_count;
  enum mig_mode mode;
  unsigned bus;
  char bus_id[32];
};

struct config {
  unsigned gpus;
  char product[96], driver[80], node[128], faults[LINE];
  uint64_t memory_mib;
  int compute_major, compute_minor, cuda; /* cuda: 1000 * major + 10 * minor */
  unsigned architecture, brand, pci_device;
  enum addressing addressing;
  unsigned mig_slices; /* compute slices of a GPU that supports MIG; 0 for one that does not */
  int fabric;          /* whether the GPUs are in an NVLink domain */
  unsigned char cluster[16];
  unsigned clique;
  char layout[MAX_GPUS][LINE]; /* MIG layout of each GPU; empty means the mode is off */
};

struct pci_info {
  char legacy[16];
  unsigned domain, bus, device, device_id, subsystem_id;
  char id[32];
};

/* A kind of GPU instance. */
struct profile {
  unsigned slices, memory, id; /* compute and memory slices; the id that nvidia-smi shows */
  unsigned count;              /* instances of it that fit on a GPU */
  unsigned starts[7];          /* memory slices where one may begin: `count` of them */
};

/* Engines of an instance. */
struct engines { unsigned multiprocessors, copy, decoder, encoder, jpeg, ofa; };

extern struct config config;
extern struct gpu gpus[MAX_GPUS];

#define CONFIG_FILE "etc/mock-nvml.conf"

int find_config(char *path);                           /* PATH_MAX bytes; whether there is one */
int load_config(void);                                 /* OK, DRIVER_NOT_LOADED without a file, UNKNOWN if wrong */
int make_gpus(void);                                   /* from the configuration; OK, or UNKNOWN if wrong */
int make_instances(struct gpu *gpu, const char *layout); /* OK, or UNKNOWN if there is no such layout */
void make_uuid(char *out, unsigned size, const char *kind, unsigned gpu, int mig);
int complain(const char *format, ...) __attribute__((format(printf, 1, 2))); /* to stderr; always UNKNOWN */
int copy_text(char *out, unsigned size, const char *value);
int initialised(void);
int is_device(const struct device *device);            /* a GPU or a MIG device of this library */
int is_gpu(const struct device *device);
const struct profile *profile_of(unsigned number);     /* NULL where the GPUs have none of this number */
uint64_t profile_memory_mib(const struct profile *profile);
struct engines engines_of(unsigned slices);
void profile_name(const struct profile *profile, unsigned number, char *out, unsigned size);

#define READY() do { if (!initialised()) return UNINITIALIZED; } while (0)
#define DEVICE(d, out) do { READY(); if (!is_device(d) || !(out)) return INVALID_ARGUMENT; } while (0)
#define GPU(d, out) do { READY(); if (!is_gpu(d) || !(out)) return INVALID_ARGUMENT; } while (0)

#endif
