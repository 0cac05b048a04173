"""Commits of all kinds, as Flux takes them. Does not prove anything about hardware or charts: nodes are simulated."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.manifests.model import KubernetesObject
from tests.support.fleet import STACK, Fleet
from tests.support.flux import NAMESPACE, Ready
from tests.support.lab import edit_stack
from tests.support.processes import wait

pytestmark = pytest.mark.gitops
POOL = {"name": "infer-gb200", "system": "gb200-nvl72", "racks": 1, "service": "inference"}
FLUX = "flux-kustomize-controller"


def written(fleet: Fleet, mark: int) -> set[str]:
    """Names of the objects that Flux wrote after a mark of the audit log, its own namespace left out."""
    found = set()
    for line in fleet.lab.audit.writes(mark):
        _, _, name, _, agent = line.split(" ", 4)
        if agent.startswith(FLUX) and not name.startswith(f"{NAMESPACE}/"):
            found.add(name)
    return found


def frozen(fleet: Fleet) -> dict[str, Any]:
    """What people would notice of every object: all but its status, and what bookkeeping is on it."""
    return {key: _declared(item) for key, item in fleet.lab.live().items()}


def _declared(item: KubernetesObject) -> Any:
    content: Any = {name: value for name, value in item.items() if name != "status"}
    noise = {"managedFields", "resourceVersion"}
    return {**content, "metadata": {k: v for k, v in content["metadata"].items() if k not in noise}}


def dependants(found: dict[str, Ready], name: str) -> set[str]:
    """Kustomizations that a name stands before, however far."""
    direct = {one.name for one in found.values() if name in one.needs}
    return direct.union(*(dependants(found, one) for one in direct)) if direct else set()


@pytest.fixture
def with_pool(steady: Fleet) -> Iterator[Fleet]:
    """The fleet; afterwards its stack file and its tree are as before."""
    file = steady.lab.shell.checkout / "stacks" / f"Pulumi.{STACK}.yaml"
    before = file.read_text()
    yield steady
    file.write_text(before)
    steady.render()
    steady.push("without the pool")
    steady.lab.shell.run("lab", "up", STACK).succeeded()
    steady.flux.wait_ready(steady.commit)


def test_a_pool_is_added_by_a_commit(with_pool: Fleet) -> None:
    """A commit with one pool more writes the objects that differ in the render, and no other object."""
    fleet = with_pool
    rendered, live = fleet.lab.rendered(), frozen(fleet)
    edit_stack(fleet.lab.shell.checkout, STACK, lambda stack: stack["pools"].append(POOL))
    fleet.lab.shell.run("lab", "up", STACK).succeeded()
    mark = fleet.lab.audit.mark()
    fleet.render()
    fleet.push("one pool more")
    fleet.flux.wait_ready(fleet.commit)

    wanted, after = fleet.lab.rendered(), frozen(fleet)
    new = set(wanted) - set(rendered)
    changed = {key for key in rendered if wanted[key] != rendered[key]}
    assert any("infer-gb200" in key for key in new)
    assert set(rendered) <= set(wanted)
    assert set(after) == set(wanted)
    assert {key for key in live if after[key] != live[key]} == changed
    names = {_place(key) for key in new | changed}
    assert written(fleet, mark) == names
    assert fleet.lab.drift().fields == {}


def _place(key: str) -> str:
    return key.rsplit(" ", 1)[1]


@pytest.mark.parametrize(
    ("layer", "file", "path", "told"),
    [
        ("storage", "storageclass-home.yaml", ("volumeBindingMode",), "StorageClass/home"),
        (
            "dra-config",
            "computedomain-training-train-rack.yaml",
            ("spec",),
            "ComputeDomain/training/train-rack",
        ),
        ("node-pools", "job-aifactory-system-pool-train-gb300", ("spec", "backoffLimit"), "pool-train-gb300"),
    ],
)
def test_a_broken_manifest_stops_its_layer_alone(
    steady: Fleet, layer: str, file: str, path: tuple[str, ...], told: str
) -> None:
    """The layer is not Ready and names the object, what needs it waits, all else goes on, and a revert heals it.

    Flux writes no object of the stack meanwhile.
    """
    before, first = frozen(steady), steady.flux.kustomizations()
    broken, mark = steady.kustomization(layer), steady.lab.audit.mark()
    waiting = dependants(first, broken)
    _break(steady.folder(layer), file, path)
    commit = steady.push(f"a mistake in {layer}")
    try:
        _wait_told(steady, broken, waiting, commit)
        found = steady.flux.kustomizations()
        assert told in found[broken].message, found[broken]
        assert {found[name].reason for name in waiting} == {"DependencyNotReady"}
        others = set(found) - waiting - {broken}
        assert len(others) > 2
        assert {found[name].applied for name in others} == {f"main@sha1:{commit}"}
        assert {found[name].applied for name in {broken, *waiting}} == {first[broken].applied}
        assert frozen(steady) == before
        assert written(steady, mark) == set()
    finally:
        steady.revert()
    steady.flux.wait_ready(steady.commit)
    assert frozen(steady) == before


def _break(folder: Path, beginning: str, path: tuple[str, ...]) -> None:
    (file,) = folder.glob(f"{beginning}*")
    content = yaml.safe_load(file.read_text())
    *above, last = path
    place = content
    for step in above:
        place = place[step]
    place[last] = "no such thing"
    file.write_text(yaml.safe_dump(content))


def _wait_told(fleet: Fleet, broken: str, waiting: set[str], commit: str) -> None:
    """Wait until the broken step has been tried at the commit, and every other one has settled on it."""

    def told() -> bool:
        found = fleet.flux.kustomizations()
        others = [one for name, one in found.items() if name != broken and name not in waiting]
        return (
            found[broken].status == "False"
            and found[broken].attempted.endswith(commit)
            and all(found[name].status == "False" for name in waiting)
            and all(one.status == "True" and one.applied.endswith(commit) for one in others)
        )

    wait(told, 120, fleet.flux.describe)


def test_a_hand_edit_is_healed_at_the_next_sync(steady: Fleet) -> None:
    """An object that was changed and one that was deleted behind Flux's back are as declared after the next sync."""
    cluster = steady.lab.cluster()
    live: Any = steady.lab.live()
    policy = live["networking.k8s.io/v1 NetworkPolicy training/default-deny"]
    quota = live["v1 ResourceQuota training/aifactory-storage"]
    edited = {**_bare(quota), "spec": {"hard": {**quota["spec"]["hard"], **_ten(quota)}}}
    cluster.apply(edited, manager="somebody", force=True)
    cluster.delete(policy)
    assert steady.lab.drift().fields.keys() == {"v1 ResourceQuota training/aifactory-storage"}
    assert len(steady.lab.drift().missing) == 1

    for layer in ("storage", "network-policies"):
        steady.flux.reconcile(steady.kustomization(layer))
    wait(
        lambda: not steady.lab.drift().fields and not steady.lab.drift().missing,
        60,
        lambda: (steady.lab.drift(), steady.flux.describe()),
    )


def _bare(item: Any) -> Any:
    metadata = {name: item["metadata"][name] for name in ("name", "namespace")}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata}


def _ten(quota: Any) -> dict[str, str]:
    return {name: "10" for name in quota["spec"]["hard"] if name.endswith("persistentvolumeclaims")}
