"""What becomes of the objects of a stack; the API server decides by dry runs what really changes."""

from pydantic import BaseModel, ConfigDict

from aifactory.deliver.cluster import UNPROCESSABLE, ApiProblem, Cluster, at_once
from aifactory.deliver.inventory import differences, manager_of
from aifactory.manifests.immutable import replaced_by
from aifactory.manifests.model import Bundle, KubernetesObject, key_of
from aifactory.manifests.owned_fields import asked_of, joined, owned


class Change(BaseModel):
    """What becomes of the objects of a stack."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    before: dict[str, KubernetesObject]
    """The live objects by identity: what we own of them, and what we want of them."""
    after: dict[str, KubernetesObject]
    """The wanted objects, as the API server would have them."""
    create: tuple[str, ...]
    update: dict[str, tuple[str, ...]]
    """Paths of the fields that change, by object."""
    replace: dict[str, tuple[str, ...]]
    """Objects that are deleted and made anew, with the paths of the fields that force it."""
    delete: tuple[str, ...]
    contested: tuple[str, ...]
    """Objects that change and of which others own fields that we want; an ``up`` takes these back first."""


def change_of(cluster: Cluster, bundle: Bundle, live: dict[str, KubernetesObject]) -> Change:
    """What becomes of the objects; the API server decides by dry runs what really changes.

    Args:
        cluster: The cluster.
        bundle: What is wanted.
        live: The live objects by identity.
    """
    wanted = {str(key_of(item)): item for item in bundle.objects()}
    ours = {key: owned(item, manager_of(item)) for key, item in live.items()}
    before = {key: _known(ours[key], live[key], wanted.get(key)) for key in live}
    suspects = [key for key in wanted if key in before and _differ(before[key], wanted[key])]
    tried = at_once(lambda key: _dry_run(cluster, wanted[key], live[key]), suspects)
    results = dict(zip(suspects, tried, strict=True))
    after = {key: results.get(key, before.get(key)) or item for key, item in wanted.items()}
    changed = {key: paths for key in suspects if (paths := _differ(before[key], after[key]))}
    replace = {
        key: paths for key, paths in changed.items() if _made_anew(before[key], after[key], results[key])
    }
    return Change(
        before=before,
        after=after,
        create=tuple(key for key in wanted if key not in live),
        update={key: paths for key, paths in changed.items() if key not in replace},
        replace=replace,
        delete=tuple(key for key in live if key not in wanted),
        contested=tuple(key for key in changed if before[key] != ours[key]),
    )


def nothing_live(bundle: Bundle) -> Change:
    """The change where there is no cluster yet: everything is created."""
    wanted = {str(key_of(item)): item for item in bundle.objects()}
    return Change(
        before={}, after=wanted, create=tuple(wanted), update={}, replace={}, delete=(), contested=()
    )


def _known(
    ours: KubernetesObject, live: KubernetesObject, wanted: KubernetesObject | None
) -> KubernetesObject:
    """What we own of an object and what we want of it; both sides of a comparison are made alike."""
    asked = asked_of(live, wanted) if wanted is not None else {}
    return joined(ours, asked) if isinstance(asked, dict) else ours


def _differ(one: KubernetesObject, other: KubernetesObject) -> tuple[str, ...]:
    """Paths at which two objects differ, fields that only one of them has included."""
    return tuple(sorted({*differences(one, other), *differences(other, one)}))


def _dry_run(cluster: Cluster, wanted: KubernetesObject, live: KubernetesObject) -> KubernetesObject | None:
    """The object as it would be after an apply; None if it cannot be changed to that in place."""
    manager = manager_of(live)
    try:
        result = cluster.apply(wanted, manager=manager, force=True, dry_run=True)
    except ApiProblem as problem:
        if problem.status != UNPROCESSABLE:
            raise
        return None
    return _known(owned(result, manager), result, wanted)


def _made_anew(before: KubernetesObject, after: KubernetesObject, result: KubernetesObject | None) -> bool:
    return result is None or bool(replaced_by(before, after))
