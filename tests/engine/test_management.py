"""Management clusters of the Korean site, declared on a real API server with the real definitions.

The one at a gigawatt comes up and goes; the one of the phase before, of three cells, is changed in between.

Does not prove that a machine, a cluster or a roll-out comes of the objects: neither Cluster API nor Flux runs.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aifactory.deliver.inventory import live_objects
from aifactory.manifests.management import bundle_for, management_inventory
from aifactory.manifests.model import Bundle, KubernetesObject, key_of, text_at
from tests.support.lab import SIMULATED, Lab, Outcome, copied_checkout, edit_stack, lab
from tests.support.management import management

pytestmark = pytest.mark.engine
STACK = "korea-gigawatt"
CLUSTER = "cluster.x-k8s.io/v1beta2", "Cluster"
CHANGED = "korea-scale-out"
LAST = f"{CHANGED}-c002"
TIMEOUT_S = 900.0


def brought_up(stack: str, folder: Path) -> Iterator[Lab]:
    """The lab of a management cluster, which the first test brings up, and stacks that are free to be edited."""
    checkout = copied_checkout(folder / "checkout")
    with lab(stack, folder / "home", checkout, timeout_s=TIMEOUT_S) as made:
        yield made


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab of the site at a gigawatt."""
    yield from brought_up(STACK, tmp_path_factory.mktemp("gigawatt"))


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab of the phase before, up."""
    for made in brought_up(CHANGED, tmp_path_factory.mktemp("scale-out")):
        made.up()
        yield made


def run(site: Lab, *words: str) -> Outcome:
    """How a command on the management cluster ends."""
    return site.shell.run(words[0], site.stack, *SIMULATED, *words[1:])


def report(site: Lab, *words: str) -> dict[str, Any]:
    """What a command says to machines."""
    found: dict[str, Any] = json.loads(run(site, *words, "--json").succeeded().out)
    return found


def live(site: Lab, cell: str | None = None) -> set[str]:
    """Identities of the objects that are there: all, or those that are labelled as for a cell."""
    owner = management_inventory(site.stack).stack
    found = live_objects(site.cluster(), owner, Bundle(stack=owner, layers=()))
    labelled = {key: text_at(item, "metadata", "labels", "aifactory.dev/cell") for key, item in found.items()}
    return {key for key, of in labelled.items() if cell in (None, of)}


def clusters(site: Lab) -> set[str]:
    """Names of the Clusters that are there."""
    return {key_of(item).name for item in site.cluster().list(*CLUSTER)}


def named(stack: str, count: int) -> set[str]:
    """Names of the first cells."""
    return {f"{stack}-c{index:03d}" for index in range(count)}


@contextmanager
def sized(site: Lab, **racks: int) -> Iterator[None]:
    """The stack file with so many racks of some pools, by name, with ``_`` for ``-``."""
    file = site.shell.checkout / "stacks" / f"Pulumi.{site.stack}.yaml"
    before = file.read_text()

    def change(stack: dict[str, Any]) -> None:
        for pool in stack["pools"]:
            if pool["name"].replace("-", "_") in racks:
                pool.pop("power_share")
                pool["racks"] = racks[pool["name"].replace("-", "_")]

    edit_stack(site.shell.checkout, site.stack, change)
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
    assert clusters(site) == named(STACK, 30)
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


def test_destroy_has_to_be_asked_for_and_leaves_nothing(site: Lab) -> None:
    """Destroy without the word is refused, and with it takes every Cluster before what that refers to."""
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


def test_what_others_changed_is_written_back(changed: Lab) -> None:
    """A version that somebody set by hand is drift, and the next up writes it back."""
    plane: KubernetesObject = {
        "apiVersion": "controlplane.cluster.x-k8s.io/v1beta2",
        "kind": "KubeadmControlPlane",
        "metadata": {"name": LAST, "namespace": CHANGED},
        "spec": {"version": "v1.34.9"},
    }
    changed.cluster().apply(plane, manager="kubectl", force=True)

    found = run(changed, "drift", "--json")
    assert found.code == 2
    (row,) = json.loads(found.out)["drift"]
    assert [field["path"] for field in row["fields"]] == ["spec.version"]
    assert len(report(changed, "up")["repaired"]) == 1
    assert report(changed, "drift")["drift"] == []


def test_a_cell_is_not_put_onto_it(changed: Lab) -> None:
    """A run for a cell that meets the management cluster is refused and writes nothing."""
    mark = changed.audit.mark()

    run(changed, "up", "--cell", "0", "--lab", CHANGED).refused(f"is the management cluster of {CHANGED}")

    assert changed.audit.writes(mark) == []


def test_a_smaller_pool_loses_machines_and_no_cluster(changed: Lab) -> None:
    """Groups of racks that are no longer declared go, which a preview calls a disruption; every Cluster stays."""
    there, last = live(changed), live(changed, LAST)
    with sized(changed, train_vr=170):
        seen = run(changed, "preview")
        assert seen.code == 2, seen.text
        assert "are deleted, all at the same time" in seen.text
        report(changed, "up")
        gone = there - live(changed)

    deployment = f"cluster.x-k8s.io/v1beta2 MachineDeployment {CHANGED}/train-vr-r"
    assert {key for key in gone if "MachineDeployment" in key} == {
        f"{deployment}{rack}" for rack in (170, 180, 190)
    }
    assert gone < last  # each group has a machine template of its own
    assert clusters(changed) == named(CHANGED, 3)
    report(changed, "up")
    assert live(changed) == there


def test_a_cell_that_is_given_up_has_to_be_asked_for(changed: Lab) -> None:
    """A cell that is no longer declared is refused by up and preview, and goes with the word for it; others stay."""
    there, last, mark = live(changed), live(changed, LAST), changed.audit.mark()
    with sized(changed, train_vr=160, infer_vr=200):
        for words in ("up", "preview"):
            run(changed, words).refused(
                f"1 cluster of cells would be deleted, with all their machines: {LAST};"
            )
        assert changed.audit.writes(mark) == []
        report(changed, "up", "--delete-clusters")

    assert clusters(changed) == named(CHANGED, 2)
    assert there - live(changed) == last
    lines = [line.split() for line in changed.audit.writes(mark) if line.startswith("delete ")]
    kinds = [line[1] for line in lines if line[2] == f"{CHANGED}/{LAST}" and line[1] != "kustomizations"]
    assert kinds[0] == "clusters"
    assert {"kubeadmcontrolplanes", "metal3clusters"} <= set(kinds)
