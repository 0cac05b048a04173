"""The kind lab that the modules of this lane share: the Korean pilot, one worker a pool, mock GPUs.

This lane does not prove: CUDA, NCCL, drivers, NVLink, RDMA, real MIG, the GPU Operator itself, or the CNI and the
storage systems of a real site. GPUs are reported by a mock NVML; what offers them are NVIDIA's own programs.

Where AIFACTORY_KIND_STAND_IN is set, the nodes are of a stand-in for kind's published image; ``stand_in`` says more.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aifactory.errors import LabError
from aifactory.lab.kind.node_choice import SWITCH
from tests.support.kind import DUMPS, KIND, Kind, footprint, inventory
from tests.support.lab import Shell
from tests.support.stand_in import REFERENCE, STAND_IN, provide

REUSE = "AIFACTORY_KIND_HOME"
"""Names a state home with the pilot's kind lab: it is used as it is and kept. For people who work on this lane."""
UP_TIMEOUT_S = 3000.0
"""A first run builds the programs of the nodes and their image."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep the cluster's logs of the first test that fails: what comes after may be a consequence."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined] # pluggy's Result, untyped here
    made = item.funcargs.get("pilot") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(made, Kind) and not DUMPS.exists():
        place = DUMPS / item.name
        try:
            made.dump(place)
        except (LabError, AssertionError, OSError) as problem:
            report.sections.append(("cluster dump", f"could not be made: {problem}"))
        else:
            report.sections.append(("cluster dump", f"objects and logs of every node are in {place}"))


@pytest.fixture(scope="session")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kind]:
    """The Korean pilot, brought up; nothing of it is left on the machine afterwards."""
    shutil.rmtree(DUMPS, ignore_errors=True)
    kept = os.environ.get(REUSE)
    if kept:
        yield Kind("korea-pilot", Shell(Path(kept), timeout_s=UP_TIMEOUT_S))
        return
    chosen = {SWITCH: os.environ[SWITCH]} if SWITCH in os.environ else {}
    if STAND_IN in os.environ:
        chosen = {SWITCH: REFERENCE}
    home = tmp_path_factory.mktemp("kind")
    made = Kind("korea-pilot", Shell(home, more=chosen, timeout_s=UP_TIMEOUT_S))
    before = footprint()
    try:
        if STAND_IN in os.environ:
            provide(home, tmp_path_factory.mktemp("stand-in"))
        made.run("lab", "up", made.stack, *KIND).succeeded()
        made = replace(made, before=inventory(made))
        made.up()
        yield made
    finally:
        made.run("lab", "down", *KIND).succeeded()
        shutil.rmtree(made.shell.home, ignore_errors=True)  # images of the engine that the lab started
    left = footprint() - before
    assert left == set(), "'aifactory lab down' left something on the machine"
