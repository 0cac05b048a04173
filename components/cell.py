"""Cell: the cluster of one cell of a site, made and healed by Cluster API."""

import pulumi

from aifactory.manifests import cell
from aifactory.manifests.cell import CellArgs
from components.base import FactoryComponent


class Cell(FactoryComponent):
    """One Kubernetes cluster of a site, declared on the site's management cluster.

    A unit because a cluster comes, is protected and goes as a whole: its Cluster is the last object to be made and
    the first to be deleted, and it is deleted only once somebody has unprotected it.

    Creates:
        Metal3Cluster or NicoCluster, KubeadmControlPlane, MachineDeployments (one a rack group of each pool, and
            one of system nodes), machine templates, KubeadmConfigTemplates and MachineHealthChecks.
        Cluster, protected, after all of these. Nothing, where the stack's clusters exist already.

    Args:
        name: Name of the component.
        args: The plan of the cell. The namespace exists; Cluster API and the provider of the machines run there.
        opts: Pulumi options; give the provider of the management cluster here.

    Attributes:
        cell: Name of the cell and of its Cluster; like every output, known at preview.
        nodes: GPU nodes of the cell.
        gpus: GPUs of the cell.
        kubeconfig_secret: Secret with the cell's kubeconfig, which Cluster API writes, as ``<namespace>/<name>``.

    Example:
        >>> args = CellArgs(plan=of_cell(planned, planned.cells[0]))  # doctest: +SKIP
        >>> Cell("cell", args, pulumi.ResourceOptions(provider=management))  # doctest: +SKIP
    """

    kind = "Cell"
    cell: pulumi.Output[str]
    nodes: pulumi.Output[int]
    gpus: pulumi.Output[int]
    kubeconfig_secret: pulumi.Output[str]

    def __init__(self, name: str, args: CellArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, cell.layers(args), opts)
        self.cell = pulumi.Output.from_input(args.cell)
        self.nodes = pulumi.Output.from_input(args.plan.nodes)
        self.gpus = pulumi.Output.from_input(args.plan.gpus)
        self.kubeconfig_secret = pulumi.Output.from_input(f"{args.namespace}/{args.cell}-kubeconfig")
        self.publish(
            cell=self.cell, nodes=self.nodes, gpus=self.gpus, kubeconfig_secret=self.kubeconfig_secret
        )


__all__ = ["Cell", "CellArgs"]
