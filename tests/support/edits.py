"""Edits behind a stack's back: what somebody with kubectl would do to a live object."""

import copy
from collections.abc import Iterator
from typing import Any

from pydantic import JsonValue

from aifactory.deliver.cluster import ApiProblem, Cluster
from aifactory.manifests.model import KubernetesObject, key_of
from tests.support.lab import Lab
from tests.support.processes import wait

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


def patch_by_hand(
    cluster: Cluster, item: KubernetesObject, body: dict[str, Any], *, dry_run: bool = False
) -> None:
    """Merge a patch into a live object, as the editor."""
    key = key_of(item)
    collection = cluster.collection(key.api_version, key.kind, key.namespace)
    cluster.request(
        "PATCH",
        f"{collection}/{key.name}",
        query={"fieldManager": EDITOR, **({"dryRun": "All"} if dry_run else {})},
        body=body,
        content_type="application/merge-patch+json",
    )


def edit_by_hand(cluster: Cluster, item: KubernetesObject) -> str:
    """Change the first field outside the identity that the API server lets anybody change; its path."""
    spec = [path for path in _leaves(item) if path[0] not in ("apiVersion", "kind", "metadata")]
    label: Path = ("metadata", "labels", "app.kubernetes.io/managed-by")
    for path in [*spec, label]:
        body = _edited(item, path)
        try:
            patch_by_hand(cluster, item, body, dry_run=True)
        except ApiProblem:
            continue
        patch_by_hand(cluster, item, body, dry_run=False)
        return ".".join(map(str, path))
    raise AssertionError(f"nobody can change anything of {key_of(item)}")


def one_of_each_kind(pilot: Lab) -> dict[str, KubernetesObject]:
    """The first declared object of every kind, by identity."""
    found: dict[tuple[str, str], KubernetesObject] = {}
    for item in pilot.rendered().values():
        key = key_of(item)
        found.setdefault((key.api_version, key.kind), item)
    return {str(key_of(item)): item for item in found.values()}


def edit_one_of_each_kind(made: Lab) -> dict[str, str]:
    """Change an object of every kind by hand; the paths that were changed, by identity."""
    return {key: edit_by_hand(made.cluster(), item) for key, item in one_of_each_kind(made).items()}


def delete_one_of_each_kind(made: Lab) -> dict[str, KubernetesObject]:
    """Delete an object of every kind, and wait until the API server has none of them; the objects, by identity."""
    cluster, picked = made.cluster(), one_of_each_kind(made)
    for item in picked.values():
        cluster.delete(item)
    wait(
        lambda: all(cluster.get(item) is None for item in picked.values()),
        30,
        lambda: [key for key, item in picked.items() if cluster.get(item) is not None],
    )
    return picked
