"""What an ``up`` would do: to the objects, by the engine's own account, and to running work. Writes nothing."""

import datetime

from pydantic import BaseModel, ConfigDict

from aifactory.deliver.change import Change, change_of
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.engine import Engine, Notify
from aifactory.deliver.in_use import in_use_of
from aifactory.deliver.inventory import live_objects
from aifactory.deliver.lost_clusters import clusters_stay
from aifactory.deliver.workspace import Workspace
from aifactory.errors import EngineError
from aifactory.manifests.disruption.judge import disruptions, judged
from aifactory.manifests.disruption.model import InUse, Judged, counted
from aifactory.manifests.model import Bundle, KubernetesObject, key_of
from aifactory.spec.disruption import Acknowledgement
from aifactory.spec.stack import Stack


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
        ClusterError: If the cluster cannot be reached, or refuses a dry run, or clusters of cells would go.
    """
    live = live_objects(cluster, bundle.stack, bundle)
    previous = None
    if not live and stack.previous is not None:
        live = live_objects(cluster, stack.previous, bundle)
        previous = stack.previous if live else None
    change = change_of(cluster, bundle, live)
    clusters_stay((change.before[key] for key in change.delete), delete_clusters=False)
    in_use = in_use_of(cluster) if live else InUse()
    refresh = bool(live and change.create)
    counts = _counts(Engine(workspace, notify), change, notify, refresh=refresh, show=show)
    return report_of(change, counts, in_use, stack, today, previous)


def _counts(
    engine: Engine, change: Change, notify: Notify, *, refresh: bool, show: Notify | None
) -> dict[str, int] | None:
    """The engine's own account.

    The provider tries a replacement as an apply to what is still there, and never takes back what others
    changed. The API server refuses both, and then the engine is asked about all the rest.
    """
    anew = set(change.replace)
    hard = anew | set(change.contested)
    try:
        return engine.preview(refresh=refresh, show=show)
    except EngineError:
        if not hard:
            raise
    notify(
        f"pulumi cannot try {counted(len(hard), 'object')} without writing, made anew or changed by others before:"
        " counted by the API server's own dry runs instead"
    )
    rest = (
        engine.preview(refresh=refresh, without=[_pattern(change.after[key]) for key in hard], show=show)
        or {}
    )
    moved = {"same": -len(hard), "replace": len(anew), "update": len(hard - anew)}
    counts = {name: rest.get(name, 0) + moved.get(name, 0) for name in rest.keys() | moved.keys()}
    return {name: count for name, count in counts.items() if count > 0}


def _pattern(item: KubernetesObject) -> str:
    """A pattern of the URN under which the program declares an object."""
    key = key_of(item)
    return f"**:{key.kind}::{f'{key.namespace}/' if key.namespace else ''}{key.name}"


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
