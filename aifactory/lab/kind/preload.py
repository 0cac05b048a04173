"""Puts images into a containerd store that is not in use yet, with a containerd that runs for this alone."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.kind.logged import ENDS_WITH_US, Notify, command_failed, run_logged

READY_TIMEOUT_S = 30.0
PINNED = "io.cri-containerd.pinned=pinned"
"""Keeps the kubelet from removing an image; there is no registry to fetch it from again."""
_REMEDY = "see the log, and run again"
_CONFIG = """version = 3
root = "{root}"
state = "{state}/state"
disabled_plugins = [
  "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri",
  "io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt",
]
[grpc]
  address = "{state}/socket"
[ttrpc]
  address = "{state}/socket.ttrpc"
"""


def preload(
    store: Path,
    archive: Path,
    expected: Iterable[str],
    containerd: Path,
    ctr: Path,
    log: Path,
    notify: Notify,
) -> None:
    """Import an archive's images, pinned and not unpacked, into a store.

    The paths in its database are relative: the store works wherever it is mounted as /var/lib/containerd.

    Args:
        store: The folder of the store; made.
        archive: The archive.
        expected: Full names of all images that have to be there afterwards.
        containerd: The daemon's program.
        ctr: Its client.
        log: Log of both.
        notify: Told when it takes long.

    Raises:
        LabError: containerd does not start, the import fails, or an image is missing.
    """
    store.mkdir(parents=True)
    with _containerd(store, containerd, ctr, log) as socket:
        client: list[str | Path] = [ctr, f"--address={socket}", "--namespace=k8s.io", "images"]
        run_logged(
            [*client, "import", f"--label={PINNED}", "--no-unpack", archive],
            log, notify, name="ctr images import", remedy=_REMEDY,
        )  # fmt: skip
        done = subprocess.run(
            [*map(str, client), "ls", "-q"], capture_output=True, text=True, timeout=60, check=True
        )
    missing = sorted(set(expected) - set(done.stdout.split()))
    if missing:
        raise LabError(
            f"containerd did not take {', '.join(missing)}; every image has to be in the node image; see {log}"
        )


@contextmanager
def _containerd(store: Path, containerd: Path, ctr: Path, log: Path) -> Iterator[Path]:
    """A running containerd; its socket. It ends with the block, or with this process."""
    # A socket's path has 107 characters at most; the cache folder may be deep.
    state = Path(tempfile.mkdtemp(prefix="aifactory-"))
    config = state / "config.toml"
    config.write_text(_CONFIG.format(root=store, state=state))
    socket = state / "socket"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        begin = out.tell()
        daemon = subprocess.Popen(
            [*ENDS_WITH_US, str(containerd), f"--config={config}"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not _answers(ctr, socket):
            if daemon.poll() is not None:
                raise command_failed("containerd", daemon.returncode, log, begin, _REMEDY)
            if time.monotonic() > deadline:
                raise LabError(
                    f"containerd does not answer after {READY_TIMEOUT_S:.0f} s; its log is {log}; {_REMEDY}"
                )
            time.sleep(0.1)
        yield socket
    finally:
        daemon.terminate()
        daemon.wait()
        shutil.rmtree(state)


def _answers(ctr: Path, socket: Path) -> bool:
    if not socket.exists():
        return False
    command = [str(ctr), f"--address={socket}", "version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
