"""What this machine is and what its root may do, as far as the kind lab has to know."""

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

CAP_SYS_RESOURCE_BIT = 24
"""Bit of CAP_SYS_RESOURCE in the capability sets (linux/capability.h)."""


@dataclass(frozen=True)
class Machine:
    """The machine this process runs on.

    Attributes:
        linux: Whether the kernel is Linux.
        root: Whether this process is root.
        systemd: Whether systemd is the init of the machine.
        sys_resource: Whether root may have CAP_SYS_RESOURCE. Some virtual machines and containers withhold it;
            then no process can raise a hard resource limit or lower an OOM score.
        path: The search path for programs.
    """

    linux: bool
    root: bool
    systemd: bool
    sys_resource: bool
    path: str

    @classmethod
    def current(cls) -> "Machine":
        """The machine as it is."""
        linux = platform.system() == "Linux"
        # Debian's daemons are in sbin, which is not on every user's PATH.
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
        return cls(
            linux=linux,
            root=os.geteuid() == 0,
            systemd=Path("/run/systemd/system").is_dir(),
            sys_resource=not linux or may_raise_limits(Path("/proc/self/status").read_text()),
            path=path,
        )

    def which(self, name: str) -> Path | None:
        """File of a program; None where it is not installed."""
        found = shutil.which(name, path=self.path)
        return Path(found) if found else None


def may_raise_limits(status: str) -> bool:
    """Whether the bounding set of a ``/proc/<pid>/status`` has CAP_SYS_RESOURCE; true where it names no set."""
    for line in status.splitlines():
        if line.startswith("CapBnd:"):
            return bool(int(line.split()[1], 16) >> CAP_SYS_RESOURCE_BIT & 1)
    return True
