"""Layers cell-machines and cell-clusters: the cluster of one cell, on its site's management cluster.

The Cluster is a layer of its own, after all else: deletion goes the other way, and Cluster API takes a cluster
down in order only where the Cluster goes first and what it refers to stays until it is gone.
"""

from aifactory.manifests.cell_cluster import cell_cluster, cell_name, management_namespace
from aifactory.manifests.gitops.clusters import stamped
from aifactory.manifests.labels import Inventory
from aifactory.manifests.layers import layer
from aifactory.manifests.model import KubernetesObject, Layer, LayerName, ManifestModel
from aifactory.manifests.protected import is_protected
from aifactory.plan.models import FactoryPlan

BACKGROUND = {"pulumi.com/deletionPropagationPolicy": "background"}
"""Annotation: in the foreground, the provider's default, machines would go before Cluster API has drained them, and
their infrastructure from under them.
"""


class CellArgs(ManifestModel):
    """Arguments of the component Cell."""

    inventory: Inventory = Inventory()
    plan: FactoryPlan
    """The plan of the cell, whose stack says how clusters are made."""

    @property
    def cell(self) -> str:
        """Name of the cell, and of its Cluster."""
        return cell_name(self.plan)

    @property
    def namespace(self) -> str:
        """Namespace of the objects; it exists already."""
        return management_namespace(self.plan)


def _in_background(manifest: KubernetesObject) -> KubernetesObject:
    metadata = manifest["metadata"]
    assert isinstance(metadata, dict)  # noqa: S101 - every object made here has metadata
    own = metadata.get("annotations")
    return {
        **manifest,
        "metadata": {**metadata, "annotations": {**(own if isinstance(own, dict) else {}), **BACKGROUND}},
    }


def layers(args: CellArgs) -> tuple[Layer, ...]:
    """What the Cluster refers to, and its machines; then the Cluster. None where the clusters exist already."""
    objects = [
        _in_background(stamped(args.plan.name, args.cell, manifest)) for manifest in cell_cluster(args.plan)
    ]
    if not objects:
        return ()
    machines = [manifest for manifest in objects if not is_protected(manifest)]
    clusters = [manifest for manifest in objects if is_protected(manifest)]
    return (
        layer(LayerName.CELL_MACHINES, args.inventory, machines),
        layer(LayerName.CELL_CLUSTERS, args.inventory, clusters),
    )
