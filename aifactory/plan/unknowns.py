"""Why a figure of the plan is not known, and which pools are left out of the tokens."""

from aifactory.catalog.models import Catalog
from aifactory.plan.economics import SERVING, Judged, LeftOut, gpu_hour, judged
from aifactory.plan.models import FactoryPlan

TOKEN_FIGURES = (
    "economics.tokens_per_second",
    "economics.tokens_per_second_per_mw",
    "economics.joules_per_token",
)


def serving_gpus(plan: FactoryPlan) -> int:
    """GPUs of the pools that serve tokens, with evidence or without."""
    return sum(pool.gpus for pool in plan.pools if pool.pool.service in SERVING)


def _reason(one: Judged, plan: FactoryPlan) -> str:
    wanted, row = plan.stack.economics, one.row
    if one.left_out is LeftOut.EMPTY:
        return "it has no nodes"
    if one.left_out is LeftOut.PARTITIONED:
        return "its GPUs are cut or shared, reference throughput is of whole GPUs"
    if row is not None:
        return (
            f"its row {row.id} counts {row.token_basis} tokens, the other pools'"
            f" {plan.economics.token_basis} tokens"
        )
    kinds = ", ".join(kind.value for kind in wanted.evidence)
    return (
        f"no throughput row of {one.pool.system.id} for {wanted.model} / {wanted.scenario} that counts"
        f" (evidence: {kinds})"
    )


def uncounted(plan: FactoryPlan, catalog: Catalog) -> dict[str, str]:
    """Pools that serve tokens and are left out of the figures, each with the reason."""
    found = judged(plan.pools, plan.stack.economics, catalog.throughput)
    return {one.pool.name: _reason(one, plan) for one in found if one.left_out is not None}


def _no_country(plan: FactoryPlan) -> str:
    return f"the country {plan.stack.site.country} is not in the catalogue"


def _no_power(plan: FactoryPlan) -> str:
    if plan.stack.power is None:
        return "the stack declares no power"
    return _no_country(plan)


def _no_tokens(plan: FactoryPlan, catalog: Catalog) -> str:
    missing = uncounted(plan, catalog)
    if missing:
        return "; ".join(f"{name}: {reason}" for name, reason in missing.items())
    return f"no pool serves tokens; services that do: {', '.join(SERVING)}"


def _without_cost(plan: FactoryPlan, catalog: Catalog) -> str:
    wanted = plan.stack.economics
    systems = {used.system for used in plan.economics.evidence}
    free = sorted(system for system in systems if gpu_hour(system, wanted, catalog) is None)
    return f"no cost of a GPU hour of {', '.join(free)}; economics.usd_per_gpu_hour gives one"


def unknowns(plan: FactoryPlan, catalog: Catalog) -> dict[str, str]:
    """The reason for every null of the contract's power and economics, by the figure's dotted path.

    Args:
        plan: A plan, refused or not.
        catalog: The facts it was planned with.
    """
    economics, found = plan.economics, {}
    if plan.power is None:
        found["power"] = found["economics.capex_usd"] = _no_power(plan)
    if economics.tokens_per_second is None:
        reason = _no_tokens(plan, catalog)
        found |= dict.fromkeys(TOKEN_FIGURES, reason)
        found["economics.usd_per_million_tokens"] = reason
        return found
    if economics.joules_per_token is None:
        found |= dict.fromkeys(TOKEN_FIGURES[1:], _no_country(plan))
    if economics.usd_per_million_tokens is None:
        found["economics.usd_per_million_tokens"] = _without_cost(plan, catalog)
    return found
