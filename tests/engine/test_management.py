"""The management cluster of the Korean site at a gigawatt, declared on a real API server with the real definitions.

Does not prove that a machine, a cluster or a roll-out comes of the objects: neither Cluster API nor Flux runs.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from aifactory.deliver.inventory import live_objects
from aifactory.manifests.management import bundle_for, management_inventory
from aifactory.manifests.model import Bundle, KubernetesObject, key_of
from tests.support.lab import SIMULATED, Lab, Outcome, copied_checkout, edit_stack, lab
from tests.support.management import management

pytestmark = pytest.mark.engine
STACK = "korea-gigawatt"
CLUSTER = "cluster.x-k8s.io/v1beta2", "Cluster"
LAST = f"{STACK}-c029"
TIMEOUT_S = 900.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab of the management cluster, brought up."""
    checkout = copied_checkout(tmp_path_factory.mktemp("management") / "checkout")
    with lab(STACK, tmp_path_factory.mktemp("management-lab"), checkout, timeout_s=TIMEOUT_S) as made:
        yield made


def run(site: Lab, *words: str) -> Outcome:
    """How a command on the management cluster ends."""
    return site.shell.run(words[0], STACK, *SIMULATED, *words[1:])


def report(site: Lab, *words: str) -> dict[str, Any]:
    """What a command says to machines."""
    found: dict[str, Any] = json.loads(run(site, *words, "--json").succeeded().out)
    return found


def live(site: Lab) -> set[str]:
    """Identities of the objects that are there."""
    owner = management_inventory(STACK).stack
    return set(live_objects(site.cluster(), owner, Bundle(stack=owner, layers=())))


def clusters(site: Lab) -> set[str]:
    """Names of the Clusters that are there."""
    return {key_of(item).name for item in site.cluster().list(*CLUSTER)}


@contextmanager
def train_vr(site: Lab, racks: int) -> Iterator[None]:
    """The stack file with another size of its largest pool, which alone reaches into the last cell."""
    file = site.shell.checkout / "stacks" / f"Pulumi.{STACK}.yaml"
    before = file.read_text()

    def change(stack: dict[str, Any]) -> None:
        (pool,) = [pool for pool in stack["pools"] if pool["name"] == "train-vr"]
        assert pool["cell_racks"] * 29 <= racks < pool["racks"]
        pool["racks"] = racks

    edit_stack(site.shell.checkout, STACK, change)
    try:
        yield
    finally:
        file.write_text(before)


def wanted() -> set[str]:
    """Identities of the declared objects."""
    return {str(key_of(item)) for item in bundle_for(management(STACK)).objects()}


@pytest.mark.usefixtures("real_crds")
def test_up_declares_every_cell_and_the_roll_out(site: Lab) -> None:
    """All objects are there, accepted by the real definitions; no node is; and what is not proven is said."""
    outcome = run(site, "up").succeeded()

    assert live(site) == wanted()
    assert clusters(site) == {f"{STACK}-c{index:03d}" for index in range(30)}
    assert site.cluster().list("v1", "Node") == []
    assert "management cluster of 30 cells" in outcome.text
    assert "no machine, no cluster and no roll-out comes of them" in outcome.text


def test_up_again_writes_nothing_and_drift_is_clean(site: Lab) -> None:
    """A second up needs no engine and writes nothing, and drift has nothing to say."""
    mark = site.audit.mark()

    again = report(site, "up")

    assert (again["engine_ran"], again["management"], again["cell"]) == (False, True, None)
    assert report(site, "drift")["drift"] == []
    assert site.audit.writes(mark) == []


def test_what_others_changed_is_written_back(site: Lab) -> None:
    """A version that somebody set by hand is drift, and the next up writes it back."""
    plane: KubernetesObject = {
        "apiVersion": "controlplane.cluster.x-k8s.io/v1beta2",
        "kind": "KubeadmControlPlane",
        "metadata": {"name": LAST, "namespace": STACK},
        "spec": {"version": "v1.34.9"},
    }
    site.cluster().apply(plane, manager="kubectl", force=True)

    found = run(site, "drift", "--json")
    assert found.code == 2
    (row,) = json.loads(found.out)["drift"]
    assert [field["path"] for field in row["fields"]] == ["spec.version"]
    assert len(report(site, "up")["repaired"]) == 1
    assert report(site, "drift")["drift"] == []


def test_a_cell_is_not_put_onto_it(site: Lab) -> None:
    """A run for a cell that meets the management cluster is refused and writes nothing."""
    mark = site.audit.mark()

    run(site, "up", "--cell", "0", "--lab", STACK).refused(f"is the management cluster of {STACK}")

    assert site.audit.writes(mark) == []


def test_a_smaller_pool_loses_machines_and_no_cluster(site: Lab) -> None:
    """Groups of racks that are no longer declared go, which a preview calls a disruption; every Cluster stays."""
    there = live(site)
    with train_vr(site, 29 * 80 + 10):
        seen = run(site, "preview")
        assert seen.code == 2, seen.text
        assert "are deleted, all at the same time" in seen.text
        report(site, "up")
        gone = there - live(site)
    groups = {key for key in gone if "MachineDeployment" in key}

    assert groups
    assert {key for key in gone if LAST not in key} == set()
    assert len(clusters(site)) == 30
    report(site, "up")
    assert live(site) == there


def test_a_cell_that_is_given_up_has_to_be_asked_for(site: Lab) -> None:
    """A cell that is no longer declared is refused by up and preview, and goes with the word for it; others stay."""
    there, mark = live(site), site.audit.mark()
    with train_vr(site, 29 * 80):
        for words in ("up", "preview"):
            run(site, words).refused(
                f"1 clusters of cells would be deleted, with all their machines: {LAST};"
            )
        assert site.audit.writes(mark) == []
        report(site, "up", "--delete-clusters")

    assert clusters(site) == {f"{STACK}-c{index:03d}" for index in range(29)}
    assert there - live(site) == {key for key in there if LAST in key}
    lines = [line.split() for line in site.audit.writes(mark) if line.startswith("delete ")]
    kinds = [line[1] for line in lines if line[2] == f"{STACK}/{LAST}" and line[1] != "kustomizations"]
    assert kinds[0] == "clusters"
    assert {"kubeadmcontrolplanes", "metal3clusters"} <= set(kinds)


def test_destroy_has_to_be_asked_for_and_leaves_nothing(site: Lab) -> None:
    """Destroy without the word is refused, and with it takes every Cluster before what that refers to."""
    report(site, "up")
    mark = site.audit.mark()
    run(site, "destroy").refused("30 clusters of cells would be deleted, with all their machines")
    assert site.audit.writes(mark) == []

    run(site, "destroy", "--delete-clusters").succeeded()

    assert live(site) == set()
    lines = [line.split() for line in site.audit.writes(mark) if line.startswith("delete ")]
    for index in range(30):
        cell = f"{STACK}/{STACK}-c{index:03d}"
        order = [line[1] for line in lines if line[2] == cell]
        assert order.index("clusters") < order.index("kubeadmcontrolplanes")
    assert lines[-1][1] == "namespaces"
