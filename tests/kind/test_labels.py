"""Labels that the real discovery programs write, held against those that the simulated lab sets. GPUs are mocked."""

import pytest

from aifactory.plan.nodes import discovered_labels, driver_version
from tests.support.kind import Kind, eventually

pytestmark = pytest.mark.kind
OTHERS_WRITE = {
    "feature.node.kubernetes.io/system-os_release.ID": "the lab's nodes are Debian, the site's Ubuntu",
    "nvidia.com/mig.config.state": "the operator's MIG manager writes it, which does not run here",
}
"""Labels of the simulated lab that no program of this lab writes, and why."""


def _difference(pilot: Kind, pool: str) -> dict[str, tuple[str, str | None]]:
    worker = next(one for one in pilot.workers() if one.pool is not None and one.pool.name == pool)
    assert worker.pool is not None
    live = pilot.node(worker.container)["metadata"]["labels"]
    simulated = discovered_labels(worker.pool, driver_version(pilot.plan, worker.pool))
    return {
        key: (value, live.get(key))
        for key, value in simulated.items()
        if key not in OTHERS_WRITE and live.get(key) != value
    }


@pytest.mark.parametrize("pool", ["train-gb300", "infer-gb300", "infer-b300", "infer-b200-mig", "twin-rtx"])
def test_discovery_writes_what_the_simulated_lab_sets(pilot: Kind, pool: str) -> None:
    """Every label that the simulated lab gives a node of the pool is what NFD and GPU feature discovery write."""
    eventually(
        f"the labels of {pool} agree: {_difference(pilot, pool)}", lambda: not _difference(pilot, pool), 30
    )


def test_nodes_of_an_nvlink_domain_carry_its_clique(pilot: Kind) -> None:
    """GPU feature discovery writes the clique of the rack's NVLink domain, as the plan names it."""
    for worker in pilot.workers():
        assert worker.node is not None
        live = pilot.node(worker.container)["metadata"]["labels"]
        assert live.get("nvidia.com/gpu.clique") == worker.node.labels.get("nvidia.com/gpu.clique")
