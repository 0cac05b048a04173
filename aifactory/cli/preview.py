"""``aifactory preview``: what an ``up`` would do, to the objects and to running work."""

import datetime

import typer

from aifactory.cli.console import note, print_data, step
from aifactory.cli.extent import same_place
from aifactory.cli.inputs import AsJson, CellOption, Chosen, StackName, TargetOption
from aifactory.cli.lab import LabName, lab_of, tools_of
from aifactory.cli.preview_report import as_data, show
from aifactory.cli.realise import Verbose, engine_lines, place, realisable
from aifactory.deliver.change import nothing_live
from aifactory.deliver.identity import verify
from aifactory.deliver.preview import PreviewReport, report_of
from aifactory.deliver.preview import preview as previewed
from aifactory.deliver.program import parts_for
from aifactory.errors import LabError
from aifactory.lab.places import labs
from aifactory.lab.tools import Tools
from aifactory.manifests.disruption.model import InUse
from aifactory.manifests.management import bundle_for
from aifactory.plan.cell_choice import home_of
from aifactory.spec.stack import Target

DISRUPTED = 2
"""Exit code where running work is disrupted and nobody has acknowledged it."""


def preview(
    stack: StackName,
    target: TargetOption = None,
    lab: LabName = None,
    cell: CellOption = None,
    *,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Show what up would change, and what that does to running work; nothing is written.

    Exit code 2 where running work is disrupted and the stack file does not acknowledge it.
    """
    chosen = realisable(stack, target, lab, cell)
    today = datetime.datetime.now(tz=datetime.UTC).date()
    tools = _tools(chosen, lab)
    report = _unborn(chosen, today) if tools is None else _asked(chosen, tools, today, lab, verbose=verbose)
    if as_json:
        print_data(as_data(chosen, report, asked=tools is not None))
    else:
        show(chosen, report, asked=tools is not None)
    if report.open:
        raise typer.Exit(DISRUPTED)


def _tools(chosen: Chosen, named: str | None) -> Tools | None:
    """The tools; None where there is no lab, and so nothing to ask: no tool is fetched for that.

    Raises:
        LabError: If there is a lab, but it does not run.
    """
    target, lab = chosen.plan.target, named or home_of(chosen.plan)
    if target is Target.CLUSTER:
        return tools_of(target)
    if not (labs(target.value) / lab).is_dir():
        return None
    tools = tools_of(target)
    state = lab_of(target, lab, tools).status().state
    if state == "stopped":
        raise LabError(
            f"the lab of {lab} is stopped: what is in it cannot be read; a running lab is needed;"
            f" start it with: aifactory up {chosen.name}{same_place(chosen.plan, named)}"
        )
    return tools if state == "running" else None


def _unborn(chosen: Chosen, today: datetime.date) -> PreviewReport:
    bundle = bundle_for(parts_for(chosen.plan, None))
    return report_of(nothing_live(bundle), None, InUse(), chosen.plan.stack, today)


def _asked(
    chosen: Chosen, tools: Tools, today: datetime.date, lab: str | None, *, verbose: bool
) -> PreviewReport:
    cluster, workspace = place(chosen, tools, sample=None, bring_up=False, lab=lab)
    verify(chosen.plan.stack, cluster, str(chosen.file))
    bundle = bundle_for(parts_for(chosen.plan, cluster))
    step(f"preview of {chosen.name}: {sum(1 for _ in bundle.objects())} objects; nothing is written")
    return previewed(
        bundle, cluster, workspace, chosen.plan.stack, today, note, engine_lines(verbose=verbose)
    )
