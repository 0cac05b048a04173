"""How drift is printed: for people, an object and below it its fields; for machines, one object."""

import json

from pydantic import JsonValue
from rich.text import Text

from aifactory.cli import sheet
from aifactory.cli.console import out
from aifactory.cli.extent import same_place
from aifactory.cli.inputs import Chosen
from aifactory.deliver.drift_managers import Edit, is_ours
from aifactory.deliver.drift_report import DriftReport, FieldDrift, ObjectDrift, State
from aifactory.manifests.disruption.model import counted
from aifactory.manifests.model import Bundle
from aifactory.plan.cell_choice import for_management
from aifactory.spec.stack import Target

_SHOWN = 40
"""Objects that people see; machines see all."""
_WIDEST = 48
"""Characters of a value that people see."""
_STYLES = {State.CHANGED: "yellow", State.MISSING: "red", State.UNWANTED: "magenta"}
_ADVICE = {
    State.MISSING: "is declared and not there",
    State.UNWANTED: "carries the stack's inventory label and is not declared",
}


def show(chosen: Chosen, bundle: Bundle, report: DriftReport, took_s: float, lab: str | None = None) -> None:
    """Print the report for people.

    Args:
        chosen: The stack, or the cell of it that was compared.
        bundle: What is declared.
        report: How the cluster differs.
        took_s: Seconds since the command began.
        lab: Name of the lab that was asked for; None for the stack's own.
    """
    plan = chosen.plan
    of = "the management cluster of " if for_management(plan) else ""
    where = f"{of}{plan.cell or chosen.name} on target {plan.target.value}"
    if not report.drift:
        line = f"{where}: no drift; {counted(report.objects, 'object')} as declared ({took_s:.1f} s)"
        out.print(line, markup=False)
    else:
        found = [(sum(row.state is state for row in report.drift), state.value) for state in State]
        counts = ", ".join(f"{count} {word}" for count, word in found)
        out.print(
            f"{where}: drift; {counts}, of {counted(report.objects, 'object')} ({took_s:.1f} s)", markup=False
        )
    for row in report.drift[:_SHOWN]:
        _object(row)
    if len(report.drift) > _SHOWN:
        out.print(f"and {len(report.drift) - _SHOWN} more; all with --json", markup=False)
    if report.drift:
        out.print(
            f"\nnext: aifactory up {chosen.name}{same_place(plan, lab)}   (writes it back)", markup=False
        )
    for line in _not_compared(bundle):
        out.print(f"not compared: {line}", markup=False)
    if plan.target is Target.SIMULATED:
        out.print("simulated: the objects are real, what they would make run is not", markup=False)


def _object(row: ObjectDrift) -> None:
    out.print()
    head = Text(f"{row.state.value:<9}", style=_STYLES[row.state]).append(row.object, style="bold")
    if row.state in _ADVICE:
        head.append(f"  {_ADVICE[row.state]}", style="dim")
    out.print(head)
    cells = [(field.path, *_values(field), *_who(field.editor)) for field in row.fields]
    if cells and out.is_terminal:
        sheet.table(
            ("field", "wanted", "found", "changed by", "at"), cells, words=("field", "wanted", "found")
        )
        return
    for path, wanted, found, by, at in cells:
        when = f" at {at}" if at else ""
        out.print(f"  {path}: wanted {wanted}, found {found}; changed by {by}{when}", markup=False)


def _values(field: FieldDrift) -> tuple[str, str]:
    return _value(field.wanted), _value(field.found)


def _value(value: JsonValue) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value)
    text = " ".join(text.split())
    if not text.isprintable():  # what others wrote must not steer the terminal
        text = json.dumps(text)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _who(editor: Edit | None) -> tuple[str, str]:
    if editor is None:
        return "unknown (a removal leaves no trace)", ""
    if is_ours({"manager": editor.manager, "operation": editor.operation}):
        return f"an earlier up ({editor.manager})", editor.at or ""
    return f"{_value(editor.manager)} ({editor.operation})", editor.at or ""


def _not_compared(bundle: Bundle) -> list[str]:
    """What drift may be in that nobody looked at."""
    return [
        f"what chart {release.chart} {release.version} installed"
        for release in bundle.releases()
        if release.skipped is None
    ]


def as_data(chosen: Chosen, bundle: Bundle, report: DriftReport, took_s: float) -> dict[str, JsonValue]:
    """The same as :func:`show`, for machines."""
    plan = chosen.plan
    return {
        "stack": chosen.name,
        "target": plan.target.value,
        "cell": plan.cell,
        "management": for_management(plan),
        "simulated": plan.simulated,
        "mocked": plan.target is Target.KIND,
        "objects": report.objects,
        "drift": [
            {
                "object": row.object,
                "state": row.state.value,
                "fields": [_field(field) for field in row.fields],
            }
            for row in report.drift
        ],
        "not_compared": [*_not_compared(bundle)],
        "took_s": round(took_s, 2),
    }


def _field(field: FieldDrift) -> dict[str, JsonValue]:
    editor = field.editor
    return {
        "path": field.path,
        "wanted": field.wanted,
        "found": field.found,
        "by": editor.manager if editor else None,
        "operation": editor.operation if editor else None,
        "at": editor.at if editor else None,
    }
