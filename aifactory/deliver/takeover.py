"""The next phase takes over what the phase before it runs: no object is made anew, and none has two owners.

The engine's state moves to the next phase's stack, so that the engine changes the objects in place, under the
field managers it knows. Of the old stack only its outputs stay.
"""

from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.deliver.cluster import UNPROCESSABLE, ApiProblem, Cluster, at_once
from aifactory.deliver.engine import Engine, Notify
from aifactory.deliver.inventory import kinds_of, manager_of
from aifactory.deliver.state import emptied, moved, objects_in, outputs_in
from aifactory.errors import ClusterError, EngineError, PromotionRefused
from aifactory.manifests.foundation import SYSTEM_NAMESPACE
from aifactory.manifests.labels import STACK
from aifactory.manifests.model import Bundle, KubernetesObject, key_of, text_at
from aifactory.plan.deployed import OUTPUT, contradictions, deployed
from aifactory.plan.models import FactoryPlan

_SHOWN = 5
MADE_ANEW = ("Job",)
"""Kinds that hold nothing: a Job runs again."""


class Predecessor(BaseModel):
    """The phase before, in the same cell."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    stack: str
    """Name of its stack, which its objects carry."""
    home: str
    """Name of its Pulumi stack: the same, or that of a later cell."""
    next: dict[str, JsonValue]
    """What the phase that follows says of itself."""


def predecessor(plan: FactoryPlan, home: str) -> Predecessor | None:
    """The phase before; None for a first phase.

    Args:
        plan: The plan that follows, of the site or of one cell.
        home: Its Pulumi stack: the stack's own name, and for a later cell the cell's end after it.
    """
    stack = plan.stack.previous
    if stack is None:
        return None
    return Predecessor(stack=stack, home=stack + home.removeprefix(plan.name), next=deployed(plan))


def owner(cluster: Cluster) -> str | None:
    """Name of the stack that the cluster holds: the inventory label of the factory's own namespace."""
    space = cluster.get({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}})
    return None if space is None else text_at(space, "metadata", "labels", STACK)


def held_by_others(cluster: Cluster, bundle: Bundle) -> dict[str, tuple[KubernetesObject, str]]:
    """Live objects that the bundle wants and that carry another stack's label, by identity, with that stack."""
    selector = f"{STACK},{STACK}!={bundle.stack}"
    lists = at_once(lambda kind: cluster.list(*kind, selector), kinds_of(bundle))
    wanted = {str(key_of(item)) for item in bundle.objects()}
    return {
        key: (item, text_at(item, "metadata", "labels", STACK) or "")
        for items in lists
        for item in items
        if (key := str(key_of(item))) in wanted
    }


def take_over(
    bundle: Bundle, cluster: Cluster, engine: Engine, previous: Predecessor, notify: Notify
) -> None:
    """The engine's state of the stack names what the previous stack runs, and that of the previous one nothing.

    Safe to run again after it was killed: the state is in the new stack before it leaves the old one.

    Args:
        bundle: What the next phase wants.
        cluster: The cluster, which holds the previous stack.
        engine: The engine of the next phase.
        previous: The phase before.
        notify: Told one line for each noteworthy thing.

    Raises:
        ClusterError: If an object belongs to a third stack, or could only be made anew; nothing was changed.
        EngineError: If the previous stack is not in the same backend.
        PromotionRefused: If what the previous stack runs contradicts what is wanted.
    """
    held = held_by_others(cluster, bundle)
    third = sorted({f"{key} ({stack})" for key, (_, stack) in held.items() if stack != previous.stack})
    if third:
        raise ClusterError(
            f"{few(third)} belong to another stack than {previous.stack}; objects are taken over from the phase before"
            " only; remove them with the stack that holds them; nothing was written"
        )
    live = {key: item for key, (item, _) in held.items()}
    wanted = [item for item in bundle.objects() if str(key_of(item)) in live]
    anew = sorted(
        name for name in at_once(lambda item: _made_anew(cluster, item, live), wanted) if name is not None
    )
    if anew:
        raise ClusterError(
            f"the API server does not change in place: {few(anew)}; a promotion replaces nothing that runs;"
            f" keep these fields as {previous.stack} has them; nothing was written"
        )
    if previous.home not in engine.stacks():
        raise EngineError(
            f"the stack {previous.home} is not in this Pulumi backend, but its objects are in the cluster; they are"
            " taken over together with its state; use the backend it was brought up with; nothing was written"
        )
    before, mine = engine.state(previous.home), engine.state()
    against = contradictions(outputs_in(before).get(OUTPUT), previous.home, previous.next)
    if against:
        raise PromotionRefused("\n".join([*against, "nothing is taken over, and nothing was written"]))
    if not objects_in(mine):
        engine.replace_state(moved(before, previous.home, engine.stack))
    if objects_in(before):
        engine.replace_state(emptied(before), previous.home)
    notify(
        f"{len(wanted)} objects of {previous.stack} are taken over, in place; its own state names none of them now"
    )


def guard(bundle: Bundle, cluster: Cluster, engine: Engine) -> None:
    """The stack's state names no object that another stack has taken over.

    Args:
        bundle: What the stack wanted.
        cluster: The cluster.
        engine: The engine of the stack.

    Raises:
        ClusterError: If it does, and a destroy would remove what the other stack runs.
    """
    held = held_by_others(cluster, bundle)
    if held and objects_in(engine.state()):
        others = sorted({stack for _, stack in held.values()})
        raise ClusterError(
            f"{len(held)} objects that {bundle.stack} made belong to {', '.join(others)} now, {few(sorted(held))}"
            f" among them; a stack removes what is its own; its state is out of date: drop it with"
            f" pulumi stack rm --force {engine.stack}; nothing was removed"
        )


def few(names: list[str]) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _made_anew(cluster: Cluster, item: KubernetesObject, live: dict[str, KubernetesObject]) -> str | None:
    """The object and the reason, if the API server refuses to change it in place."""
    key = key_of(item)
    if key.kind in MADE_ANEW:
        return None
    try:
        cluster.apply(item, manager=manager_of(live[str(key)]), force=True, dry_run=True)
    except ApiProblem as problem:
        if problem.status != UNPROCESSABLE:
            raise
        return f"{key} ({problem.reason})"
    return None
