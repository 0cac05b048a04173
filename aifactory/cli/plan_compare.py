"""Two plans side by side, for people: what the second one adds to the first one."""

from collections import Counter
from collections.abc import Callable

from aifactory.cli import figures
from aifactory.cli.figures import count, large, money
from aifactory.cli.sheet import heading, sentence, table
from aifactory.plan.comparison import Comparison, Figure, Part
from aifactory.plan.models import FactoryPlan

Shape = tuple[str, Callable[[float], str]]


def _mw(value: float) -> str:
    return f"{value:,.2f}"


def _kw_as_mw(kw: float) -> str:
    return _mw(kw / 1000)


_SHAPES: dict[str, Shape] = {
    "capacity_mw": ("contract, MW", _mw),
    "usable_mw": ("usable, MW", _mw),
    "pue": ("PUE", lambda value: f"{value:.2f}"),
    "it_kw": ("IT load, MW", _kw_as_mw),
    "grid_kw": ("grid load, MW", _kw_as_mw),
    "headroom_kw": ("headroom, MW", _kw_as_mw),
    "racks": ("racks", count),
    "nodes": ("nodes", count),
    "gpus": ("GPUs", count),
    "cells": ("cells", count),
    "switches": ("switches", count),
    "capacity_tib": ("TiB", figures.units),
    "throughput_gbps": ("write GB/s", figures.units),
    "tokens_per_second": ("tokens/s", large),
    "tokens_per_second_per_mw": ("tokens/s per MW", large),
    "joules_per_token": ("J per token", lambda value: f"{value:.3f}"),
    "usd_per_million_tokens": ("$ per M tokens", money),
    "energy_usd_per_year": ("electricity a year", money),
    "carbon_t_per_year": ("carbon a year, t", count),
    "capex_usd": ("capex", money),
    "leaf": ("leaf", count),
    "spine": ("spine", count),
    "core": ("core", count),
    "endpoints": ("endpoints", count),
}
"""How each figure is named and written."""


def _signed(value: float | None, shape: Callable[[float], str]) -> str:
    if value is None:
        return "-"
    text = shape(value)
    return f"+{text}" if value > 0 else text


def _row(figure: Figure) -> tuple[str, str, str, str]:
    name, shape = _SHAPES[figure.key]
    before, after = (figures.NOT_KNOWN if side is None else shape(side) for side in (figure.a, figure.b))
    return name, before, after, _signed(figure.difference, shape)


def _step(figure: Figure) -> str:
    """A figure of a part: its value afterwards, and the difference in brackets."""
    _, shape = _SHAPES[figure.key]
    after = shape(figure.b or 0)
    return after if not figure.difference else f"{after} ({_signed(figure.difference, shape)})"


def _parts(title: str, kind: str, parts: tuple[Part, ...], name: str) -> None:
    if not parts:
        return
    heading(title)
    keys = [figure.key for figure in parts[0].figures]
    table(
        (name, "change", kind, *(_SHAPES[key][0] for key in keys)),
        [(part.name, part.change, part.kind, *(_step(figure) for figure in part.figures)) for part in parts],
        words=(name, "change", kind),
    )


def _cells(parts: tuple[Part, ...]) -> None:
    tally = Counter(part.change for part in parts)
    counted = ", ".join(f"{number} {change}" for change, number in tally.items())
    heading(f"Cells: {counted or 'none'}")


def show_comparison(a: FactoryPlan, b: FactoryPlan, comparison: Comparison) -> None:
    """Print what the second plan adds.

    Args:
        a: The first plan.
        b: The second plan.
        comparison: What was found about them.
    """
    sentence(f"{b.name} against {a.name}: what the second column adds", lead="", style="bold")
    rows = [
        ("phase", a.stack.phase.value, b.stack.phase.value, ""),
        ("live", str(a.stack.live or "-"), str(b.stack.live or "-"), ""),
        ("power mode", *(plan.power.mode.value if plan.power else "-" for plan in (a, b)), ""),
    ]
    every = (*comparison.power, *comparison.compute, *comparison.storage, *comparison.economics)
    table(("", a.name, b.name, "difference"), [*rows, *map(_row, every)], words=("",))
    for line in comparison.notes:
        sentence(line, lead="  - ")
    _parts(f"Pools in {b.name}, and the difference", "system", comparison.pools, "pool")
    _parts("Fabrics", "design", comparison.fabrics, "fabric")
    _cells(comparison.cells)
    _parts("Storage", "class", comparison.tiers, "tier")
    for plan in (a, b):
        if plan.errors:
            heading(
                f"{plan.name} is refused: {figures.plural(len(plan.errors), 'error')};"
                f" 'aifactory plan {plan.name}' names them"
            )
