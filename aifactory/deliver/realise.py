"""Make the cluster equal to the Bundle: repair, run the engine, prune; and take it all away again."""

import json

from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.deliver.cluster import UNPROCESSABLE, ApiProblem, Cluster
from aifactory.deliver.engine import Engine, Notify
from aifactory.deliver.handover import hand_over, managers_in
from aifactory.deliver.inventory import Drift, drift, live_objects, manager_of, prune, repair
from aifactory.deliver.lost_clusters import clusters_stay, unprotect
from aifactory.deliver.record import Record, state_file
from aifactory.deliver.takeover import Predecessor, guard, owner, take_over
from aifactory.deliver.workspace import Workspace
from aifactory.manifests.model import Bundle, KubernetesObject, key_of


class UpReport(BaseModel):
    """What an ``up`` did."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    engine_ran: bool
    """False where the cluster was as declared and the engine had recorded it."""
    changes: dict[str, int]
    """Resources by operation of the engine."""
    repaired: tuple[str, ...]
    """Objects whose fields others had changed."""
    pruned: int
    """Objects of ours that nobody wanted any more."""
    outputs: dict[str, JsonValue]


def up(
    bundle: Bundle,
    cluster: Cluster,
    workspace: Workspace,
    notify: Notify,
    show: Notify | None,
    previous: Predecessor | None = None,
    *,
    delete_clusters: bool = False,
) -> UpReport:
    """The cluster is as the bundle declares it; safe to run again after it was killed at any moment.

    Args:
        bundle: What is wanted; the program that the engine runs declares the same.
        cluster: The cluster, verified to be the right one.
        workspace: Where the engine works.
        notify: Told one line for each noteworthy thing.
        show: Told the engine's own lines; None for silence.
        previous: The phase before; what the cluster holds of it is taken over, in place.
        delete_clusters: Whether clusters of cells that are no longer declared are deleted.

    Raises:
        EngineError: If the engine fails.
        ClusterError: If the cluster refuses, or clusters of cells would go without having been asked for.
    """
    engine = Engine(workspace, notify)
    engine.settle()
    taken = previous if previous is not None and owner(cluster) == previous.stack else None
    if taken is not None:
        take_over(bundle, cluster, engine, taken, notify)
    before = drift(cluster, bundle)
    clusters_stay(before.unwanted, delete_clusters=delete_clusters)
    record = Record(workspace, bundle)
    clean = not (before.missing or before.changed or before.unwanted)
    if clean and record.holds():
        return UpReport(engine_ran=False, changes={}, repaired=(), pruned=0, outputs=record.outputs())
    record.drop()
    repaired = _take_back(cluster, before, notify)
    known = managers_in(state_file(workspace))
    holders = {bundle.stack, taken.stack if taken else bundle.stack}
    left = 0 if known is None else sum(hand_over(cluster, bundle, known, one) for one in sorted(holders))
    if left:
        notify(f"{left} objects of a run that did not end are handed over to the engine")
    if delete_clusters:
        unprotect(engine)
    result = engine.up(refresh=bool(before.missing) and _has_resources(workspace), show=show)
    after = drift(cluster, bundle) if before.changed or before.unwanted else None
    pruned = 0
    if after is not None and after.unwanted:
        for item in after.unwanted:
            notify(f"no longer wanted, deleted: {key_of(item)}")
        pruned = prune(cluster, after.unwanted)
    record.write(result.outputs)
    return UpReport(
        engine_ran=True, changes=result.changes, repaired=repaired, pruned=pruned, outputs=result.outputs
    )


def destroy(
    bundle: Bundle,
    cluster: Cluster,
    workspace: Workspace,
    notify: Notify,
    show: Notify | None,
    *,
    delete_clusters: bool = False,
) -> int:
    """Nothing of the stack is left in the cluster; how many objects went.

    Args:
        bundle: What was wanted; names the kinds to look at.
        cluster: The cluster, verified to be the right one.
        workspace: Where the engine works.
        notify: Told one line for each noteworthy thing.
        show: Told the engine's own lines; None for silence.
        delete_clusters: Whether clusters of cells are deleted, with their machines.

    Raises:
        EngineError: If the engine fails.
        ClusterError: If the cluster refuses, or clusters of cells would go without having been asked for.
    """
    nothing = Bundle(stack=bundle.stack, layers=())
    clusters_stay(live_objects(cluster, bundle.stack, nothing).values(), delete_clusters=delete_clusters)
    Record(workspace, bundle).drop()
    engine = Engine(workspace, notify)
    guard(bundle, cluster, engine)
    if delete_clusters:
        unprotect(engine)
    result = engine.destroy(show=show)
    left = drift(cluster, nothing).unwanted
    for item in left:
        notify(f"unknown to the state, deleted: {key_of(item)}")
    return result.changes.get("delete", 0) + prune(cluster, left)


def _take_back(cluster: Cluster, before: Drift, notify: Notify) -> tuple[str, ...]:
    """Fields that another manager wrote are taken back first: the engine would stop at the conflict."""
    taken: list[str] = []
    for item in before.changed:
        live = cluster.get(item)
        others = _foreign_managers(live) if live is not None else []
        if not others:
            continue
        try:
            repair(cluster, before.model_copy(update={"changed": (item,)}))
        except ApiProblem as problem:
            if problem.status != UNPROCESSABLE:
                raise
            continue  # an immutable field: the engine replaces the object
        key = str(key_of(item))
        taken.append(key)
        notify(f"taken back from {', '.join(others)}: {key} ({', '.join(before.fields[key])})")
    return tuple(taken)


def _foreign_managers(live: KubernetesObject) -> list[str]:
    metadata = live.get("metadata")
    entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
    ours = manager_of(live)
    found = {
        str(entry.get("manager"))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and not entry.get("subresource") and entry.get("manager") != ours
    }
    return sorted(found)


def _has_resources(workspace: Workspace) -> bool:
    """Whether the state may name objects; true where it cannot be looked at."""
    file = state_file(workspace)
    if file is None:
        return True
    try:
        latest = json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"]
    except (OSError, ValueError, KeyError, TypeError):
        return file.exists()
    return bool(latest and latest.get("resources"))
