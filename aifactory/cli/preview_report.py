"""How a preview is printed: changes of objects, what they do to running work, and what is acknowledged."""

from pydantic import JsonValue

from aifactory.cli.console import out
from aifactory.cli.inputs import Chosen
from aifactory.deliver.preview import PreviewReport
from aifactory.manifests.disruption.model import Judged, counted
from aifactory.manifests.labels import STACK
from aifactory.spec.stack import Target

_SHOWN = 20
"""Objects of one kind of change that people see; machines see all."""
_FIELDS = 4
"""Fields of one object that people see."""
_OWNER = f"metadata.labels.{STACK}"


def show(chosen: Chosen, report: PreviewReport, *, asked: bool) -> None:
    """Print the report for people.

    Args:
        chosen: The stack.
        report: What an ``up`` would do.
        asked: Whether there is a cluster that was asked.
    """
    plan = chosen.plan
    out.print(f"\n{chosen.name} on target {plan.target.value}: preview\n", markup=False)
    for line in (*_engine(report, asked=asked), *_objects(report)):
        out.print(line, markup=False)
    out.print()
    for line in _running(chosen, report, asked=asked):
        out.print(line, markup=False)
    if plan.target is Target.SIMULATED:
        out.print("simulated: nothing really runs on the nodes of a lab", markup=False)


def _engine(report: PreviewReport, *, asked: bool) -> list[str]:
    if report.taken_over_from is not None and report.engine is None:
        return [f"pulumi: an up moves the state of {report.taken_over_from} to this stack; it is not counted"]
    if report.engine is None:
        return ["pulumi: does not know the stack yet: it would create everything"] if asked else []
    counts = ", ".join(f"{count} {operation}" for operation, count in sorted(report.engine.items()))
    return [f"pulumi: {counts or 'nothing'}"]


def _objects(report: PreviewReport) -> list[str]:
    changed = {
        key: kept for key, paths in report.update.items() if (kept := tuple(p for p in paths if p != _OWNER))
    }
    lines = [
        f"objects: {len(report.create)} created, {len(report.update)} changed, {len(report.replace)} made anew,"
        f" {len(report.delete)} deleted"
    ]
    groups: tuple[tuple[str, dict[str, tuple[str, ...]]], ...] = (
        ("create", dict.fromkeys(report.create, ()) if report.live else {}),
        ("change", changed),
        ("make anew", report.replace),
        ("delete", dict.fromkeys(report.delete, ())),
    )
    for verb, group in groups:
        for key, paths in list(group.items())[:_SHOWN]:
            fields = ", ".join(paths[:_FIELDS]) + (
                f" and {len(paths) - _FIELDS} more" if len(paths) > _FIELDS else ""
            )
            lines.append(f"  {verb:<10} {key}{f' ({fields})' if fields else ''}")
        if len(group) > _SHOWN:
            lines.append(f"  {verb:<10} and {len(group) - _SHOWN} more; all with --json")
    if len(changed) < len(report.update):
        lines.append(
            f"  {counted(len(report.update) - len(changed), 'object')} of which only the stack label changes"
        )
    return lines


def _running(chosen: Chosen, report: PreviewReport, *, asked: bool) -> list[str]:
    lines = []
    if report.taken_over_from is not None:
        lines.append(f"the objects of {report.taken_over_from} are taken over: it is what runs now")
    if not report.live:
        where = "nothing of the stack is live" if asked else f"there is no lab of {chosen.name}, nothing runs"
        lines.append(f"{where}: a first install disrupts no running work")
    elif not report.judged:
        lines.append("no running work is disrupted, as far as the rules know")
    for item in report.judged:
        lines += _disruption(item)
    lines += [
        f"an acknowledgement has expired ({entry.until}) and no longer counts: {entry.kind.value} {entry.subject}"
        f" ({entry.reason})"
        for entry in report.expired
    ]
    if report.judged:
        known = len(report.judged) - len(report.open)
        lines.append(f"{counted(len(report.judged), 'disruption')}, {known} acknowledged")
    if report.open:
        first = report.open[0].disruption
        lines.append(
            f"to go on knowingly, add to 'acknowledged' in {chosen.file}: {{kind: {first.kind.value}, subject:"
            f' "{first.subject}", reason: "why", until: "YYYY-MM-DD"}}'
        )
    return lines


def _disruption(item: Judged) -> list[str]:
    found = item.disruption
    lines = [f"{found.severity.value:<13} {found.kind.value} {found.subject}", f"  {found.message}"]
    if item.acknowledged is not None:
        lines.append(f"  acknowledged until {item.acknowledged.until}: {item.acknowledged.reason}")
    return lines


def as_data(chosen: Chosen, report: PreviewReport, *, asked: bool) -> dict[str, JsonValue]:
    """The same as :func:`show`, for machines."""
    plan = chosen.plan
    content: dict[str, JsonValue] = report.model_dump(mode="json", exclude={"judged"})
    content["disruptions"] = [
        {
            **item.disruption.model_dump(mode="json"),
            "acknowledged": None if item.acknowledged is None else item.acknowledged.model_dump(mode="json"),
        }
        for item in report.judged
    ]
    return {
        "stack": chosen.name,
        "target": plan.target.value,
        "simulated": plan.simulated,
        "asked": asked,
        "disrupted": bool(report.open),
        **content,
    }
