"""Driver roots of mock GPU nodes, and programs that run over them as plain processes."""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aifactory.catalog.load import catalog
from aifactory.lab.mock_driver import MockDriver, driver_root_script, mock_driver
from aifactory.manifests.sharing import config_files
from aifactory.plan.factory import plan as plan_of
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import NodePlan, driver_version, nodes_of
from aifactory.spec.load import load_stack

PLAN = plan_of(
    "korea-pilot", load_stack(Path(__file__).parents[2] / "stacks" / "Pulumi.korea-pilot.yaml"), catalog()
)
POOLS = {pool.name: pool for pool in PLAN.pools}
TIMEOUT_S = 30.0
SOCKETS = "mount -t tmpfs none /var/lib && mkdir -p /var/lib/kubelet/device-plugins && "
"""Gives the device plugin a folder for its sockets that no kubelet sees, and that is gone with the process."""


@dataclass(frozen=True)
class Place:
    """The driver root of a node, and what was planned for it."""

    pool: PoolPlan
    node: NodePlan
    driver: MockDriver
    root: Path

    @property
    def libraries(self) -> Path:
        """Folder of the library."""
        (found,) = self.root.glob("usr/lib/*/libnvidia-ml.so.1")
        return found.parent


def lay_out(pool: PoolPlan, folder: Path, library: Path) -> Place:
    """The driver root of the first node of a pool, laid out by the script that nodes run."""
    node = next(nodes_of(PLAN, pool, 1))
    driver = mock_driver(pool, node, driver_version(PLAN, pool))
    root = folder / "root"
    assert run_script(driver, root, library) == "changed"
    return Place(pool, node, driver, root)


def run_script(driver: MockDriver, root: Path, library: Path) -> str:
    """The last line that the script prints."""
    script = driver_root_script(driver, str(root), str(library))
    done = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()[-1]


def inside(place: Place, *parts: str, before: str = "") -> list[str]:
    """The start of a command line that runs a program with parts of the driver root in the place of the machine's."""
    mounts = "".join(f'mount --bind "{place.root}/{part}" "/{part}" && ' for part in parts)
    return ["unshare", "--mount", "sh", "-c", f'{before}{mounts}exec "$@"', "sh"]


def configuration(place: Place, folder: Path) -> Path:
    """The configuration that the config-manager would choose for the node."""
    files = config_files(PLAN.pools)
    file = folder / "config.yaml"
    file.write_text(files.get(place.pool.name, files["default"]))
    return file


@contextmanager
def running(
    command: list[str], log: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended afterwards."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def until(log: Path, pattern: str) -> re.Match[str]:
    """The first match of a pattern in a log; fails with the log if none comes in time."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        text = log.read_text(errors="replace")
        match = re.search(pattern, text)
        if match:
            return match
        assert time.monotonic() < deadline, f"no {pattern!r} after {TIMEOUT_S:.0f} s in:\n{text[-4000:]}"
        time.sleep(0.05)
