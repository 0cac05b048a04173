"""What makes a Debian tree a kind node: kind's own files, containerd's configuration, units, storage.

The node image has two layers: the Debian tree without what a node never reads, and the folder made here over it.
The folder has no /bin, /sbin or /lib: these are links in the Debian tree, and a folder would replace them.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

from aifactory.errors import LabError

DROPPED = (
    *(
        "var/cache/apt/*",
        "var/lib/apt/lists/*",
        "var/log/*",
        "var/cache/debconf/*",
        "debootstrap",
        "debootstrap/*",
    ),
    *(
        "usr/share/doc/*",
        "usr/share/man/*",
        "usr/share/locale/*",
        "usr/share/info/*",
        "usr/share/i18n/*",
        "dev/*",
    ),
    # The machine's own names: every node gets its own.
    *("etc/hostname", "etc/resolv.conf", "etc/machine-id", "var/lib/dbus/machine-id"),
    # Units of a real machine, as kind's base image removes them.
    "usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
    "usr/lib/systemd/system/multi-user.target.wants/*",
    "etc/systemd/system/*.wants/*",
    "usr/lib/systemd/system/local-fs.target.wants/*",
    "usr/lib/systemd/system/sockets.target.wants/*udev*",
    "usr/lib/systemd/system/sockets.target.wants/*initctl*",
    "usr/lib/systemd/system/basic.target.wants/*",
)
"""Paths of the Debian tree that are not in the node image."""
ENABLED_UNITS = ("kubelet.service", "containerd.service", "undo-mount-hacks.service")
FOLDERS = (
    "etc/cdi",
    "etc/cni/net.d",
    "etc/kubernetes/manifests",
    "opt/cni/bin",
    "var/lib/kubelet",
    "var/log",
)
LINKS = {
    "usr/sbin/init": "/lib/systemd/systemd",
    "usr/local/sbin/runc": "/usr/sbin/runc",
    # Its registrations are those of the whole kernel, not of one node.
    "etc/systemd/system/systemd-binfmt.service": "/dev/null",
    **{f"etc/systemd/system/multi-user.target.wants/{unit}": f"../{unit}" for unit in ENABLED_UNITS},
}
JOURNAL = "[Journal]\nReadKMsg=no\n"
CNI_FILE = "/etc/cni/net.d/10-kuberouter.conflist"
FORGET_NETWORK = (
    f"[Service]\nExecStartPre=/bin/sh -c '[ -e /run/booted ] || rm -f {CNI_FILE}; touch /run/booted'\n"
)
"""A node that boots may have another pod network than before: no pod starts until kube-router has written it."""
STORAGE = Path(__file__).with_name("default_storage.yaml")
HOOK = {"path": "/kind/bin/mount-product-files.sh"}
"""Gives each container the product name and UUID of its node."""


def make_node_tree(folder: Path, kind_files: Path, version: str, pause: str, *, restricted: bool) -> None:
    """Fill an empty folder with everything a node has over the Debian tree, without programs and images.

    Args:
        folder: The folder.
        kind_files: The folder ``images/base/files`` of kind's module.
        version: Version of Kubernetes, without a ``v``.
        pause: Full name of the image of pod sandboxes.
        restricted: Whether no process here can lower an OOM score.

    Raises:
        LabError: kind's files are not as expected.
    """
    _copy_kind_files(kind_files, folder)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, target in LINKS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    journal = folder / "etc/systemd/journald.conf.d/kind.conf"
    journal.parent.mkdir()
    journal.write_text(JOURNAL)
    forget = folder / "etc/systemd/system/containerd.service.d/forget-network.conf"
    forget.parent.mkdir(parents=True)
    forget.write_text(FORGET_NETWORK)
    (folder / "kind/version").write_text(f"v{version}\n")
    (folder / "kind/manifests").mkdir()
    shutil.copyfile(STORAGE, folder / "kind/manifests/default-storage.yaml")
    config = folder / "etc/containerd/config.toml"
    config.write_text(containerd_config(config.read_text("utf-8"), pause, restricted=restricted))


def _copy_kind_files(kind_files: Path, folder: Path) -> None:
    missing = [unit for unit in ENABLED_UNITS if not (kind_files / "etc/systemd/system" / unit).is_file()]
    if missing:
        raise LabError(
            f"kind's module has no {', '.join(missing)} in {kind_files}; its base image has to have them;"
            " bring node_tree.py up to date with the kind of tools.yaml"
        )
    for path in sorted(kind_files.rglob("*")):
        inside = path.relative_to(kind_files)
        if path.is_dir() or inside.parts[0] == "LICENSES" or path.name == "README.txt":
            continue
        copy = folder / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        # Go modules keep no run bits.
        copy.chmod(0o755 if "bin" in inside.parts else 0o644)


def containerd_config(text: str, pause: str, *, restricted: bool) -> str:
    """What kind ships, with our sandbox image, with CDI, and with OOM scores left alone if need be.

    Raises:
        LabError: kind's configuration lacks a line that is changed here.
    """
    changes = {
        r"sandbox_image = .*": (
            f'sandbox_image = "{pause}"\n'
            "  # devices of the DRA driver and the device plugin arrive as CDI files\n"
            "  enable_cdi = true\n"
            '  cdi_spec_dirs = ["/etc/cdi", "/var/run/cdi"]'
        ),
        r"restrict_oom_score_adj = .*": f"restrict_oom_score_adj = {'true' if restricted else 'false'}",
    }
    for pattern, replacement in changes.items():
        text, count = re.subn(pattern, replacement, text)
        if count != 1:
            raise LabError(
                f"kind's configuration of containerd has {count} lines '{pattern}'; exactly one is expected;"
                " bring node_tree.py up to date with the kind of tools.yaml"
            )
    return text


def write_cri_base(ctr: Path, file: Path) -> None:
    """Write the specification every container of a node starts from: containerd's own, with kind's hook.

    Args:
        ctr: The program.
        file: The file.

    Raises:
        LabError: ctr does not print a specification.
    """
    try:
        done = subprocess.run(
            [str(ctr), "oci", "spec"], capture_output=True, text=True, timeout=30, check=True
        )
        spec = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise LabError(
            f"'ctr oci spec' gives no specification: {error}; it has to be containerd's own ctr;"
            " see 'aifactory doctor'"
        ) from error
    spec.setdefault("hooks", {}).setdefault("createContainer", []).append(HOOK)
    # A limit above the machine's hard limit would fail every container.
    spec["process"].pop("rlimits", None)
    file.write_text(json.dumps(spec, indent=1))
