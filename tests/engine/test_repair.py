"""Hand edits, deletions and orphans are put right by the next ``up``. Does not prove anything about hardware."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import JsonValue

from aifactory.deliver.cluster import ApiProblem, Cluster
from aifactory.manifests.labels import STACK
from aifactory.manifests.model import KubernetesObject, key_of
from tests.support.lab import Lab
from tests.support.processes import wait

pytestmark = pytest.mark.engine
EDITOR = "kubectl-edit"
Path = tuple[str | int, ...]


def _leaves(value: JsonValue, path: Path = ()) -> Iterator[Path]:
    """Paths of the scalars in an object."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path


def _changed(value: object) -> object:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}x"


def _edited(item: KubernetesObject, path: Path) -> dict[str, Any]:
    """A merge patch that changes one scalar; lists are replaced as a whole."""
    field = str(path[0])
    patch: dict[str, Any] = {field: copy.deepcopy(item[field])}
    place: Any = patch
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = _changed(place[path[-1]])
    return patch


def _patch(cluster: Cluster, item: KubernetesObject, body: dict[str, Any], *, dry_run: bool) -> None:
    key = key_of(item)
    collection = cluster.collection(key.api_version, key.kind, key.namespace)
    cluster.request(
        "PATCH",
        f"{collection}/{key.name}",
        query={"fieldManager": EDITOR, **({"dryRun": "All"} if dry_run else {})},
        body=body,
        content_type="application/merge-patch+json",
    )


def _edit_by_hand(cluster: Cluster, item: KubernetesObject) -> str:
    """Change the first field outside the identity that the API server lets anybody change; its path."""
    spec = [path for path in _leaves(item) if path[0] not in ("apiVersion", "kind", "metadata")]
    label: Path = ("metadata", "labels", "app.kubernetes.io/managed-by")
    for path in [*spec, label]:
        body = _edited(item, path)
        try:
            _patch(cluster, item, body, dry_run=True)
        except ApiProblem:
            continue
        _patch(cluster, item, body, dry_run=False)
        return ".".join(map(str, path))
    raise AssertionError(f"nobody can change anything of {key_of(item)}")


def _one_of_each_kind(pilot: Lab) -> dict[str, KubernetesObject]:
    found: dict[tuple[str, str], KubernetesObject] = {}
    for item in pilot.rendered().values():
        key = key_of(item)
        found.setdefault((key.api_version, key.kind), item)
    return {str(key_of(item)): item for item in found.values()}


def test_hand_edits_are_repaired(pilot: Lab) -> None:
    """A field that another manager changed, in an object of every kind, is as declared after the next up."""
    pilot.up()
    cluster, picked = pilot.cluster(), _one_of_each_kind(pilot)
    edits = {key: _edit_by_hand(cluster, item) for key, item in picked.items()}
    in_spec = [key for key, path in edits.items() if not path.startswith("metadata.")]
    assert len(in_spec) > len(edits) / 2, edits
    assert set(pilot.drift().fields) == set(edits), edits
    report = pilot.up()
    assert set(report["repaired"]) == set(edits)
    pilot.assert_converged()
    assert pilot.up()["engine_ran"] is False


def test_deleted_objects_return(pilot: Lab) -> None:
    """An object of every kind, namespaces and what is in them included, is there again after the next up."""
    pilot.up()
    cluster, picked = pilot.cluster(), _one_of_each_kind(pilot)
    for item in picked.values():
        cluster.delete(item)
    wait(
        lambda: all(cluster.get(item) is None for item in picked.values()),
        30,
        lambda: [key for key, item in picked.items() if cluster.get(item) is not None],
    )
    pilot.up()
    pilot.assert_converged()


def _config_map(name: str, labels: dict[str, JsonValue]) -> KubernetesObject:
    metadata: dict[str, JsonValue] = {"name": name, "namespace": "default", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"by": "hand"}}


def test_only_our_orphans_are_pruned(pilot: Lab) -> None:
    """An orphan with the stack's label goes; objects of nobody and of another stack are left alone."""
    pilot.up()
    cluster = pilot.cluster()
    orphan = _config_map("orphan", {STACK: pilot.stack})
    foreign = [_config_map("foreign", {}), _config_map("other-stack", {STACK: "another"})]
    for item in (orphan, *foreign):
        cluster.apply(item, manager=EDITOR)
    before = [cluster.get(item) for item in foreign]
    report = pilot.up()
    assert report["pruned"] == 1
    assert cluster.get(orphan) is None
    assert [cluster.get(item) for item in foreign] == before
    for item in foreign:
        cluster.delete(item)
    pilot.assert_converged()
