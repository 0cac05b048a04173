"""What a deployed stack says of itself in its outputs, and whether a next phase contradicts it."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from aifactory.plan.models import FactoryPlan
from aifactory.plan.pool_changes import identity_of, replaced_fields
from aifactory.plan.promotion_rules import NEXT
from aifactory.spec.stack import Phase, Target

OUTPUT = "phase"
"""Name of the stack output that holds this."""


def cell_index(plan: FactoryPlan) -> int:
    """Index of the cell that a plan is for; 0 for a site that is one."""
    return plan.cells[0].index if plan.cell is not None and plan.cells else 0


def deployed(plan: FactoryPlan) -> dict[str, JsonValue]:
    """What a stack exports for the phase that is to follow it.

    Args:
        plan: The plan that is applied.
    """
    pools: dict[str, JsonValue] = {
        pool.name: {"nodes": pool.nodes, "identity": dict(identity_of(pool))} for pool in plan.pools
    }
    return {
        "stack": plan.name,
        "follows": plan.stack.previous,
        "phase": plan.stack.phase.value,
        "site": plan.stack.site.name,
        "country": plan.stack.site.country,
        "target": plan.target.value,
        "cell": cell_index(plan),
        "pools": pools,
    }


def contradictions(found: object, previous: str, wanted: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Why a phase does not follow what is deployed, one line each; none where it does.

    Args:
        found: The output ``phase`` of the deployed stack; whatever its backend holds.
        previous: Name of the Pulumi stack that should be deployed.
        wanted: The same of the phase that is to follow.
    """
    if not isinstance(found, Mapping) or not found.get("phase"):
        return (
            f"previous: the stack {previous} is not deployed: its outputs do not tell its phase; a phase that is"
            f" up is needed; run aifactory up {previous} first",
        )
    return tuple(_against(found, previous, wanted))


def _against(found: Mapping[str, object], previous: str, wanted: Mapping[str, JsonValue]) -> Iterator[str]:
    expected = {"stack": wanted["follows"], "site": wanted["site"], "country": wanted["country"]}
    for field, value in expected.items():
        if found.get(field) != value:
            yield (
                f"previous: the deployed stack {previous} is of {field} '{found.get(field)}'; '{value}' is needed;"
                " name the stack of the phase before, in the backend where it is deployed"
            )
    follows = {phase.value: [later.value for later in NEXT[phase]] for phase in Phase}
    allowed = follows.get(str(found.get("phase")), [])
    if wanted["phase"] not in allowed:
        yield (
            f"phase: {wanted['phase']} does not follow the deployed {found.get('phase')};"
            f" {' or '.join(allowed) or 'a known phase'} is allowed; bring the phases up in their order"
        )
    if wanted["target"] == Target.CLUSTER.value and found.get("target") != Target.CLUSTER.value:
        yield (
            f"previous: {previous} is deployed on target {found.get('target')}; a real site follows a real one;"
            " bring it up on target cluster"
        )
    if found.get("cell") == wanted["cell"]:  # numbers come back as floats, which are equal
        yield from _pools(found.get("pools"), previous, wanted["pools"])


def _pools(found: object, previous: str, wanted: JsonValue) -> Iterator[str]:
    after = wanted if isinstance(wanted, Mapping) else {}
    for name, pool in (found if isinstance(found, Mapping) else {}).items():
        now = after.get(name)
        if not isinstance(now, Mapping):
            yield f"pools: the pool '{name}' that {previous} runs is gone; pools that run are kept; add it"
            continue
        before, later = _identity(pool), _identity(now)
        fields = replaced_fields(before, later)
        if fields:
            yield (
                f"pools: the pool '{name}' differs from the one that {previous} runs in {', '.join(fields)};"
                f" the values that run are allowed; take them from {previous}"
            )
        least, given = _nodes(pool), _nodes(now)
        if given < least:
            yield (
                f"pools: the pool '{name}' has {given} nodes and {previous} runs {least}; pools only grow;"
                f" give it at least {least} nodes"
            )


def _identity(pool: object) -> dict[str, str]:
    fields = pool.get("identity") if isinstance(pool, Mapping) else None
    return {str(key): str(value) for key, value in fields.items()} if isinstance(fields, Mapping) else {}


def _nodes(pool: object) -> int:
    nodes = pool.get("nodes") if isinstance(pool, Mapping) else None
    return int(nodes) if isinstance(nodes, int | float) else 0
