"""``aifactory catalog``: the facts that plans are made of, each with its source, date and confidence."""

from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import BaseModel
from rich.text import Text

from aifactory.catalog import review
from aifactory.catalog.load import catalog as read
from aifactory.catalog.row import Row
from aifactory.cli.console import out, print_data
from aifactory.cli.inputs import AsJson
from aifactory.errors import AIFactoryError

PROVENANCE = ("as_of", "confidence", "source")
FIGURES: dict[str, tuple[str, ...]] = {
    "systems": ("status", "gpus_per_rack", "rack_power.tdp_kw", "architecture", "page_size_kib"),
    "announced": ("status", "gpus_per_rack", "rack_tdp_kw", "instead"),
    "charts": ("version", "declared", "repository"),
    "images": ("version", "repository"),
    "fabrics": ("radix", "gbps", "planes", "unit_nodes"),
    "power_modes": ("oversubscription", "throughput_factor"),
    "throughput": ("evidence", "tokens_per_second_per_gpu", "token_basis", "expires"),
    "costs": ("usd", "per"),
    "regions": ("name", "carbon_g_per_kwh", "usd_per_kwh", "pue_plan", "pue_limit"),
    "residency": ("countries",),
    "compatibility": ("component", "versions", "kubernetes_min", "kubernetes_max"),
    "known_bad": ("component", "fixed_in", "reason"),
}
"""Main figures of each kind; ``--json`` has them all."""
Kind = Annotated[str | None, typer.Argument(help="Kind of rows, for example systems; none lists the kinds.")]


def catalog(
    kind: Kind = None,
    *,
    as_json: AsJson = False,
    assumed: Annotated[
        bool, typer.Option("--assumptions", help="Only what rests on assumptions of this project.")
    ] = False,
) -> None:
    """Show the facts that plans are made of, with the source, date and confidence of each."""
    if kind is not None and kind not in review.KINDS:
        raise AIFactoryError(
            f"the catalogue has no '{kind}'; kinds: {', '.join(review.KINDS)};"
            " 'aifactory catalog' without a kind lists them"
        )
    if assumed:
        _assumptions(kind, as_json=as_json)
    elif kind is None:
        _kinds(as_json=as_json)
    else:
        _rows(kind, as_json=as_json)


def _kinds(*, as_json: bool) -> None:
    facts = read()
    counts = {kind: len(review.rows_of(facts, kind)) for kind in review.KINDS}
    if as_json:
        print_data({"kinds": counts})
        return
    _table(("kind", "rows"), [(kind, str(count)) for kind, count in counts.items()])


def _rows(kind: str, *, as_json: bool) -> None:
    found = review.rows_of(read(), kind)
    if as_json:
        print_data({kind: [row.model_dump(mode="json") for row in found]})
        return
    figures = FIGURES[kind]
    names = [figure.rpartition(".")[2] for figure in figures]
    _table(("id", *names, *PROVENANCE), [_cells(row, ("id", *figures, *PROVENANCE)) for row in found])


def _assumptions(kind: str | None, *, as_json: bool) -> None:
    found = [one for one in review.assumptions(read()) if kind in (None, one.kind)]
    if as_json:
        listed = [
            {
                "kind": one.kind,
                "id": one.row.id,
                "field": one.field,
                "value": _plain(one.row, one.field),
                "notes": one.row.notes,
            }
            for one in found
        ]
        print_data({"assumptions": listed})
        return
    _table(
        ("kind", "id", "field", "value", "notes"),
        [
            (one.kind, one.row.id, one.field or "all", _text(_plain(one.row, one.field)), one.row.notes)
            for one in found
        ],
    )


def _plain(row: Row, field: str | None) -> object:
    """The value of a field as JSON has it; None for a whole row."""
    if field is None:
        return None
    value: object = row.model_dump(mode="json")
    for name in field.split("."):
        assert isinstance(value, dict)  # noqa: S101 - the model has checked the path
        value = value[name]
    return value


def _cells(row: Row, paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(_text(row.value(path)) for path in paths)


def _text(value: object) -> str:
    if value is None or isinstance(value, BaseModel):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value) or "any"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """One line a row, never wrapped nor cut: what is long, sources and notes, stands last."""
    widths = [max(len(cell) for cell in column) for column in zip(headings, *rows, strict=True)]
    for index, row in enumerate((headings, *rows)):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        out.print(Text(line, style="dim" if index == 0 else ""))
