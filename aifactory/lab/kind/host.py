"""What a kubelet changes on the machine it shares with everybody, and how it is put back."""

import json
from collections.abc import Mapping
from pathlib import Path

SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "net/netfilter/nf_conntrack_max",
)
"""Kernel settings that kubelet and kube-proxy write and nobody puts back; kernel.panic_on_oops=1 is not
harmless on a machine that does other work too."""
PROC_SYS = Path("/proc/sys")


def read_settings(root: Path = PROC_SYS) -> dict[str, str]:
    """The settings as they are now; those that the kernel does not have are left out."""
    return {name: (root / name).read_text().strip() for name in SETTINGS if (root / name).is_file()}


def save_settings(file: Path, root: Path = PROC_SYS) -> None:
    """The settings are in the file; a file that is there already is kept: it was written before a first node.

    Args:
        file: Where they are kept until the last node is gone.
        root: The kernel's settings.
    """
    if file.is_file():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(read_settings(root)))
    temporary.replace(file)


def restore_settings(file: Path, root: Path = PROC_SYS) -> tuple[str, ...]:
    """The settings are as the file says, and the file is gone; what was put back, one line each.

    Args:
        file: As :func:`save_settings` wrote it; where there is none, nothing is done.
        root: The kernel's settings.
    """
    if not file.is_file():
        return ()
    before: Mapping[str, str] = json.loads(file.read_text())
    now = read_settings(root)
    done = []
    for name, value in before.items():
        if name not in now or now[name] == value:
            continue
        try:
            (root / name).write_text(value)
        except OSError as error:
            done.append(f"{name} is {now[name]} and could not be put back to {value}: {error.strerror}")
        else:
            done.append(f"{name} {now[name]} -> {value}")
    file.unlink()
    return tuple(done)
