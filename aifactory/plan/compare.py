"""What one plan has that another has not: figures side by side, and what is added, grown, shrunk or removed."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from aifactory.plan.comparison import Change, Comparison, Figure, Part
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.site_models import CellPlan, EconomicsPlan, FabricPlan
from aifactory.spec.storage import Tier

PartT = TypeVar("PartT")


def _change(figures: tuple[Figure, ...], kinds: tuple[str, str]) -> Change:
    steps = [figure.difference or 0 for figure in figures]
    if kinds[0] != kinds[1] or (min(steps) < 0 < max(steps)):
        return "changed"
    return "grown" if max(steps) > 0 else "shrunk" if min(steps) < 0 else "same"


def _parts(
    a: Iterable[PartT],
    b: Iterable[PartT],
    name: Callable[[PartT], str],
    kind: Callable[[PartT], str],
    sizes: Callable[[PartT], dict[str, float]],
) -> tuple[Part, ...]:
    """The parts of both plans, those of the first one first."""
    old, new = {name(part): part for part in a}, {name(part): part for part in b}
    found: list[Part] = []
    for each in dict.fromkeys((*old, *new)):
        before, after = old.get(each), new.get(each)
        some = after if after is not None else before
        assert some is not None  # noqa: S101 - the name is of one of the two
        nothing = dict.fromkeys(sizes(some), 0.0)
        left = sizes(before) if before is not None else nothing
        right = sizes(after) if after is not None else nothing
        figures = tuple(Figure(key, left[key], right[key]) for key in nothing)
        kinds = (kind(before if before is not None else some), kind(some))
        change: Change = (
            "added" if before is None else "removed" if after is None else _change(figures, kinds)
        )
        found.append(Part(each, change, " to ".join(dict.fromkeys(kinds)), figures))
    return tuple(found)


def _pool(pool: PoolPlan) -> dict[str, float]:
    return {"racks": pool.racks, "nodes": pool.nodes, "gpus": pool.gpus}


def _fabric(fabric: FabricPlan) -> dict[str, float]:
    return {
        "leaf": fabric.leaf,
        "spine": fabric.spine,
        "core": fabric.core,
        "endpoints": fabric.endpoints,
    }


def _tier(tier: Tier) -> dict[str, float]:
    return {"capacity_tib": tier.capacity_tib, "throughput_gbps": tier.write_gbps}


def _power(plan: FactoryPlan) -> dict[str, float | None]:
    power = plan.power
    return {
        "capacity_mw": power.capacity.kw / 1000 if power else None,
        "usable_mw": power.usable.kw / 1000 if power else None,
        "pue": power.pue if power else None,
        "it_kw": power.it.kw if power else None,
        "grid_kw": power.grid.kw if power else None,
        "headroom_kw": power.headroom.kw if power else None,
    }


def _compute(plan: FactoryPlan) -> dict[str, float | None]:
    return {
        "racks": sum(pool.racks for pool in plan.pools),
        "nodes": plan.nodes,
        "gpus": plan.gpus,
        "cells": len(plan.cells),
        "switches": sum(fabric.leaf + fabric.spine + fabric.core for fabric in plan.fabrics),
    }


def _storage(plan: FactoryPlan) -> dict[str, float | None]:
    tiers = plan.stack.storage.tiers
    return {
        "capacity_tib": sum(tier.capacity_tib for tier in tiers),
        "throughput_gbps": sum(tier.write_gbps for tier in tiers),
    }


TOKEN_FIGURES = (
    "tokens_per_second",
    "tokens_per_second_per_mw",
    "joules_per_token",
    "usd_per_million_tokens",
)
COST_FIGURES = ("energy_usd_per_year", "carbon_t_per_year", "capex_usd")


def _economics(economics: EconomicsPlan) -> dict[str, float | None]:
    return {key: getattr(economics, key) for key in (*TOKEN_FIGURES, *COST_FIGURES)}


def _workload(plan: FactoryPlan) -> str:
    wanted = plan.stack.economics
    return f"{wanted.model} / {wanted.scenario}, {plan.economics.token_basis} tokens"


def _figures(
    a: dict[str, float | None], b: dict[str, float | None], unlike: tuple[str, ...] = ()
) -> tuple[Figure, ...]:
    return tuple(Figure(key, a[key], b[key], key not in unlike) for key in a)


def _notes(a: FactoryPlan, b: FactoryPlan, *, alike: bool) -> tuple[str, ...]:
    if a.economics.tokens_per_second is None or b.economics.tokens_per_second is None:
        return ()
    if not alike:
        return (f"tokens are not compared: {_workload(a)} in the one, {_workload(b)} in the other",)
    counted = [
        ", ".join(f"{used.pool} ({used.row.evidence.value})" for used in plan.economics.evidence)
        for plan in (a, b)
    ]
    return (
        ()
        if counted[0] == counted[1]
        else (f"tokens are of {counted[0]} in the one, of {counted[1]} in the other",)
    )


def compare(a: FactoryPlan, b: FactoryPlan) -> Comparison:
    """What the second plan has more or less than the first one.

    Args:
        a: A plan, for example of a phase.
        b: The plan it is held against, for example of the next phase.
    """
    alike = _workload(a) == _workload(b)

    def cell(part: CellPlan) -> str:
        return f"c{part.index:03d}"

    return Comparison(
        power=_figures(_power(a), _power(b)),
        compute=_figures(_compute(a), _compute(b)),
        storage=_figures(_storage(a), _storage(b)),
        economics=_figures(_economics(a.economics), _economics(b.economics), () if alike else TOKEN_FIGURES),
        pools=_parts(a.pools, b.pools, lambda p: p.name, lambda p: p.system.id, _pool),
        fabrics=_parts(a.fabrics, b.fabrics, lambda f: f.name, lambda f: f.design, _fabric),
        cells=_parts(
            a.cells, b.cells, cell, lambda _: "", lambda c: {"nodes": float(c.nodes), "gpus": float(c.gpus)}
        ),
        tiers=_parts(
            a.stack.storage.tiers, b.stack.storage.tiers, lambda t: t.name, lambda t: t.role.value, _tier
        ),
        notes=_notes(a, b, alike=alike),
    )
