/*
 * Where the configuration is. Alone in its file: what dladdr needs would make the rest of the library ask for
 * functions of a newer C library than the nodes have.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mock_nvml.h"

/* The file that MOCK_NVML_CONFIG names, or etc/mock-nvml.conf below the nearest folder above this library. */
int find_config(char *path) {
  const char *named = getenv("MOCK_NVML_CONFIG");
  if (named && *named) return snprintf(path, PATH_MAX, "%s", named) < PATH_MAX && !access(path, R_OK);
  Dl_info self;
  char library[PATH_MAX];
  if (!dladdr((void *)&config, &self) || !self.dli_fname || !realpath(self.dli_fname, library)) return 0;
  for (char *folder = dirname(library);; folder = dirname(folder)) {
    const char *base = strcmp(folder, "/") ? folder : "";
    if (snprintf(path, PATH_MAX, "%s/" CONFIG_FILE, base) < PATH_MAX && !access(path, R_OK)) return 1;
    if (!*base) return 0;
  }
}
