"""The layer below every image that needs more than its own program: a shell, netfilter's tools, glibc."""

import subprocess
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.kind.closure import Closure, find_inside, make_root

BUSYBOX = "/bin/busybox"
PROGRAMS = {
    "/usr/sbin/xtables-nft-multi": "/usr/sbin/xtables-nft-multi",
    "/usr/sbin/xtables-legacy-multi": "/usr/sbin/xtables-legacy-multi",
    "/sbin/ipset": "/usr/sbin/ipset",
    "/usr/sbin/conntrack": "/usr/sbin/conntrack",
    "/usr/sbin/nft": "/usr/sbin/nft",
    "/bin/ip": "/usr/sbin/ip",
    "/bin/kmod": "/usr/sbin/modprobe",
}
"""What kube-proxy and kube-router run, by its name in the Debian tree."""
LIBRARIES = (
    "libdl.so.2", "libpthread.so.0", "librt.so.1", "libm.so.6", "libresolv.so.2", "libnss_files.so.2",
    "libnss_dns.so.2", "libgcc_s.so.1",
)  # fmt: skip
"""What programs with C code load beyond what they link: NVIDIA's plugins load a driver library."""
IPTABLES = (
    "iptables",
    "iptables-save",
    "iptables-restore",
    "ip6tables",
    "ip6tables-save",
    "ip6tables-restore",
)
"""Names under which the node, too, runs the variant that writes nftables rules."""
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}


def make_userland(tree: Path, out: Path, triplet: str) -> None:
    """Fill an empty folder with the user programs of a Debian tree.

    Args:
        tree: The Debian tree.
        out: The folder.
        triplet: Debian's name of the folder with its libraries.

    Raises:
        LabError: The tree lacks a program or a library.
    """
    make_root(out)
    closure = Closure(tree, out, triplet)
    closure.add_programs({BUSYBOX: "/usr/bin/busybox", **PROGRAMS})
    closure.add_plugins(f"/usr/lib/{triplet}/xtables")
    closure.add_libraries(LIBRARIES)
    closure.finish()
    for name in IPTABLES:
        (out / "usr/sbin" / name).symlink_to("xtables-nft-multi")
    taken = {path.name for path in (out / "usr/sbin").iterdir()}
    for applet in applets(tree):
        if applet not in taken | {"busybox"}:
            (out / "usr/bin" / applet).symlink_to("busybox")
    for name, text in _FILES.items():
        (out / name).write_text(text, encoding="utf-8")
    protocols = find_inside(tree, "/etc/protocols")
    if protocols is not None:
        (out / "etc/protocols").write_bytes(protocols.read_bytes())


def applets(tree: Path) -> tuple[str, ...]:
    """The names under which the tree's busybox is a program.

    Raises:
        LabError: It does not run.
    """
    busybox = find_inside(tree, BUSYBOX)
    try:
        done = subprocess.run(
            [str(busybox), "--list"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LabError(
            f"the Debian tree's busybox does not run: {error}; it has to be static and of this machine's"
            " architecture; see PACKAGES in base_tree.py"
        ) from error
    return tuple(done.stdout.split())
