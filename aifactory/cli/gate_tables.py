"""How gates are printed: for people, a table for each side of a phase; for machines, one object each."""

from rich.table import Table

from aifactory.cli.console import out
from aifactory.plan.gates import Standing
from aifactory.spec.gates import Gate


def number(value: float | None, unit: str | None = None) -> str:
    """A figure with its unit; a dash for none."""
    return "-" if value is None else f"{value:g}{f' {unit}' if unit else ''}"


def needed(gate: Gate) -> str:
    """What evidence has to say for the gate to stand."""
    if gate.threshold is None:
        return "pass"
    return f"{'≥' if gate.at_least is not None else '≤'} {number(gate.threshold, gate.unit)}"


def gate_tables(found: tuple[Standing, ...]) -> None:
    """Print a table for each side: how gates stand, what was measured, what is needed, how old, by whom."""
    for stack, side in dict.fromkeys((one.stack, one.side) for one in found):
        out.print(f"{side} gates of {stack}", style="bold", markup=False)
        table = Table(box=None, pad_edge=False)
        for name in ("gate", "state", "measured", "needed", "days", "simulated", "who"):
            table.add_column(name, no_wrap=name != "who", overflow="fold")
        for one in found:
            if (one.stack, one.side) == (stack, side):
                table.add_row(*_row(one))
        out.print(table)
        out.print()


def _row(one: Standing) -> tuple[str, ...]:
    gate, seen = one.gate, one.evidence
    head = (gate.name, one.state.value)
    if seen is None:
        return (*head, "-", needed(gate), "-", "-", "-")
    measured = seen.result if seen.measured is None else number(seen.measured, seen.unit)
    age = f"{one.age_days} of {gate.max_age_days}"
    return (*head, measured, needed(gate), age, "yes" if seen.simulated else "no", seen.who)


def as_data(one: Standing) -> dict[str, object]:
    """The same as a row of :func:`gate_tables`, for machines."""
    return {
        "stack": one.stack,
        "side": one.side,
        "gate": one.gate.model_dump(mode="json"),
        "state": one.state.value,
        "stands": one.stands,
        "reason": one.reason,
        "age_days": one.age_days,
        "evidence": None if one.evidence is None else one.evidence.model_dump(mode="json"),
    }
