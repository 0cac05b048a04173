"""``aifactory lab up|down|status``."""

import json
from typing import Annotated

import typer
from rich.table import Table

from aifactory.cli.console import note, out, step
from aifactory.cli.extent import Extent
from aifactory.cli.inputs import AsJson, CellOption, OptionalStack, StackName, choose_cell
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.promotion import entered
from aifactory.errors import LabError
from aifactory.lab.places import labs
from aifactory.lab.simulated import SimulatedLab
from aifactory.lab.tools import Toolbox, Tools, tools_for
from aifactory.plan.cell_choice import CELL_END, home_of
from aifactory.plan.models import FactoryPlan
from aifactory.spec.stack import Target
from aifactory.spec.units import STACK_NAME

app = typer.Typer(no_args_is_help=True)
LabTarget = Annotated[Target, typer.Option("--target", help="Which kind of lab.")]
Sample = Annotated[
    int | None,
    typer.Option("--sample", min=1, help="At most this many nodes of each pool; default is the full size."),
]

LabName = Annotated[
    str | None,
    typer.Option(
        "--lab", help="The lab to use, which phases of a site may share; default is the stack's own."
    ),
]


def engine_tools() -> Tools:
    """The tools of the lane ``engine``, fetched or built where they are missing."""
    return Toolbox.default().ensure(tools_for("engine"))


def simulated_lab(name: str, tools: Tools) -> SimulatedLab:
    """The simulated lab of this name, which is most often that of its stack; nothing is started."""
    return SimulatedLab(name, labs(Target.SIMULATED.value) / name, tools)


def start(
    plan: FactoryPlan, tools: Tools, sample: int | None = None, name: str | None = None
) -> SimulatedLab:
    """A running simulated lab with the plan's nodes; None means the lab of the stack or of its cell.

    Raises:
        PromotionRefused: If the named lab holds a stack that this one does not follow.
    """
    lab = simulated_lab(name or home_of(plan), tools)
    if name is not None and lab.status().state == "running":
        entered(plan, Cluster(lab.kubeconfig), driven=True)  # before the hardware of another stack is changed
    step(f"lab of {lab.stack}: a real control plane with simulated nodes")
    lab.up(plan, note, sample)
    return lab


def require_simulated(target: Target) -> None:
    """Refuse a target that has no lab.

    Raises:
        LabError: If the target is not ``simulated``.
    """
    if target is not Target.SIMULATED:
        raise LabError(
            f"there is no lab of target '{target.value}' in this version; labs: simulated; use --target simulated"
        )


def require_name(stack: str) -> None:
    """Refuse a name that could name a folder outside that of the labs."""
    if not STACK_NAME.fullmatch(CELL_END.sub("", stack)):
        raise LabError(
            f"'{stack}' is not the name of a stack or lab; lower-case letters, digits and dashes, at most 42, are"
            " allowed; labs are listed by 'aifactory lab status'"
        )


@app.command()
def up(
    stack: StackName = "korea-pilot",
    target: LabTarget = Target.SIMULATED,
    sample: Sample = None,
    lab: LabName = None,
    cell: CellOption = None,
) -> None:
    """Start the lab of a stack, or of one cell of it; does nothing where it runs already."""
    require_simulated(target)
    if lab is not None:
        require_name(lab)
    chosen = choose_cell(stack, None, target, cell)
    status = start(chosen.plan, engine_tools(), sample, lab).status()
    for line in Extent(chosen.plan, len(chosen.site.cells), sample).lines():
        out.print(line, markup=False)
    out.print(
        f"{status.stack}: {status.state}, {status.nodes} simulated nodes; KUBECONFIG={status.kubeconfig}",
        markup=False,
    )


@app.command()
def down(stack: OptionalStack = None, target: LabTarget = Target.SIMULATED) -> None:
    """Stop a lab, or all of them, and remove every file of it."""
    require_simulated(target)
    folder = labs(target.value)
    if stack is not None:
        require_name(stack)
    names = [stack] if stack else sorted(path.name for path in folder.glob("*") if path.is_dir())
    if not names:
        out.print("no lab is there")
    for name in names:
        simulated_lab(name, engine_tools()).down(note)
        out.print(f"{name}: removed", markup=False)


@app.command()
def status(target: LabTarget = Target.SIMULATED, *, as_json: AsJson = False) -> None:
    """Show the labs that are there."""
    require_simulated(target)
    folder = labs(target.value)
    names = sorted(path.name for path in folder.glob("*") if path.is_dir())
    found = [simulated_lab(name, engine_tools()).status() for name in names]
    if as_json:
        out.print_json(json.dumps([item.model_dump(mode="json") for item in found]))
        return
    if not found:
        out.print("no lab is there; start one with: aifactory lab up --target simulated")
        return
    table = Table("stack", "state", "nodes", "processes", "kubeconfig", box=None, pad_edge=False)
    for item in found:
        table.add_row(item.stack, item.state, str(item.nodes), str(len(item.processes)), str(item.kubeconfig))
    out.print(table)
