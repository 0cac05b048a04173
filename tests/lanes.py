"""Run the test lanes that can run on this machine; say for every other lane why it did not.

Usage: python -m tests.lanes [LANE ...]; without names, every lane. Exit code 0 only if every lane that should
run here ran and passed.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aifactory.lab.kind.container_engine import find
from aifactory.lab.kind.docker_service import why_not
from aifactory.lab.kind.node_choice import BUILT, NODE_LANE, expected

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
BUILD = ROOT / "build"
WITH_TOOLS = ("engine", "gitops", "kind")
"""Lanes that need tools, in the order in which they run."""


@dataclass(frozen=True)
class Lane:
    """A group of checks with one purpose."""

    name: str
    command: tuple[str, ...]
    not_proven: str
    cannot_run: Callable[[], str | None] = lambda: None
    """Why this machine cannot run it; None where it can. On a CI machine every lane has to run."""


def _pytest(*paths: str) -> tuple[str, ...]:
    return (str(BIN / "python"), "-m", "pytest", "-q", *paths)


LANES = (
    Lane("lint", (str(BIN / "ruff"), "check", "."), "that the code is right"),
    Lane("format", (str(BIN / "ruff"), "format", "--check", "."), "that the code is right"),
    Lane("types", (str(BIN / "mypy"),), "values at run time"),
    Lane("imports", (str(BIN / "lint-imports"),), "anything but the direction of imports"),
    Lane("unit", _pytest("tests/unit"), "anything about a cluster or the engine"),
    Lane(
        "components", _pytest("tests/components"), "that the engine accepts the registrations: it is mocked"
    ),
    Lane("golden", _pytest("tests/golden"), "that a cluster accepts the trees"),
    Lane(
        "engine",
        _pytest("tests/engine"),
        "anything about GPUs, drivers, kubelets, storage systems or policy enforcement: nodes are simulated",
    ),
    Lane(
        "gitops",
        _pytest("tests/gitops"),
        "anything about hardware, charts or Argo CD: Flux is real, nodes are simulated, Argo CD does not run",
    ),
    Lane(
        "kind",
        _pytest("tests/kind"),
        "CUDA, NCCL, drivers, NVLink, RDMA, real MIG, the GPU Operator: GPUs are a mock NVML's",
        why_not,
    ),
)


class Prefetch:
    """Obtains the tools of later lanes, at low priority, while earlier lanes run; a lane waits for what it needs."""

    _PROGRAM = "import sys; from aifactory.lab.tools import Toolbox, tools_for;"
    _PROGRAM += " [Toolbox.default().ensure(tools_for(lane)) for lane in sys.argv[1:]]"

    def __init__(self, lanes: list[str]) -> None:
        BUILD.mkdir(exist_ok=True)
        self._log = (BUILD / "prefetch.log").open("w")
        command = ["nice", "-n", "15", sys.executable, "-c", self._PROGRAM, *lanes]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=self._log, stderr=subprocess.STDOUT)

    def end(self) -> None:
        """Nothing of it runs any more; what it could not obtain, the lane that needs it has said."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()
        self._log.close()


def _run(lane: Lane) -> tuple[bool, float]:
    print(f"\n== lane {lane.name} (does not prove {lane.not_proven})", flush=True)
    began = time.monotonic()
    done = subprocess.run(lane.command, cwd=ROOT, check=False, env={**os.environ, "PYTHONHASHSEED": "random"})
    return done.returncode == 0, time.monotonic() - began


def main(names: list[str]) -> int:
    """Run the named lanes, or all; 0 if all of them passed."""
    known = {lane.name: lane for lane in LANES}
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"no lane {', '.join(unknown)}; lanes: {', '.join(known)}", file=sys.stderr)
        return 2
    wanted = [known[name] for name in names] if names else list(LANES)
    missing = {lane.name: reason for lane in wanted if (reason := lane.cannot_run()) is not None}
    prefetched = [name for name in WITH_TOOLS if name in {lane.name for lane in wanted} - missing.keys()]
    if "kind" in prefetched and expected(find()).startswith(BUILT):
        prefetched.append(NODE_LANE)
    prefetch = Prefetch(prefetched)
    try:
        results = {lane.name: _run(lane) for lane in wanted if lane.name not in missing}
    finally:
        prefetch.end()
    print("\n== lanes")
    for name, (passed, took_s) in results.items():
        print(f"{name:<11} {'passed' if passed else 'FAILED':<7} {took_s:6.1f} s")
    for name, reason in missing.items():
        print(f"{name:<11} not run: {reason}")
    failed = [name for name, (passed, _) in results.items() if not passed]
    if os.environ.get("CI") and missing:
        print("on a CI machine every lane has to run: a lane that cannot counts as failed")
        failed += missing
    passed_count = sum(passed for passed, _ in results.values())
    print(f"{passed_count} passed, {len(failed)} failed, {len(missing)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
