"""What Flux makes of the pilot's tree. Does not prove anything about hardware or charts: nodes are simulated."""

from typing import Any

import pytest

from aifactory.manifests.labels import LAYER
from aifactory.manifests.layers import NEEDS
from aifactory.manifests.model import LayerName
from tests.support.fleet import STACK, Fleet
from tests.support.flux import NAMESPACE
from tests.support.lab import SIMULATED

pytestmark = pytest.mark.gitops
INVENTORY = "kustomize.toolkit.fluxcd.io/name"
"""Label by which Flux knows what it applied."""


def test_every_step_is_ready_at_the_commit(steady: Fleet) -> None:
    """The stack, its cell, each layer and each wave is Ready at the pushed commit, and every layer is among them."""
    found = steady.flux.kustomizations()
    layers = {str(item["metadata"]["labels"][LAYER]) for item in _live(steady)}

    assert {one.status for one in found.values()} == {"True"}
    assert {one.applied for one in found.values()} == {f"main@sha1:{steady.commit}"}
    of_management = {LayerName.CELL_MACHINES, LayerName.CELL_CLUSTERS, LayerName.ROLL_OUT}
    assert layers == {name.value for name in LayerName if name not in of_management}
    assert {steady.kustomization(layer) for layer in layers} < set(found)


def test_layers_follow_in_the_declared_order(steady: Fleet) -> None:
    """A step was Ready before its dependants, and all of its objects were made before any of theirs."""
    made: dict[str, list[str]] = {}
    for item in _live(steady):
        labels = item["metadata"]["labels"]
        made.setdefault(labels[INVENTORY], []).append(item["metadata"]["creationTimestamp"])
    pairs = [(need, one.name) for one in steady.first.values() for need in one.needs]

    assert [pair for pair in pairs if steady.first[pair[0]].since > steady.first[pair[1]].since] == []
    layered = [(need, name) for need, name in pairs if need in made and name in made]
    assert [(need, name) for need, name in layered if max(made[need]) > min(made[name])] == []
    # The order is not one moment: else this could not fail.
    assert any(max(made[need]) < min(made[name]) for need, name in layered)
    layers = {str(item["metadata"]["labels"][LAYER]) for item in _live(steady)}
    wanted = {
        (need.value, layer.value)
        for layer, needs in NEEDS.items()
        for need in needs
        if layer.value in layers  # the other ones are of a management cluster
    }
    assert len(wanted) > len(layers)
    assert {(steady.kustomization(need), steady.kustomization(layer)) for need, layer in wanted} <= set(pairs)


def test_every_object_is_as_rendered(steady: Fleet) -> None:
    """What is in the cluster is what a direct delivery would apply: every object, every field, none more."""
    found = steady.lab.drift()

    assert (found.missing, found.fields, found.unwanted) == ((), {}, ())
    assert sorted(steady.lab.live()) == sorted(steady.lab.rendered())


def test_drift_sees_none(steady: Fleet) -> None:
    """`aifactory drift` has nothing to say of a cluster that Flux rolled out."""
    outcome = steady.lab.shell.run("drift", STACK, *SIMULATED)

    assert outcome.code == 0, outcome.text


def test_flux_is_the_owner_of_what_it_applied(steady: Fleet) -> None:
    """Every object is in the inventory of the Kustomization of its own layer: another engine can see whose it is."""
    wrong = {
        f"{item['kind']} {item['metadata']['name']}": item["metadata"]["labels"][INVENTORY]
        for item in _live(steady)
        if item["metadata"]["labels"][INVENTORY] != steady.kustomization(item["metadata"]["labels"][LAYER])
    }

    assert wrong == {}


def test_the_engine_is_given_one_object_by_hand(steady: Fleet) -> None:
    """A person applies a source and one Kustomization; all others come from Git."""
    applied = [str(item["kind"]) for item in steady.bootstrap()]
    by_git: Any = steady.flux.cluster.list("kustomize.toolkit.fluxcd.io/v1", "Kustomization")

    assert applied == ["GitRepository", "Kustomization"]
    assert all(
        one["metadata"]["labels"].get(INVENTORY) == STACK and one["metadata"]["namespace"] == NAMESPACE
        for one in by_git
    )


def _live(fleet: Fleet) -> list[Any]:
    return list(fleet.lab.live().values())
