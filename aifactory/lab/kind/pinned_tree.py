"""The user programs of the lab's images on a published node image: out of that image itself. Nobody has to be root.

The image is Debian with most of what the lab's images need; apt-get brings the rest in a container that ends with
this. Only what `userland` looks at is taken out.
"""

import contextlib
import hashlib
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from aifactory.errors import LabError
from aifactory.lab.kind import userland
from aifactory.lab.kind.closure import make_root
from aifactory.lab.kind.container_engine import ContainerEngine
from aifactory.lab.kind.logged import DISK_FULL, Notify, NotifyProgress, run_logged
from aifactory.lab.tools.progress import heartbeat

ADDED = ("busybox-static", "ipset")
"""Debian packages that the published image lacks."""
CONTAINER = "aifactory-userland"
INSTALL_TIMEOUT_S = 600.0
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""Variables by which a machine's own proxy is known in the container."""
_ARCHIVE = "/userland.tar"
_WANTED = (
    userland.BUSYBOX, *userland.PROGRAMS, "/etc/protocols", "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
)  # fmt: skip
_SCRIPT = """\
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends {added}
set -- usr/lib/{triplet}
for wanted in {wanted}; do
  folder=$(realpath "${{wanted%/*}}")
  if [ -e "$wanted" ]; then set -- "$@" "${{folder#/}}/${{wanted##*/}}"; fi
done
tar --create --file {archive} --directory / "$@"
"""
"""Members are named by the folders behind links such as /bin, where they really lie."""


def recipe() -> tuple[str, ...]:
    """Everything but the image that decides what the tree has."""
    return (*ADDED, *_WANTED, _SCRIPT)


def take_tree(
    engine: ContainerEngine, image: str, triplet: str, tree: Path, log: Path, notify: Notify
) -> None:
    """Fill an empty folder with the programs and libraries of the image that the lab's images are made from.

    Args:
        engine: The engine, which has the image.
        image: Full name of a published node image.
        triplet: Debian's name of the folder with its libraries.
        tree: The folder; made.
        log: Log of what unpacks it.
        notify: Told of the step, and when it takes long.

    Raises:
        LabError: No container starts, Debian's packages cannot be had in it, or there is no room.
    """
    notify(
        f"taking user programs out of the node image, with Debian's {' and '.join(ADDED)} (about half a minute)"
    )
    archive = tree.with_suffix(".tar")
    script = _SCRIPT.format(
        added=" ".join(ADDED), triplet=triplet, wanted=shlex.join(_WANTED), archive=_ARCHIVE
    )
    try:
        with (
            _container(engine, image, tree) as name,
            heartbeat(NotifyProgress(notify), "apt-get", "still running"),
        ):
            engine.run(["exec", "--interactive", name, "bash", "-eu"], script, INSTALL_TIMEOUT_S)
            engine.run(["cp", f"{name}:{_ARCHIVE}", str(archive)])
    except LabError as error:
        raise _explained(error, engine, image) from error
    make_root(tree)
    command: list[str | Path] = [
        "tar",
        "--extract",
        "--no-same-owner",
        "--file",
        archive,
        "--directory",
        tree,
    ]
    run_logged(command, log, notify, remedy="see the log, and run again")
    archive.unlink()


@contextlib.contextmanager
def _container(engine: ContainerEngine, image: str, tree: Path) -> Iterator[str]:
    """A container of an image that does nothing; its name. What a killed run left of it goes first."""
    name = f"{CONTAINER}-{hashlib.sha256(str(tree).encode()).hexdigest()[:8]}"
    remove = ["rm", "--force", "--volumes", name]
    with contextlib.suppress(LabError):  # most often there is none
        engine.run(remove)
    # The machine's own network: where a mirror can be reached at all, it can be reached from there.
    words = ["run", "--detach", "--name", name, "--network=host", *_proxies(), "--entrypoint=/bin/sleep"]
    engine.run([*words, image, str(int(INSTALL_TIMEOUT_S))])
    try:
        yield name
    finally:
        engine.run(remove)


def _proxies() -> list[str]:
    """The machine's proxies, by name alone: the engine's client takes the values from its own environment."""
    return [word for name in PROXIES if os.environ.get(name) for word in ("--env", name)]


def _explained(error: LabError, engine: ContainerEngine, image: str) -> LabError:
    if DISK_FULL in str(error).lower():
        return LabError(
            f"{engine.name} has no room to take user programs out of {image}; it takes about 300 MiB in"
            f" {engine.info().data_root}; make room there, for example with '{engine.name} image prune'"
        )
    return LabError(
        f"the lab's images cannot be made from {image}: {error}; Debian's packages {', '.join(ADDED)} have to be"
        " installable in a container of it; check that Debian's mirror can be reached, or set AIFACTORY_KIND_NODE to"
        " built"
    )
