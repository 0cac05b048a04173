"""GpuNodePool: the nodes of one accelerator system, labelled and tainted as one pool."""

import pulumi

from aifactory.manifests import node_pools
from aifactory.manifests.node_pools import GpuNodePoolArgs
from components.base import FactoryComponent


class GpuNodePool(FactoryComponent):
    """Nodes of one accelerator system that carry the pool's labels and the GPU taint.

    A unit because a pool grows, shrinks and is replaced as a whole, whoever provisions its nodes.

    Creates:
        ConfigMap ``pool-<name>``, always; it records what was declared.
        NodeFeatureRule, where Node Feature Discovery can pick the nodes out.
        ServiceAccount, ClusterRole, ClusterRoleBinding, Job and CronJob, where adopted nodes are patched instead:
            the Job at once, which Pulumi waits for; the CronJob every five minutes, for nodes that come back.
        MachineDeployment (one a rack group), machine templates and MachineHealthCheck, through Cluster API.

    Args:
        name: Name of the component.
        args: The pool as the plan has it, and whether Node Feature Discovery is there. The namespace
            ``aifactory-system`` exists; so do the Cluster and the KubeadmConfigTemplate that the pool names.
        opts: Pulumi options; give the provider of the cluster here.

    Attributes:
        pool_name: Name of the pool; like every output, known at preview.
        nodes: Nodes of the pool.
        gpus: Physical GPUs of the pool.
        resource: What pods ask for: an extended resource, or a device class where allocation is DRA.
        node_selector: Node selector of pods that are meant for the pool.
        tolerations: Tolerations of pods that are meant for the pool.

    Raises:
        ValueError: From the arguments, if nothing picks out the nodes of a pool that is adopted.

    Example:
        >>> args = GpuNodePoolArgs(pool=planned, nfd_present=True, kubectl_image=image)  # doctest: +SKIP
        >>> GpuNodePool("train", args, pulumi.ResourceOptions(provider=cluster))  # doctest: +SKIP
    """

    kind = "GpuNodePool"
    pool_name: pulumi.Output[str]
    nodes: pulumi.Output[int]
    gpus: pulumi.Output[int]
    resource: pulumi.Output[str]
    node_selector: pulumi.Output[dict[str, str]]
    tolerations: pulumi.Output[list[dict[str, str]]]

    def __init__(self, name: str, args: GpuNodePoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, node_pools.layers(args), opts)
        planned = args.pool
        self.pool_name = pulumi.Output.from_input(planned.name)
        self.nodes = pulumi.Output.from_input(planned.nodes)
        self.gpus = pulumi.Output.from_input(planned.gpus)
        self.resource = pulumi.Output.from_input(planned.resource)
        self.node_selector = pulumi.Output.from_input(node_pools.node_selector(planned))
        self.tolerations = pulumi.Output.from_input(node_pools.tolerations())
        self.publish(
            pool_name=self.pool_name,
            nodes=self.nodes,
            gpus=self.gpus,
            resource=self.resource,
            node_selector=self.node_selector,
            tolerations=self.tolerations,
        )


__all__ = ["GpuNodePool", "GpuNodePoolArgs"]
