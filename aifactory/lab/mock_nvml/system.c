/* The library itself: start and end, versions, the texts of its errors. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "mock_nvml.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned references;

int initialised(void) { return __atomic_load_n(&references, __ATOMIC_ACQUIRE) > 0; }

int copy_text(char *out, unsigned size, const char *value) {
  if (!out) return INVALID_ARGUMENT;
  if (strlen(value) >= size) return INSUFFICIENT_SIZE;
  strcpy(out, value);
  return OK;
}

/* The configuration is read when the first user comes, so that a client that starts again sees a changed one. */
API int nvmlInitWithFlags(unsigned flags) {
  (void)flags;
  pthread_mutex_lock(&lock);
  int result = OK;
  if (!references && (result = load_config()) == OK) result = make_gpus();
  if (result == OK) __atomic_add_fetch(&references, 1, __ATOMIC_ACQ_REL);
  pthread_mutex_unlock(&lock);
  return result;
}

API int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
API int nvmlInit(void) { return nvmlInitWithFlags(0); }

API int nvmlShutdown(void) {
  pthread_mutex_lock(&lock);
  int result = references ? OK : UNINITIALIZED;
  if (references) __atomic_sub_fetch(&references, 1, __ATOMIC_ACQ_REL);
  pthread_mutex_unlock(&lock);
  return result;
}

API const char *nvmlErrorString(int code) {
  switch (code) {
    case OK: return "Success";
    case UNINITIALIZED: return "Uninitialized";
    case INVALID_ARGUMENT: return "Invalid Argument";
    case NOT_SUPPORTED: return "Not Supported";
    case NOT_FOUND: return "Not Found";
    case INSUFFICIENT_SIZE: return "Insufficient Size";
    case DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case TIMED_OUT: return "Timeout";
    case OUT_OF_MEMORY: return "Insufficient Memory";
    case VERSION_MISMATCH: return "Argument Version Mismatch";
    default: return "Unknown Error";
  }
}

API int nvmlSystemGetDriverVersion(char *out, unsigned size) {
  READY();
  return copy_text(out, size, config.driver);
}

API int nvmlSystemGetNVMLVersion(char *out, unsigned size) {
  READY();
  char version[96];
  snprintf(version, sizeof version, "%d.%s", config.cuda / 1000, config.driver);
  return copy_text(out, size, version);
}

API int nvmlSystemGetCudaDriverVersion(int *out) {
  READY();
  if (!out) return INVALID_ARGUMENT;
  *out = config.cuda;
  return OK;
}

API int nvmlSystemGetCudaDriverVersion_v2(int *out) { return nvmlSystemGetCudaDriverVersion(out); }
