"""``aifactory probe``: who reaches whom, as the flow table means it, the policies say it, or a lab does it."""

from dataclasses import replace
from typing import Annotated

import typer

from aifactory.cli.console import note, print_data, step
from aifactory.cli.extent import same_place
from aifactory.cli.figures import plural
from aifactory.cli.inputs import (
    AsJson,
    Chosen,
    FirstCell,
    OptionalStack,
    StackFile,
    TargetOption,
    choose_part,
)
from aifactory.cli.lab import LabName, lab_of, require_name, tools_of
from aifactory.cli.probe_tables import show
from aifactory.deliver.charts import chart_skip
from aifactory.deliver.cluster import Cluster
from aifactory.errors import LabError
from aifactory.lab.kind.probe_bench import Bench
from aifactory.lab.kind.probes import live_report
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.manifests.probe.report import Report
from aifactory.manifests.probe.table import TruthTable, static_report, truth_table
from aifactory.plan.cell_choice import home_of
from aifactory.spec.stack import Target

FIRST_CELL = "0"
"""Where no cell is named: the cells of a site have the same flows, at addresses of their own."""
DIFFERENT = 2
"""Exit code where a connection is not as it is meant."""
Live = Annotated[
    bool,
    typer.Option("--live", help="Open the connections in the stack's kind lab, instead of reading policies."),
]


def probe(
    stack: OptionalStack = None,
    file: StackFile = None,
    target: TargetOption = None,
    lab: LabName = None,
    cell: FirstCell = None,
    *,
    live: Live = False,
    as_json: AsJson = False,
) -> None:
    """Show who reaches whom on which port, and whether the network policies say what is meant.

    Exit code 2 where they do not.
    """
    if lab is not None and not live:
        raise LabError(
            "--lab: without --live rendered policies are read, and no lab is asked; with --live a kind lab can be"
            " named; leave --lab out, or add --live"
        )
    chosen = choose_part(stack, file, target, cell or FIRST_CELL)
    if live and chosen.plan.target is not Target.KIND:
        raise LabError(
            f"--live is not for target '{chosen.plan.target.value}': it starts pods and opens the network for a"
            " moment; a kind lab is allowed; use --target kind"
        )
    parts = parts_of(chosen.plan, chart_skip(chosen.plan, None))
    table = truth_table(parts.network_policies, bundle_of(parts), _tenants(chosen))
    report = _live(chosen, table, lab) if live else static_report(chosen.name, table)
    report = replace(report, not_probed=(*_other_cells(chosen), *report.not_probed))
    if as_json:
        print_data(report.data())
    else:
        show(report)
    if report.differences:
        raise typer.Exit(DIFFERENT)


def _other_cells(chosen: Chosen) -> list[str]:
    """What is said of the cells that the report is not of."""
    more = len(chosen.site.cells) - 1
    others = f"{plural(more, 'other cell')}: the same flows at other addresses; name one with --cell"
    return [f"this is {chosen.plan.cell}; {others}"] if more else []


def _tenants(chosen: Chosen) -> list[str]:
    """Namespaces of tenants; those that the factory does not close are open, and probed as such."""
    return [name for tenant in chosen.plan.stack.tenants for name in tenant.namespaces]


def _live(chosen: Chosen, table: TruthTable, name: str | None) -> Report:
    """Connections in the lab of the stack.

    Raises:
        LabError: If the lab does not run.
    """
    if name is not None:
        require_name(name)
    tools = tools_of(Target.KIND)
    lab = lab_of(Target.KIND, name or home_of(chosen.plan), tools)
    if lab.status().state != "running":
        raise LabError(
            f"the kind lab of {lab.stack} does not run, and connections need one; a running lab with the stack in it"
            f" is needed; start it with: aifactory up {chosen.name}{same_place(chosen.plan, name)}"
        )
    step(f"probe of {chosen.name}: connections in its kind lab")
    bench = Bench(Cluster(lab.kubeconfig), tools.path("kubectl"), lab.kubeconfig)
    return live_report(chosen.name, table, bench, note)
