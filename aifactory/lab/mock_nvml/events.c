/* Health events: lines of the faults file, each reported once to every event set while it stands. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mock_nvml.h"

enum { MAX_FAULTS = 64, POLL_MS = 100 };

struct fault { unsigned gpu; uint64_t xid; unsigned instance, compute; };
struct event_data { struct device *device; uint64_t type, data; unsigned instance, compute; };

/* What callers hold as nvmlEventSet_t. */
struct event_set {
  unsigned gpus; /* registered GPUs, one bit each */
  struct fault reported[MAX_FAULTS];
  unsigned count;
  int complained;
};

static int same(const struct fault *a, const struct fault *b) {
  return a->gpu == b->gpu && a->xid == b->xid && a->instance == b->instance && a->compute == b->compute;
}

static int among(const struct fault *fault, const struct fault *list, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    if (same(fault, &list[i])) return 1;
  return 0;
}

static unsigned standing(struct event_set *set, struct fault *out) {
  char line[LINE];
  unsigned count = 0, number = 0;
  FILE *file = fopen(config.faults, "r"); /* no file is no fault */
  while (file && count < MAX_FAULTS && fgets(line, sizeof line, file)) {
    struct fault fault = {.instance = NO_INSTANCE, .compute = NO_INSTANCE};
    unsigned long long xid = 0;
    number++;
    if (*line == '#' || *line == '\n') continue;
    int fields = sscanf(line, "%u %llu %u %u", &fault.gpu, &xid, &fault.instance, &fault.compute);
    fault.xid = xid;
    if ((fields == 2 || fields == 4) && fault.gpu < config.gpus) out[count++] = fault;
    else if (!set->complained++)
      complain("%s:%u: is no fault; lines are GPU XID or GPU XID INSTANCE COMPUTE, with a GPU below %u; correct it",
               config.faults, number, config.gpus);
  }
  if (file) fclose(file);
  return count;
}

/* The next fault that the set has not reported; one that was cleared is forgotten, and reported again if it returns. */
static int next(struct event_set *set, struct fault *out) {
  struct fault now[MAX_FAULTS];
  unsigned count = standing(set, now), kept = 0;
  for (unsigned i = 0; i < set->count; i++)
    if (among(&set->reported[i], now, count)) set->reported[kept++] = set->reported[i];
  set->count = kept;
  for (unsigned i = 0; i < count; i++) {
    if (!(set->gpus & 1u << now[i].gpu) || among(&now[i], set->reported, set->count)) continue;
    *out = set->reported[set->count++] = now[i];
    return 1;
  }
  return 0;
}

API int nvmlEventSetCreate(struct event_set **out) {
  READY();
  if (!out) return INVALID_ARGUMENT;
  *out = calloc(1, sizeof **out);
  return *out ? OK : OUT_OF_MEMORY;
}

API int nvmlEventSetFree(struct event_set *set) {
  if (!set) return INVALID_ARGUMENT;
  free(set);
  return OK;
}

API int nvmlDeviceGetSupportedEventTypes(struct device *d, uint64_t *out) {
  GPU(d, out);
  *out = XID_CRITICAL;
  return OK;
}

API int nvmlDeviceRegisterEvents(struct device *d, uint64_t types, struct event_set *set) {
  GPU(d, set);
  if (types & ~(uint64_t)XID_CRITICAL) return NOT_SUPPORTED;
  if (types) set->gpus |= 1u << d->gpu;
  return OK;
}

/* Blocks up to the timeout; a client that got an answer at once would spin. */
API int nvmlEventSetWait_v2(struct event_set *set, struct event_data *out, unsigned timeout_ms) {
  READY();
  if (!set || !out) return INVALID_ARGUMENT;
  for (unsigned waited_ms = 0;; waited_ms += POLL_MS) {
    struct fault fault;
    if (next(set, &fault)) {
      *out = (struct event_data){&gpus[fault.gpu].self, XID_CRITICAL, fault.xid, fault.instance, fault.compute};
      return OK;
    }
    if (waited_ms >= timeout_ms) return TIMED_OUT;
    nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    READY();
  }
}
