/* The configuration file: what may be in it. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mock_nvml.h"

#define KEYS "GPUS, PRODUCT, MEMORY_MIB, COMPUTE, ARCHITECTURE, BRAND, PCI_DEVICE, DRIVER, CUDA, NODE, ADDRESSING, " \
             "MIG_SLICES, MIG, MIG.<gpu>, FABRIC, FAULTS"

struct config config;

struct choice { const char *word; unsigned value; };
static const struct choice slices[] = {{"0", 0}, {"4", 4}, {"7", 7}, {0, 0}};
static const struct choice architectures[] = {{"ampere", 7}, {"ada", 8}, {"hopper", 9}, {"blackwell", 10}, {0, 0}};
static const struct choice brands[] = {{"tesla", 2}, {"nvidia-rtx", 13}, {"nvidia", 14}, {0, 0}};
static const struct choice modes[] = {{"none", ADDRESSING_NONE}, {"hmm", ADDRESSING_HMM}, {"ats", ADDRESSING_ATS},
                                      {"unsupported", ADDRESSING_UNSUPPORTED}, {0, 0}};

int complain(const char *format, ...) {
  char text[2 * LINE];
  va_list rest;
  va_start(rest, format);
  vsnprintf(text, sizeof text, format, rest);
  va_end(rest);
  fprintf(stderr, "mock NVML: %s\n", text);
  return UNKNOWN;
}

static int whole(const char *text, unsigned long low, unsigned long high, int base, unsigned long *out) {
  char *end;
  errno = 0;
  *out = strtoul(text, &end, base);
  return isxdigit((unsigned char)*text) && !*end && !errno && *out >= low && *out <= high;
}

static int pair(const char *text, int *major, int *minor) {
  int used = 0;
  return sscanf(text, "%2d.%2d%n", major, minor, &used) == 2 && !text[used] && *major >= 0 && *minor >= 0;
}

static int chosen(const char *text, const struct choice *choices, unsigned *out) {
  for (; choices->word; choices++)
    if (!strcmp(text, choices->word)) return *out = choices->value, 1;
  return 0;
}

/* <cluster UUID>.<clique id>, as the label nvidia.com/gpu.clique has it. */
static int fabric(const char *text) {
  unsigned char *out = config.cluster;
  unsigned digits = 0;
  for (; *text && *text != '.'; text++) {
    if (*text == '-') continue;
    const char nibble[2] = {*text, 0};
    if (!isxdigit((unsigned char)*text) || digits >= 32) return 0;
    out[digits / 2] = (unsigned char)(out[digits / 2] << 4 | strtoul(nibble, 0, 16));
    digits++;
  }
  unsigned long clique;
  config.fabric = digits == 32 && *text == '.' && whole(text + 1, 0, UINT_MAX, 10, &clique);
  if (config.fabric) config.clique = (unsigned)clique;
  return config.fabric;
}

static int layout(const char *key, const char *value) {
  unsigned long gpu;
  if (!strcmp(key, "MIG")) {
    for (gpu = 0; gpu < MAX_GPUS; gpu++)
      if (!config.layout[gpu][0]) snprintf(config.layout[gpu], LINE, "%s", value);
    return 1;
  }
  if (!whole(key + 4, 0, MAX_GPUS - 1, 10, &gpu)) return 0;
  return snprintf(config.layout[gpu], LINE, "%s", value) < LINE;
}

static int fill(char *out, unsigned size, const char *value) { return *value && copy_text(out, size, value) == OK; }

/* 1 if the setting is understood, 0 if its value is wrong, -1 if there is no such key. */
static int set(const char *key, const char *value) {
  unsigned long number = 0;
  int minor = 0, good;
  if (!strcmp(key, "GPUS")) {
    good = whole(value, 0, MAX_GPUS, 10, &number);
    config.gpus = (unsigned)number;
  } else if (!strcmp(key, "MEMORY_MIB")) {
    good = whole(value, 1, 1ul << 30, 10, &number);
    config.memory_mib = number;
  } else if (!strcmp(key, "PCI_DEVICE")) {
    good = whole(value, 0, 0xFFFF, 16, &number);
    config.pci_device = (unsigned)number;
  } else if (!strcmp(key, "CUDA")) {
    good = pair(value, &config.cuda, &minor);
    config.cuda = config.cuda * 1000 + minor * 10;
  }
  else if (!strcmp(key, "PRODUCT")) good = fill(config.product, sizeof config.product, value);
  else if (!strcmp(key, "DRIVER")) good = fill(config.driver, sizeof config.driver, value);
  else if (!strcmp(key, "NODE")) good = fill(config.node, sizeof config.node, value);
  else if (!strcmp(key, "FAULTS")) good = fill(config.faults, sizeof config.faults, value);
  else if (!strcmp(key, "COMPUTE")) good = pair(value, &config.compute_major, &config.compute_minor);
  else if (!strcmp(key, "ARCHITECTURE")) good = chosen(value, architectures, &config.architecture);
  else if (!strcmp(key, "BRAND")) good = chosen(value, brands, &config.brand);
  else if (!strcmp(key, "ADDRESSING")) good = chosen(value, modes, &config.addressing);
  else if (!strcmp(key, "MIG_SLICES")) good = chosen(value, slices, &config.mig_slices);
  else if (!strcmp(key, "MIG") || !strncmp(key, "MIG.", 4)) good = layout(key, value);
  else if (!strcmp(key, "FABRIC")) good = fabric(value);
  else return -1;
  return good;
}

static int read_line(const char *path, unsigned number, char *line) {
  line[strcspn(line, "\r\n")] = 0;
  if (!*line || *line == '#') return OK;
  char *value = strchr(line, '=');
  if (!value)
    return complain("%s:%u: '%s' is no setting; lines are KEY=VALUE or start with #; correct it", path, number, line);
  *value++ = 0;
  int understood = set(line, value);
  if (understood < 0)
    return complain("%s:%u: unknown key '%s'; keys are " KEYS "; remove it or correct its name", path, number, line);
  if (!understood)
    return complain("%s:%u: '%s' is no value of %s; README.md of the mock lists what is allowed; correct it", path,
                    number, value, line);
  return OK;
}

int load_config(void) {
  char path[PATH_MAX], line[LINE];
  if (!find_config(path)) {
    complain("no configuration; it is " CONFIG_FILE " below a folder above the library; write it, or name it in "
             "MOCK_NVML_CONFIG");
    return DRIVER_NOT_LOADED;
  }
  config = (struct config){.gpus = 1, .product = "Mock GPU", .memory_mib = 81920, .compute_major = 9, .cuda = 13000,
                           .driver = "580.00", .architecture = 9, .brand = 14,
                           .addressing = ADDRESSING_UNSUPPORTED};
  gethostname(config.node, sizeof config.node - 1);
  const char *name = strrchr(path, '/');
  int folder = name ? (int)(name + 1 - path) : 0;
  if (snprintf(config.faults, sizeof config.faults, "%.*sfaults", folder, path) >= LINE)
    return complain("%s is too long a path; %d bytes are allowed; shorten it or set FAULTS", path, LINE);
  FILE *file = fopen(path, "r");
  if (!file) return complain("%s cannot be read; it must be readable; correct its rights", path);
  int result = OK;
  for (unsigned number = 1; result == OK && fgets(line, sizeof line, file); number++)
    result = read_line(path, number, line);
  fclose(file);
  return result;
}
