"""Words about a site's management cluster: what is on it, and what goes only where that is asked for."""

from typing import Annotated

import typer
from rich.table import Table

from aifactory.cli.inputs import Chosen
from aifactory.errors import AIFactoryError
from aifactory.plan.cell_choice import for_management
from aifactory.plan.models import FactoryPlan

DeleteClusters = Annotated[
    bool,
    typer.Option(
        "--delete-clusters",
        help="Also delete clusters of cells, with all their machines; of a management cluster only.",
    ),
]
NOT_PROVEN = (
    "simulated: the objects are real, on a control plane of the lab; neither Cluster API nor a GitOps engine runs"
    " there: no machine, no cluster and no roll-out comes of them",
    "not proven by this: what the controllers and their webhooks make of the objects, images, hosts, the tree in Git",
)
"""What a lab of a management cluster makes up, and what it therefore says nothing about."""


def require_management(chosen: Chosen, *, delete_clusters: bool) -> None:
    """Nobody is asked to delete clusters where there are none.

    Raises:
        AIFactoryError: If the run is for a cell, or for a stack without a management cluster.
    """
    if delete_clusters and not for_management(chosen.plan):
        raise AIFactoryError(
            f"--delete-clusters: this run is for {chosen.plan.cell or chosen.name}, which holds no clusters of cells;"
            " a management cluster does, where GitOps delivers to several cells; leave it out"
        )


def cells_table(plan: FactoryPlan) -> Table:
    """The cells of a site, for people.

    Args:
        plan: The plan of the site.
    """
    made = "made by Cluster API" if plan.stack.delivery.clusters is not None else "there already"
    table = Table("cell", "nodes", "GPUs", "its cluster is", box=None, pad_edge=False)
    for cell in plan.cells:
        table.add_row(cell.name, str(cell.nodes), str(cell.gpus), made)
    table.add_row("total", str(plan.nodes), str(plan.gpus), "", style="bold")
    return table
