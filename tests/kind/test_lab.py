"""The lab and the stack on it come and go: again, after a kill, and without a trace."""

import re
import time

import pytest

from tests.support.kind import KIND, Kind, inventory
from tests.support.processes import children_of, kill_all

pytestmark = pytest.mark.kind


def test_a_second_up_changes_nothing(pilot: Kind) -> None:
    """The same command again finds everything as declared, and does not run the engine."""
    report = pilot.up()
    assert report["engine_ran"] is False
    assert report["changes"] == {}


def test_a_result_says_that_gpus_are_mocked(pilot: Kind) -> None:
    """Machines and people are both told what the lab makes up."""
    assert pilot.up()["mocked"] is True
    said = pilot.run("up", pilot.stack, *KIND).succeeded().text
    assert "mocked: GPUs are reported by a mock NVML" in said
    assert "not proven by this: drivers, CUDA, NCCL" in said
    assert "sample: 5 of 120 planned GPU nodes are realised" in said


def test_destroy_leaves_the_cluster_as_it_was(pilot: Kind) -> None:
    """After destroy every object, label, taint and resource is as before the first up; up brings all back."""
    if not pilot.before:
        pytest.skip("the lab was up already: how it was before is not known")
    pilot.run("destroy", pilot.stack, *KIND).succeeded()
    try:
        deadline = time.monotonic() + 90
        while (left := inventory(pilot)) != pilot.before and time.monotonic() < deadline:
            time.sleep(2)
        assert left - pilot.before == set()
        assert pilot.before - left == set()
    finally:
        pilot.up()


def test_an_up_that_is_killed_is_gone_on_with(pilot: Kind) -> None:
    """A killed up leaves a cluster that the next up brings to what is declared."""
    pilot.kubectl("delete", "namespace", "digital-twin")
    with pilot.shell.start("up", pilot.stack, *KIND) as process:
        time.sleep(6)
        kill_all([process.pid, *children_of(process.pid)])
        process.wait(timeout=30)
    pilot.up()
    assert pilot.up()["engine_ran"] is False
    spaces = pilot.kubectl("get", "namespaces", "-o", "name")
    assert re.search(r"namespace/digital-twin$", spaces, re.MULTILINE)
