"""Whose a management cluster is, and what is not written on it."""

from typing import Any

import pytest

from aifactory.deliver.cluster import Cluster
from aifactory.deliver.holder import entered, one_owner
from aifactory.errors import ClusterError
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.plan.cell_choice import one_cell
from tests.support.management import site_plan

KOREA, JOHOR = "korea-scale-out", "malaysia-johor"


class Holding(Cluster):
    """A cluster that holds some namespaces, and answers some lists.

    Args:
        namespaces: The inventory label of each, by name.
        found: What a list of a kind with a selector finds, by both in one text.
    """

    def __init__(self, namespaces: dict[str, str], found: dict[str, list[str]] | None = None) -> None:
        self.server = "https://127.0.0.1:1"
        self._namespaces = namespaces
        self._found = found or {}

    def get(self, manifest: KubernetesObject) -> KubernetesObject | None:
        """A namespace."""
        label = self._namespaces.get(key_of(manifest).name)
        return None if label is None else {**manifest, "metadata": {"labels": {"aifactory.dev/stack": label}}}

    def list(self, api_version: str, kind: str, selector: str = "") -> list[KubernetesObject]:
        """Objects of the names that were given."""
        return [
            {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "n"}}
            for name in self._found.get(f"{kind} {selector}", [])
        ]


def refusal(stack: str, cluster: Holding, cell: str | None = None) -> str:
    """What entering the cluster with a stack is refused with."""
    plan = site_plan(stack)
    with pytest.raises(ClusterError) as caught:
        entered(one_cell(plan, cell) if cell else plan, cluster, driven=True)
    return str(caught.value)


@pytest.mark.parametrize(
    ("namespaces", "inside"), [({}, False), ({KOREA: f"{KOREA}.management"}, True), ({KOREA: ""}, False)]
)
def test_a_management_cluster_is_entered_once(namespaces: dict[str, str], inside: bool) -> None:
    """Gates have been asked where the namespace of the stack is its own; an unlabelled one says nothing."""
    if namespaces == {KOREA: ""}:
        namespaces = {}

    assert entered(site_plan(KOREA), Holding(namespaces), driven=True) is inside


def test_a_cell_is_no_management_cluster() -> None:
    """What a management cluster holds does not go into a cell of the same site."""
    assert refusal(KOREA, Holding({"aifactory-system": KOREA})) == (
        "the cluster at https://127.0.0.1:1 is a cell of korea-scale-out; its management cluster is one outside of the"
        " cells; use the kubeconfig of that, or name the cell with --cell; nothing was written"
    )


def test_a_management_cluster_is_no_cell() -> None:
    """A cell does not go onto the management cluster of its site."""
    assert refusal(KOREA, Holding({KOREA: f"{KOREA}.management"}), "1") == (
        "the cluster at https://127.0.0.1:1 is the management cluster of korea-scale-out; korea-scale-out-c001 is a"
        " cluster of its own; use the kubeconfig of the cell; nothing was written"
    )
    assert not entered(one_cell(site_plan(KOREA), "1"), Holding({}), driven=True)


def test_a_namespace_has_one_stack() -> None:
    """Two stacks do not share a namespace of a management cluster."""
    assert refusal(KOREA, Holding({KOREA: "other.management"})) == (
        "the namespace korea-scale-out at https://127.0.0.1:1 belongs to other.management; each stack has one of its"
        " own on a management cluster; set another delivery.namespace in korea-scale-out; nothing was written"
    )


@pytest.mark.parametrize(
    ("stack", "engine", "group", "kind"),
    [
        (KOREA, "flux", "kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        (JOHOR, "argocd", "argoproj.io/v1alpha1", "ApplicationSet"),
        (JOHOR, "argocd", "argoproj.io/v1alpha1", "Application"),
    ],
)
def test_an_engine_and_a_stack_do_not_own_the_same(stack: str, engine: str, group: str, kind: str) -> None:
    """Where the engine's root keeps the objects as they are in Git, neither up nor destroy touches them."""
    cluster = Holding({}, {f"{kind} aifactory.dev/rollout={stack},!aifactory.dev/stack": [stack]})
    wanted = (
        f"{engine} keeps the management cluster at https://127.0.0.1:1 as the tree of {stack} in Git has it"
        f" ({group} {kind} n/{stack}); either its root or this command has these objects, not both; delete the root"
        " first (docs/gitops.md says how), or leave them to Git; nothing was written"
    )

    assert refusal(stack, cluster) == wanted
    with pytest.raises(ClusterError, match="either its root or this command"):
        one_owner(site_plan(stack), cluster)


def test_applications_of_the_steps_are_the_stack_s_own() -> None:
    """What the declared ApplicationSet makes has its label, and is no root."""
    made = {f"Application aifactory.dev/rollout={JOHOR},!aifactory.dev/stack": [f"{JOHOR}-c000-storage"]}

    assert not entered(site_plan(JOHOR), Holding({}, made), driven=True)


def test_the_racks_of_the_phase_before_are_not_taken_twice() -> None:
    """A phase is not declared beside the clusters of the phase before, which have the same hosts."""
    names = [f"{KOREA}-c00{index}" for index in range(7)]
    cluster = Holding({}, {f"Cluster aifactory.dev/rollout={KOREA}": names})

    assert refusal("korea-gigawatt", cluster) == (
        "the clusters of the phase before, korea-scale-out, are at https://127.0.0.1:1 (korea-scale-out-c000,"
        " korea-scale-out-c001, korea-scale-out-c002, korea-scale-out-c003, korea-scale-out-c004 and 2 more); clusters"
        " are named after their stack, so that korea-gigawatt would make each a second time, of the same hosts; give"
        " these up first, or keep to the phase that runs; nothing was written"
    )


def test_what_is_looked_for_is_what_the_objects_carry() -> None:
    """The selectors find the tree's objects: they are those of the labels that renderers write."""
    from aifactory.manifests.gitops.names import labels
    from aifactory.manifests.labels import STACK

    written: dict[str, Any] = dict(labels(KOREA))

    assert written["aifactory.dev/rollout"] == KOREA
    assert STACK == "aifactory.dev/stack"
    assert STACK not in written
