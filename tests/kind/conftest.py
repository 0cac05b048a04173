"""The kind lab that the modules of this lane share: the Korean pilot, one worker a pool, mock GPUs.

This lane does not prove: CUDA, NCCL, drivers, NVLink, RDMA, real MIG, the GPU Operator itself, or the CNI and the
storage systems of a real site. GPUs are reported by a mock NVML; what offers them are NVIDIA's own programs.
"""

import shutil
from collections.abc import Iterator

import pytest

from tests.support.kind import DUMPS, KIND, Kind, footprint
from tests.support.lab import Shell


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep the cluster's logs of the first test that fails: what comes after may be a consequence."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined] # pluggy's Result, untyped here
    made = item.funcargs.get("pilot") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(made, Kind) and not DUMPS.exists():
        made.nodes().export(DUMPS / item.name)
        report.sections.append(("cluster dump", f"logs of every node are in {DUMPS / item.name}"))


@pytest.fixture(scope="session")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kind]:
    """The Korean pilot, brought up; nothing of it is left on the machine afterwards."""
    shutil.rmtree(DUMPS, ignore_errors=True)
    shell = Shell(tmp_path_factory.mktemp("kind"), timeout_s=1800)
    made = Kind("korea-pilot", shell)
    before = footprint()
    try:
        made.up()
        yield made
    finally:
        made.run("lab", "down", *KIND).succeeded()
    left = {item for item in footprint() - before if not item.startswith("mount /var/lib/docker")}
    assert left == set(), "'aifactory lab down' left something on the machine"
