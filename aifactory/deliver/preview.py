"""What an ``up`` would do: to the objects, by the engine's own account, and to running work. Writes nothing."""

import datetime

from pydantic import BaseModel, ConfigDict

from aifactory.deliver.cluster import UNPROCESSABLE, ApiProblem, Cluster, at_once
from aifactory.deliver.engine import Engine, Notify
from aifactory.deliver.in_use import in_use_of
from aifactory.deliver.inventory import differences, live_objects, manager_of
from aifactory.deliver.workspace import Workspace
from aifactory.manifests.disruption.judge import disruptions, judged
from aifactory.manifests.disruption.model import InUse, Judged
from aifactory.manifests.immutable import replaced_by
from aifactory.manifests.model import Bundle, KubernetesObject, key_of
from aifactory.manifests.owned_fields import owned
from aifactory.spec.disruption import Acknowledgement
from aifactory.spec.stack import Stack


class Change(BaseModel):
    """What becomes of the objects of a stack."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    before: dict[str, KubernetesObject]
    """The live objects by identity, without fields of others."""
    after: dict[str, KubernetesObject]
    """The wanted objects, as the API server would have them."""
    create: tuple[str, ...]
    update: dict[str, tuple[str, ...]]
    """Paths of the fields that change, by object."""
    replace: dict[str, tuple[str, ...]]
    """Objects that are deleted and made anew, with the paths of the fields that force it."""
    delete: tuple[str, ...]


class PreviewReport(BaseModel):
    """What an ``up`` would do."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    live: bool
    """Whether anything of the stack is in the cluster; without, it is a first install."""
    taken_over_from: str | None
    """The stack of the phase before, where the cluster holds its objects."""
    engine: dict[str, int] | None
    """Resources by operation; None where the engine does not know the stack, or was not asked."""
    create: tuple[str, ...]
    update: dict[str, tuple[str, ...]]
    replace: dict[str, tuple[str, ...]]
    delete: tuple[str, ...]
    judged: tuple[Judged, ...]
    """What happens to running work, the worst first."""
    expired: tuple[Acknowledgement, ...]
    """Entries of the stack file that no longer count."""
    in_use: InUse

    @property
    def open(self) -> tuple[Judged, ...]:
        """Disruptions that nobody has acknowledged."""
        return tuple(item for item in self.judged if item.acknowledged is None)


def preview(
    bundle: Bundle,
    cluster: Cluster,
    workspace: Workspace,
    stack: Stack,
    today: datetime.date,
    notify: Notify,
    show: Notify | None,
) -> PreviewReport:
    """What an ``up`` would do now; the cluster is as it was afterwards.

    Args:
        bundle: What is wanted; the program that the engine runs declares the same.
        cluster: The cluster, verified to be the right one.
        workspace: Where the engine works.
        stack: The stack, for its acknowledgements and the phase before it.
        today: The day on which acknowledgements are looked at.
        notify: Told one line for each noteworthy thing.
        show: Told the engine's own lines; None for silence.

    Raises:
        EngineError: If the engine fails.
        ClusterError: If the cluster cannot be reached, or refuses a dry run.
    """
    live = live_objects(cluster, bundle.stack, bundle)
    previous = None
    if not live and stack.previous is not None:
        live = live_objects(cluster, stack.previous, bundle)
        previous = stack.previous if live else None
    change = change_of(cluster, bundle, live)
    in_use = in_use_of(cluster) if live else InUse()
    engine = Engine(workspace, notify).preview(refresh=bool(live and change.create), show=show)
    return report_of(change, engine, in_use, stack, today, previous)


def report_of(
    change: Change,
    engine: dict[str, int] | None,
    in_use: InUse,
    stack: Stack,
    today: datetime.date,
    previous: str | None = None,
) -> PreviewReport:
    """The report of a change.

    Args:
        change: What becomes of the objects.
        engine: Resources by operation; None where nobody asked the engine.
        in_use: What runs.
        stack: The stack, for its acknowledgements.
        today: The day on which they are looked at.
        previous: The stack whose objects are taken over; None for none.
    """
    found = disruptions(change.before, change.after, in_use)
    return PreviewReport(
        live=bool(change.before),
        taken_over_from=previous,
        engine=engine,
        create=change.create,
        update=change.update,
        replace=change.replace,
        delete=change.delete,
        judged=judged(found, stack.acknowledged, today),
        expired=tuple(entry for entry in stack.acknowledged if entry.until < today),
        in_use=in_use,
    )


def change_of(cluster: Cluster, bundle: Bundle, live: dict[str, KubernetesObject]) -> Change:
    """What becomes of the objects; the API server decides by dry runs what really changes.

    Args:
        cluster: The cluster.
        bundle: What is wanted.
        live: The live objects by identity.
    """
    wanted = {str(key_of(item)): item for item in bundle.objects()}
    before = {key: owned(item, manager_of(item)) for key, item in live.items()}
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
    )


def nothing_live(bundle: Bundle) -> Change:
    """The change where there is no cluster yet: everything is created."""
    wanted = {str(key_of(item)): item for item in bundle.objects()}
    return Change(before={}, after=wanted, create=tuple(wanted), update={}, replace={}, delete=())


def _differ(one: KubernetesObject, other: KubernetesObject) -> tuple[str, ...]:
    """Paths at which two objects differ, fields that only one of them has included."""
    return tuple(sorted({*differences(one, other), *differences(other, one)}))


def _dry_run(cluster: Cluster, wanted: KubernetesObject, live: KubernetesObject) -> KubernetesObject | None:
    """The object as it would be after an apply; None if it cannot be changed to that in place."""
    manager = manager_of(live)
    try:
        return owned(cluster.apply(wanted, manager=manager, force=True, dry_run=True), manager)
    except ApiProblem as problem:
        if problem.status != UNPROCESSABLE:
            raise
        return None


def _made_anew(before: KubernetesObject, after: KubernetesObject, result: KubernetesObject | None) -> bool:
    return result is None or bool(replaced_by(before, after))
