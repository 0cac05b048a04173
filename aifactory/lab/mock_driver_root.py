"""The driver root of a mock GPU node, as the shell script that lays it out. Pure.

Device numbers are of the majors that Linux keeps for local use (Documentation/admin-guide/devices.txt, character
devices 120-127): no driver answers there, not even on a machine that has a real GPU.
"""

import shlex
from collections.abc import Iterable

STAGED_LIBRARY = "/var/lib/aifactory-mock-nvml.so"
"""Where the library is put on a node before the script is run; /tmp is a file system of its own in a kind node."""
GPU_MAJOR = 120
CAPS_MAJOR = 121
CONTROL_MINORS = {"nvidiactl": 255, "nvidia-modeset": 254, "nvidia-uvm-tools": 253, "nvidia-uvm": 252}
CLASS_3D = "0x030200"
"""PCI class of a 3D controller: a GPU in compute mode."""

_HEAD = """\
# Lays out a mock NVIDIA driver: it reports GPUs, and drives none.
set -eu
umask 022
root={root}
library={library}
version={version}
changed=
mkdir -p "$root/dev"
case "$(uname -m)" in
  aarch64|arm64) folder=$root/usr/lib/aarch64-linux-gnu ;;
  *) folder=$root/usr/lib/x86_64-linux-gnu ;;
esac
# put <file> <mode>: the file has what comes in; written only if it differs.
put() {{
  mkdir -p "${{1%/*}}"
  cat > "$1.new"
  chmod "$2" "$1.new"
  if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv -f "$1.new" "$1"; changed=yes; fi
}}
# node <file> <major> <minor>
node() {{
  if [ ! -c "$1" ]; then mknod -m 666 "$1" c "$2" "$3"; changed=yes; fi
}}
# link <file> <target>
link() {{
  if [ "$(readlink "$1" || :)" != "$2" ]; then ln -sfn "$2" "$1"; changed=yes; fi
}}
put "$folder/libnvidia-ml.so.$version" 755 < "$library"
for old in "$folder"/libnvidia-ml.so.*.*; do
  if [ "$old" != "$folder/libnvidia-ml.so.$version" ]; then rm -f "$old"; fi
done
link "$folder/libnvidia-ml.so.1" "libnvidia-ml.so.$version"
"""
_SMI = """\
#!/bin/sh
echo "This is a mock of nvidia-smi: no GPU and no NVIDIA driver is on this node."
config=$(dirname "$0")/../../etc/mock-nvml.conf
if [ -r "$config" ]; then cat "$config"; fi
if [ $# -gt 0 ]; then echo "mock nvidia-smi: it can do nothing, so not '$*' either" >&2; exit 1; fi
"""
_HOOK = """\
#!/bin/sh
# Stands for nvidia-cdi-hook: there are no driver libraries to link into a container, so there is nothing to do.
exit 0
"""


def root_script(
    *,
    root: str,
    library: str,
    version: str,
    config: str,
    machine: str,
    bus_ids: tuple[str, ...],
    pci_device: str,
    gpus: int,
    instances: int,
) -> str:
    """The script; see :func:`aifactory.lab.mock_driver.driver_root_script`.

    Args:
        root: The driver root.
        library: The compiled library.
        version: Version of the driver, part of the library's file name.
        config: Content of ``etc/mock-nvml.conf``.
        machine: Content of ``etc/machine-type``.
        bus_ids: PCI address of each GPU; none leaves the mock without PCI devices.
        pci_device: PCI device id, four hexadecimal digits.
        gpus: GPUs of the node.
        instances: MIG devices of each GPU; their ids are 1 to this number.
    """
    parts = [
        _HEAD.format(root=shlex.quote(root), library=shlex.quote(library), version=shlex.quote(version)),
        _put("etc/mock-nvml.conf", config),
        _put("etc/machine-type", f"{machine}\n"),
        _put("usr/bin/nvidia-smi", _SMI, mode=755),
        _put("usr/bin/nvidia-cdi-hook", _HOOK, mode=755),
        _devices(gpus),
        _capabilities(gpus, instances),
        _pci(bus_ids, pci_device),
        'if [ -n "$changed" ]; then echo changed; else echo "as before"; fi\n',
    ]
    return "".join(parts)


def minors(gpus: int, instances: int) -> str:
    """The file ``mig-minors`` of the driver: the minor number of each MIG capability (NVIDIA's MIG user guide)."""
    lines = ["config 1", "monitor 2"]
    for gpu in range(gpus):
        for instance in range(1, instances + 1):
            for capability in ("access", "ci0/access"):
                lines.append(f"gpu{gpu}/gi{instance}/{capability} {len(lines) + 1}")
    return "\n".join([*lines, ""])


def _put(path: str, content: str, mode: int = 644) -> str:
    assert "\nEND_OF_FILE\n" not in content  # noqa: S101 - all contents are made here
    return f"put \"$root/{path}\" {mode} <<'END_OF_FILE'\n{content}END_OF_FILE\n"


def _devices(gpus: int) -> str:
    numbers = {f"nvidia{index}": index for index in range(gpus)} | CONTROL_MINORS
    lines = [f'node "$root/dev/{name}" {GPU_MAJOR} {minor}' for name, minor in numbers.items()]
    return "\n".join([_swept("$root/dev", numbers, "nvidia[0-9]*"), *lines, ""])


def _capabilities(gpus: int, instances: int) -> str:
    """Device nodes and minor numbers of MIG, where there are MIG devices."""
    if not instances:
        return 'rm -rf "$root/proc/driver/nvidia-caps" "$root/dev/nvidia-caps"\n'
    content = minors(gpus, instances)
    last = content.count("\n")
    return (
        _put("proc/driver/nvidia-caps/mig-minors", content)
        + 'mkdir -p "$root/dev/nvidia-caps"\nminor=1\n'
        + f'while [ $minor -le {last} ]; do node "$root/dev/nvidia-caps/nvidia-cap$minor" {CAPS_MAJOR} $minor;'
        + " minor=$((minor + 1)); done\n"
    )


def _pci(bus_ids: tuple[str, ...], pci_device: str) -> str:
    """PCI devices as sysfs shows them: enough for Node Feature Discovery and GPU feature discovery to read."""
    home = "$root/sys/bus/pci/devices"
    files = {
        "vendor": "0x10de",
        "device": f"0x{pci_device}",
        "class": CLASS_3D,
        "subsystem_vendor": "0x10de",
        "subsystem_device": "0x0000",
        "numa_node": "-1",
        "resource": "0x0000000000000000 0x0000000000000000 0x0000000000000000",
    }
    lines = [f'mkdir -p "{home}"', _swept(home, bus_ids, "*")]
    if bus_ids:
        lines.append(f"for bus in {' '.join(bus_ids)}; do")
        lines += [f'  echo "{value}" | put "{home}/$bus/{name}" 644' for name, value in files.items()]
        lines += [f'  dd if=/dev/zero bs=256 count=1 2>/dev/null | put "{home}/$bus/config" 644', "done"]
    return "\n".join([*lines, ""])


def _swept(folder: str, kept: Iterable[str], pattern: str) -> str:
    """Removes what an earlier driver of more GPUs left; the folder itself stays, for it may be mounted."""
    names = "|".join([f"'{pattern}'", *kept])  # where nothing matches, the pattern itself comes
    return (
        f'for old in "{folder}"/{pattern}; do case "${{old##*/}}" in {names}) ;;'
        ' *) rm -rf "$old"; changed=yes ;; esac; done'
    )
