"""The Debian tree that the node image and the images' user programs are taken from; kept in the cache.

Debian 12 and not a newer one: systemd 256 and later do not start on cgroup v1, which some machines still have.
"""

import hashlib
import json
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.kind.docker_service import install_packages
from aifactory.lab.kind.logged import ENDS_WITH_US, Notify, run_logged
from aifactory.lab.kind.machine import Machine
from aifactory.lab.kind.workshop import remove_tree, told_of_full_disk, unfinished

SUITE = "bookworm"
VARIANT = "minbase"
PACKAGES = (
    "bash", "busybox-static", "ca-certificates", "conntrack", "curl", "dbus", "e2fsprogs", "ethtool", "ipset",
    "iproute2", "iptables", "jq", "kmod", "libseccomp2", "mount", "nftables", "pigz", "procps", "runc", "socat",
    "systemd", "util-linux",
)  # fmt: skip
"""What kind's base image installs, less network file systems; plus runc, socat, ipset and busybox-static."""
CONFINED = (*ENDS_WITH_US, "unshare", "--mount", "--pid", "--fork", "--kill-child")
"""Ends debootstrap's children, and the /proc it mounts in the tree, with debootstrap (util-linux)."""
NEEDED_MIB = 700
"""Largest size while it is made, measured: 289 MB and the downloaded packages."""
_REMEDY = (
    "a node image is built from Debian's packages; check that Debian's mirror can be reached, or give this machine"
    " a container registry"
)


def recipe() -> str:
    """SHA-256 over everything the tree is made by."""
    return hashlib.sha256(json.dumps([SUITE, VARIANT, PACKAGES]).encode()).hexdigest()


def ensure_base_tree(cache: Path, machine: Machine, notify: Notify) -> Path:
    """The tree, from the cache or made anew; the caller holds the lock of the cache.

    Args:
        cache: Folder of the kind lab's cache.
        machine: This machine.
        notify: Told of every longer step.

    Returns:
        The root of the tree, which must not be changed.

    Raises:
        LabError: It is missing and cannot be made here, or making it failed.
    """
    tree = cache / "base" / recipe()[:12]
    if tree.is_dir():
        return tree
    if not (machine.linux and machine.root):
        raise LabError(
            "the node image has to be built here, and only root on Linux can make a Debian tree; a container"
            " registry that answers is the other way; run as root, or give this machine a registry"
        )
    log = cache / "logs" / "debootstrap.log"
    debootstrap = machine.which("debootstrap") or _install(machine, log, notify)
    notify(f"making a Debian {SUITE} tree with debootstrap (about two minutes, once); its log is {log}")
    with told_of_full_disk(cache, "a Debian tree", NEEDED_MIB), unfinished(tree) as folder:
        include = f"--include={','.join(PACKAGES)}"
        command: list[str | Path] = [debootstrap, f"--variant={VARIANT}", include, SUITE, folder]
        run_logged([*CONFINED, *command], log, notify, name="debootstrap", remedy=_REMEDY)
    for old in tree.parent.iterdir():
        if old != tree:
            remove_tree(old)
    return tree


def _install(machine: Machine, log: Path, notify: Notify) -> Path:
    if machine.which("apt-get") is None:
        raise LabError(
            "debootstrap is not installed and there is no apt-get to install it with; the node image is made from"
            " a Debian tree; install debootstrap and run again"
        )
    notify("installing debootstrap with apt-get")
    install_packages(("debootstrap",), log, notify, _REMEDY)
    found = machine.which("debootstrap")
    if found is None:
        raise LabError(
            f"apt-get installed debootstrap and it is not found on {machine.path}; it has to be there; see {log}"
        )
    return found
