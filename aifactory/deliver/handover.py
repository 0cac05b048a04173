"""Hand what a killed run left behind over to the engine.

The provider applies every new object under a field manager of a random name, which only the engine's state
knows. A run that was killed leaves objects whose manager nobody knows any more: the next run would conflict
with it, and a field that is dropped later would stay, because the old manager still owns it.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from aifactory.deliver.cluster import UNPROCESSABLE, ApiProblem, Cluster, at_once
from aifactory.deliver.inventory import FALLBACK_MANAGER, is_ours, live_objects
from aifactory.manifests.model import Bundle, KubernetesObject, key_of
from aifactory.manifests.protected import is_protected


def managers_in(state: Path | None) -> dict[str, str] | None:
    """The field manager of every object that a state file names, by identity; None where it cannot be read."""
    if state is None:
        return None
    if not state.exists():
        return {}
    try:
        latest = json.loads(state.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}
        outputs = [item.get("outputs", {}) for item in latest.get("resources", [])]
        return {
            str(key_of(item)): str(item["__fieldManager"]) for item in outputs if "__fieldManager" in item
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def hand_over(cluster: Cluster, bundle: Bundle, known: Mapping[str, str], owner: str | None = None) -> int:
    """No live object of the bundle has a manager of ours that the state does not know; how many had.

    Such an object is made equal to what is wanted under the forgotten manager, so that dropped fields go, and
    then its manager is taken off. An object that cannot be made equal is deleted, and the engine makes it anew,
    unless it takes more with it than itself.

    Args:
        cluster: The cluster.
        bundle: What is wanted.
        known: Field managers in the engine's state, by identity.
        owner: Stack whose inventory label the objects carry; None means the bundle's own.

    Raises:
        ApiProblem: If the API server refuses.
    """
    live = live_objects(cluster, owner or bundle.stack, bundle)
    work = [
        (item, managers)
        for item in bundle.objects()
        if (key := str(key_of(item))) in live and (managers := _forgotten(live[key], known.get(key)))
    ]
    at_once(lambda one: _release(cluster, one[0], one[1], replace=str(key_of(one[0])) not in known), work)
    return len(work)


def _entries(live: KubernetesObject) -> list[dict[str, JsonValue]]:
    metadata = live.get("metadata")
    entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
    return [entry for entry in (entries if isinstance(entries, list) else []) if isinstance(entry, dict)]


def _forgotten(live: KubernetesObject, known: str | None) -> list[str]:
    return [
        str(entry.get("manager")) for entry in _entries(live) if is_ours(entry) and entry["manager"] != known
    ]


def _accepted_anew(cluster: Cluster, item: KubernetesObject) -> None:
    """The API server would take the object if it were new: what it refuses is the change, not the content.

    Raises:
        ApiProblem: If it would not.
    """
    metadata = item["metadata"]
    assert isinstance(metadata, dict)  # noqa: S101 - every object of a bundle has metadata
    name = f"{key_of(item).name[:40].rstrip('-.')}-anew"
    cluster.apply({**item, "metadata": {**metadata, "name": name}}, manager=FALLBACK_MANAGER, dry_run=True)


def _release(cluster: Cluster, item: KubernetesObject, managers: list[str], *, replace: bool) -> None:
    try:
        for manager in managers:
            applied = cluster.apply(item, manager=manager, force=True)
    except ApiProblem as problem:
        if problem.status != UNPROCESSABLE or (replace and is_protected(item)):
            raise
        if replace:
            _accepted_anew(cluster, item)
            cluster.delete(item)
        return  # the engine replaces what it knows
    kept: list[JsonValue] = [
        entry for entry in _entries(applied) if not (is_ours(entry) and entry["manager"] in managers)
    ]
    metadata = applied["metadata"]
    assert isinstance(metadata, dict)  # noqa: S101 - the API server's answer has metadata
    key = key_of(item)
    cluster.request(
        "PATCH",
        f"{cluster.collection(key.api_version, key.kind, key.namespace)}/{key.name}",
        body=[
            {"op": "replace", "path": "/metadata/managedFields", "value": kept or [{}]},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        ],
        content_type="application/json-patch+json",
    )
