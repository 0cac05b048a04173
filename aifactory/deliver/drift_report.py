"""Desired against live, field by field: what differs, who changed it, what is missing, what is not wanted.

Only what the bundle declares is looked at, and what an apply of ours left behind: status, defaults and the fields
of others (an engine's labels, a controller's annotations) are no drift. Nothing is written.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.deliver.cluster import ApiProblem, Cluster, at_once
from aifactory.deliver.drift_managers import Edit, editor_of, own_manager
from aifactory.deliver.drift_paths import FieldPath, differing, value_at
from aifactory.deliver.inventory import Compared, compared, is_terminating, tried
from aifactory.errors import ClusterError
from aifactory.manifests.model import Bundle, KubernetesObject
from aifactory.manifests.owned_fields import asked_of, owned

HIDDEN = "(hidden)"
"""Stands for a value of a Secret: those are never shown."""
_FORBIDDEN = 403
_OPEN_IN_SECRETS = ("apiVersion", "kind", "type", "metadata")


class DriftModel(BaseModel):
    """Base of the report: frozen, no unknown fields, described by docstrings."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class State(StrEnum):
    """How an object differs from what is declared."""

    CHANGED = "changed"
    """It is there, with other fields."""
    MISSING = "missing"
    """It is declared and not there."""
    UNWANTED = "unwanted"
    """It carries the stack's inventory label and is not declared."""


class FieldDrift(DriftModel):
    """One field of a live object that is not as declared."""

    path: str
    """Steps with dots between; the index of a list's element is a step."""
    wanted: JsonValue
    """None where the field is no longer declared."""
    found: JsonValue
    """None where the field is not there."""
    editor: Edit | None
    """Who wrote the field last; None where the API server does not know: a removal leaves no trace."""


class ObjectDrift(DriftModel):
    """One object that is not as declared."""

    object: str
    """Its version, kind, namespace and name."""
    state: State
    fields: tuple[FieldDrift, ...] = ()
    """Of a changed object: the fields, in the order of the declaration."""


class DriftReport(DriftModel):
    """How a cluster differs from what is declared."""

    objects: int
    """How many objects are declared."""
    drift: tuple[ObjectDrift, ...]
    """In the order of the bundle; what is unwanted comes last."""
    tried: int
    """Objects that the API server was asked about by a dry run: they looked different."""


def drift_report(cluster: Cluster, bundle: Bundle) -> DriftReport:
    """How the cluster differs from the bundle; nothing is written.

    - One list request a kind; a dry-run apply only of objects whose live state does not show every wanted field.
    - An object that lost its inventory label is changed, not missing.

    Args:
        cluster: The cluster, verified to be the right one.
        bundle: What is declared.

    Raises:
        ClusterError: If the cluster cannot be reached, or the user may not dry-run an apply.
    """
    try:
        found = compared(cluster, bundle, _suspicion)
        unlabelled = _unlabelled(cluster, found)
    except ApiProblem as problem:
        if problem.status != _FORBIDDEN:
            raise
        raise ClusterError(
            f"the user of the kubeconfig may not look for drift: {problem.reason}; the rights get, list and patch are"
            " needed (a dry run asks for patch and writes nothing); ask for a role that grants them, or use another"
            " context"
        ) from problem
    live = {**found.live, **{key: item for key, (item, _) in unlabelled.items()}}
    results = {key: found.tried[key] for key in found.changed}
    results.update({key: result for key, (_, result) in unlabelled.items()})
    rows = []
    for key, item in found.wanted.items():
        if key in results:
            fields = fields_of(item, live[key], results[key])
            rows += [ObjectDrift(object=key, state=State.CHANGED, fields=fields)] if fields else []
        elif key not in live:
            rows.append(ObjectDrift(object=key, state=State.MISSING))
    rows += [ObjectDrift(object=key, state=State.UNWANTED) for key in found.unwanted]
    return DriftReport(objects=len(found.wanted), drift=tuple(rows), tried=len(found.tried) + len(unlabelled))


def fields_of(
    wanted: KubernetesObject, live: KubernetesObject, result: KubernetesObject | None
) -> tuple[FieldDrift, ...]:
    """The fields of a live object that are not as declared.

    Args:
        wanted: The declared object.
        live: The live object, with ``metadata.managedFields``.
        result: The object as it would be after an apply, which settles how values are written; None where the API
            server cannot say, and the declared values are compared as they are.
    """
    after = wanted if result is None else asked_of(result, wanted)
    paths = [(path, value_at(after, path)) for path in differing(after, live)]
    if result is not None:
        paths += [(path, None) for path in _dropped(wanted, live) if value_at(result, path) is None]
    secret = live.get("kind") == "Secret"
    return tuple(_field(path, value, live, secret=secret) for path, value in paths)


def _field(path: FieldPath, wanted: JsonValue, live: KubernetesObject, *, secret: bool) -> FieldDrift:
    found = value_at(live, path)
    if secret and path[0] not in _OPEN_IN_SECRETS:
        wanted, found = (None if value is None else HIDDEN for value in (wanted, found))
    return FieldDrift(path=".".join(path), wanted=wanted, found=found, editor=editor_of(live, path))


def _suspicion(wanted: KubernetesObject, live: KubernetesObject) -> list[FieldPath]:
    return [*differing(wanted, live), *_dropped(wanted, live)]


def _dropped(wanted: KubernetesObject, live: KubernetesObject) -> list[FieldPath]:
    """Fields that an apply of ours brought and that are no longer declared; an apply would take them away."""
    manager = own_manager(live)
    if manager is None:
        return []
    paths = differing(owned(live, manager), wanted)
    return [path for path in paths if value_at(wanted, path) is None]


def _unlabelled(
    cluster: Cluster, found: Compared
) -> dict[str, tuple[KubernetesObject, KubernetesObject | None]]:
    """Objects that look missing because their inventory label is gone: each with what an apply would make of it."""

    def look(key: str) -> tuple[KubernetesObject, KubernetesObject | None] | None:
        item = found.wanted[key]
        served = cluster.collection(str(item["apiVersion"]), str(item["kind"])) is not None
        live = cluster.get(item) if served else None
        return None if live is None or is_terminating(live) else (live, tried(cluster, item, live))

    looked = at_once(look, found.missing)
    return {key: pair for key, pair in zip(found.missing, looked, strict=True) if pair is not None}
