"""The kernel's limit of inotify instances: each node's systemd, kubelet and containerd take several."""

from pathlib import Path

from aifactory.lab.kind.logged import Notify

LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
WANTED = 1024
"""Instances a user may have; kind's known-issues page advises raising the default of 128 for several nodes."""


def raise_limit(remembered: Path, notify: Notify, limit: Path = LIMIT) -> None:
    """Raise the limit if it is lower; the first old value is kept in ``remembered``. Needs root."""
    old = int(limit.read_text())
    if old >= WANTED:
        return
    if not remembered.is_file():
        remembered.parent.mkdir(parents=True, exist_ok=True)
        remembered.write_text(f"{old}\n")
    limit.write_text(f"{WANTED}\n")
    notify(f"fs.inotify.max_user_instances is now {WANTED}, was {old}")


def restore_limit(remembered: Path, notify: Notify, limit: Path = LIMIT) -> None:
    """Put the remembered value back, unless somebody changed the limit since; forget it."""
    if not remembered.is_file():
        return
    if int(limit.read_text()) == WANTED:
        old = remembered.read_text().strip()
        limit.write_text(f"{old}\n")
        notify(f"fs.inotify.max_user_instances is {old} again")
    remembered.unlink()
