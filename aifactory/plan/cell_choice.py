"""Which cell of a site is meant, and its plan."""

import re

from aifactory.errors import AIFactoryError
from aifactory.plan.cells import NEEDS_GITOPS, managed, of_cell
from aifactory.plan.models import FactoryPlan
from aifactory.plan.site_models import CellPlan
from aifactory.spec.delivery import DeliveryMode
from aifactory.spec.stack import Target

CELL_END = re.compile(r"-c[0-9]{3,}$")
"""What the name of a cell has after that of its stack."""
SHOWN = 3
"""Names of cells that a message lists."""


def names_of(cells: tuple[CellPlan, ...]) -> str:
    """The names of the first cells, and how many more there are."""
    shown = ", ".join(cell.name for cell in cells[:SHOWN])
    more = len(cells) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def find_cell(plan: FactoryPlan, wanted: str) -> CellPlan:
    """The cell of this name or index.

    Args:
        plan: The plan of a site.
        wanted: Name of the cell, the end of it (``c003``), or its index from 0.

    Raises:
        AIFactoryError: If the site has no such cell.
    """
    index = wanted.removeprefix(f"{plan.name}-").removeprefix("c")
    if index.isascii() and index.isdigit() and int(index) < len(plan.cells):
        return plan.cells[int(index)]
    raise AIFactoryError(
        f"{plan.name} has no cell '{wanted}'; cells: {names_of(plan.cells)};"
        f" name one of them, or its number from 0 to {len(plan.cells) - 1}"
    )


def home_of(plan: FactoryPlan) -> str:
    """Name of the Pulumi stack and of the lab of a plan: the stack's own, or that of a cell but the first.

    The first cell keeps the stack's own, so that a site that outgrows one cell goes on with the state it has;
    but where there is a management cluster, that has the stack's own.

    Args:
        plan: The plan of one cell, or of a site.
    """
    named = plan.cell is not None and (plan.cells[0].index or plan.stack.delivery.mode is DeliveryMode.GITOPS)
    return str(plan.cell) if named else plan.name


def for_management(plan: FactoryPlan) -> bool:
    """Whether a run with this plan is for the management cluster of a site, and not for one of its cells."""
    return plan.cell is None and managed(plan) and plan.target is not Target.KIND


def part_of(plan: FactoryPlan, wanted: str | None) -> FactoryPlan:
    """The plan of the cluster that a run is for: a cell, or the management cluster where there is one.

    Args:
        plan: The plan of a site.
        wanted: Name or index of a cell; None or empty means the management cluster, which has the plan of the
            site, and else what :func:`one_cell` says. A kind lab is always a cell.

    Raises:
        AIFactoryError: If the site has no such cell, or a real cluster could be any of several.
    """
    return plan if not wanted and for_management(plan) else one_cell(plan, wanted)


def site_of(home: str, cell: str | None) -> str:
    """Name of the site's stack, the opposite of :func:`home_of`.

    Args:
        home: Name of a Pulumi stack.
        cell: Full name of the cell that it is for; None or empty for none.
    """
    return CELL_END.sub("", home) if cell and home == cell else home


def without_other_cells(plan: FactoryPlan) -> FactoryPlan:
    """The same plan, for a run that is for one cell of it: it needs no GitOps engine to reach the others."""
    kept = tuple(finding for finding in plan.findings if finding.code != NEEDS_GITOPS)
    return plan.model_copy(update={"findings": kept})


def one_cell(plan: FactoryPlan, wanted: str | None) -> FactoryPlan:
    """The plan of the cell that a run is for.

    A lab, where nothing else is asked for, is the first cell; a run on a real cluster has to say which it is.

    Args:
        plan: The plan of a site.
        wanted: Name or index of a cell; None or empty means the only one, or the first one of a lab.

    Raises:
        AIFactoryError: If the site has no such cell, or a real cluster could be any of several.
    """
    if wanted:
        return of_cell(plan, find_cell(plan, wanted))
    if len(plan.cells) > 1 and plan.target is Target.CLUSTER:
        raise AIFactoryError(
            f"{plan.name} has {len(plan.cells)} cells ({names_of(plan.cells)}); direct delivery reaches one cluster,"
            " the one of the kubeconfig; say with --cell which cell that is, or let a GitOps engine roll out all of"
            " them (delivery.mode: gitops)"
        )
    return of_cell(plan, plan.cells[0]) if plan.cells else plan
