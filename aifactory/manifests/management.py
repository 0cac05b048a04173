"""What a site's management cluster holds of it: the clusters of its cells, and what rolls the cells out."""

from collections.abc import Iterator

from aifactory.manifests import cell, roll_out
from aifactory.manifests.cell import CellArgs
from aifactory.manifests.cell_cluster import management_namespace
from aifactory.manifests.gitops.names import site_namespace
from aifactory.manifests.labels import Inventory
from aifactory.manifests.layers import joined, layer
from aifactory.manifests.model import Bundle, Layer, LayerName, ManifestModel
from aifactory.manifests.parts import Parts, bundle_of
from aifactory.manifests.roll_out import RollOutArgs
from aifactory.plan.cells import of_cell
from aifactory.plan.models import FactoryPlan


class ManagementArgs(ManifestModel):
    """Arguments of the component Management."""

    inventory: Inventory = Inventory()
    site: str
    """Name of the stack."""
    namespace: str
    """Namespace of the objects of this stack."""
    cells: tuple[CellArgs, ...]
    """Cells whose clusters are made; none where they exist already."""
    roll_out: RollOutArgs


def management_inventory(stack: str) -> Inventory:
    """Whose the objects are: not the stack's own inventory, which is that of every cell.

    A run for a cell that meets the management cluster by mistake finds nothing of its own there to prune, nor the
    other way round. No stack has such a name.
    """
    return Inventory(stack=f"{stack}.management")


def management_of(plan: FactoryPlan) -> ManagementArgs:
    """The arguments of what a management cluster holds of a site.

    Args:
        plan: An accepted plan of the site.
    """
    inventory = management_inventory(plan.name)
    made = plan.cells if plan.stack.delivery.clusters is not None else ()
    return ManagementArgs(
        inventory=inventory,
        site=plan.name,
        namespace=management_namespace(plan),
        cells=tuple(CellArgs(inventory=inventory, plan=of_cell(plan, one)) for one in made),
        roll_out=RollOutArgs(inventory=inventory, plan=plan),
    )


def foundation(args: ManagementArgs) -> Layer:
    """The namespace of the cells' objects."""
    return layer(LayerName.FOUNDATION, args.inventory, [site_namespace(args.namespace, args.site)])


def _layers(args: ManagementArgs) -> Iterator[Layer]:
    yield foundation(args)
    for one in args.cells:
        yield from cell.layers(one)
    yield from roll_out.layers(args.roll_out)


def bundle_for(parts: Parts | ManagementArgs) -> Bundle:
    """Everything one cluster gets: a cell, or a management cluster.

    Raises:
        AIFactoryError: If the stack says that its GitOps engine runs in one of several cells.
    """
    if isinstance(parts, Parts):
        return bundle_of(parts)
    return joined(parts.inventory.stack, _layers(parts))
