"""``aifactory promote``: what the next phase changes, and whether it may be entered."""

from typing import Annotated

import typer
from rich.table import Table

from aifactory.catalog.load import catalog
from aifactory.cli.console import out, print_data
from aifactory.cli.gate_tables import as_data, gate_tables
from aifactory.cli.gates import FINDINGS
from aifactory.cli.inputs import AsJson, TargetOption, choose, find
from aifactory.deliver.promotion import verdict
from aifactory.plan.factory import plan
from aifactory.plan.promotion import Figure, Verdict

OldStack = Annotated[str, typer.Argument(help="Stack of the phase that runs, for example korea-pilot.")]
NewStack = Annotated[str, typer.Argument(help="Stack of the next phase, for example korea-scale-out.")]
FACTOR_FROM = 1.05
"""Growth from this factor on is shown as a factor."""


def promote(old: OldStack, new: NewStack, target: TargetOption = None, *, as_json: AsJson = False) -> None:
    """Compare two phases of a site and say whether the next may be entered; changes nothing, exit 2 if not."""
    chosen = choose(new, None, target, names_only=True)
    before = plan(old, find(old, None, names_only=True).stack, catalog(), chosen.plan.target)
    found = verdict(before, chosen.plan)
    refusals = found.refusals(str(chosen.file))
    flag = "" if target is None else f" --target {target.value}"
    follow = f"aifactory up {new}{flag}"
    if as_json:
        print_data(_data(found, refusals, follow))
    else:
        _print(found, refusals, follow)
    if refusals:
        raise typer.Exit(FINDINGS)


def _data(found: Verdict, refusals: tuple[str, ...], follow: str) -> dict[str, object]:
    difference = found.difference
    return {
        "old": difference.old,
        "new": difference.new,
        "promotable": not refusals,
        "pools": [change.model_dump(mode="json") for change in difference.pools],
        "figures": {one.name: {"before": one.before, "after": one.after} for one in difference.figures},
        "findings": [finding.model_dump() for finding in difference.refusals],
        "gates": [as_data(one) for one in found.gates],
        "refusals": list(refusals),
        "next": None if refusals else follow,
    }


def _amount(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}".removesuffix(".0")


def _growth(figure: Figure) -> str:
    if not figure.before or figure.after is None:
        return ""
    factor = figure.after / figure.before
    return f"x {factor:,.1f}" if factor >= FACTOR_FROM else ""


def _print(found: Verdict, refusals: tuple[str, ...], follow: str) -> None:
    difference = found.difference
    out.print(f"{difference.old} -> {difference.new}\n", markup=False)
    pools = Table("pool", "", "racks", "nodes", "GPUs", box=None, pad_edge=False)
    for change in difference.pools:
        sizes = (change.racks, change.nodes, change.gpus)
        shown = [f"{one:,}" if one == two else f"{one:,} -> {two:,}" for one, two in sizes]
        pools.add_row(change.name, change.kind, *shown)
    out.print(pools)
    out.print()
    figures = Table("site", "before", "after", "", box=None, pad_edge=False)
    for figure in difference.figures:
        name = figure.name.replace("_", " ")
        figures.add_row(name, _amount(figure.before), _amount(figure.after), _growth(figure))
    out.print(figures)
    out.print()
    gate_tables(found.gates)
    if refusals:
        out.print(f"refused, {len(refusals)} reasons:", markup=False)
        for line in refusals:
            out.print(f"  {line}", markup=False)
        return
    simulated = sum(one.evidence is not None and one.evidence.simulated for one in found.gates)
    if simulated:
        out.print(
            f"{simulated} gates stand on simulated evidence: this proves nothing about a real site",
            markup=False,
        )
    out.print("the promotion may go on: every gate stands, and the phase only grows", markup=False)
    out.print(f"next: {follow}", markup=False)
