"""DynamicResourceAllocation: GPUs and NVLink domains that pods ask for by claims."""

import pulumi

from aifactory.manifests import dra
from aifactory.manifests.dra import DynamicResourceAllocationArgs
from aifactory.plan.capacity import device_class
from components.base import FactoryComponent


class DynamicResourceAllocation(FactoryComponent):
    """The NVIDIA DRA driver on the pools that allocate through it, and what their pods claim from.

    A unit because device classes, claim templates and compute domains mean nothing without the driver.

    Creates:
        Where this stack keeps the driver: its Namespace (privileged) and the Helm release.
        One DeviceClass a pool, two ResourceClaimTemplates a pool and namespace (``<pool>-gpu``: one GPU,
        ``<pool>-node``: all GPUs of a node), and the pools' ComputeDomains.
        Nothing without pools, or where the driver is absent.

    Args:
        name: Name of the component.
        args: The pools, the pinned chart, and the namespaces that get claim templates.
        opts: Pulumi options; give the provider of the cluster here.

    Attributes:
        device_classes: Names of the DeviceClasses, in the order of the pools; known at preview.
        claim_templates: The ResourceClaimTemplates as ``namespace/name``, sorted; known at preview.
        compute_domains: The ComputeDomains as ``namespace/name``, sorted; known at preview.

    Example:
        >>> args = DynamicResourceAllocationArgs(pools=pools, chart=plan.charts["nvidia-dra-driver"])
        ... # doctest: +SKIP
        >>> DynamicResourceAllocation("dra", args)  # doctest: +SKIP
    """

    kind = "DynamicResourceAllocation"
    device_classes: pulumi.Output[list[str]]
    claim_templates: pulumi.Output[list[str]]
    compute_domains: pulumi.Output[list[str]]

    def __init__(
        self, name: str, args: DynamicResourceAllocationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        layers = dra.layers(args)
        super().__init__(name, layers, opts)
        pools = args.pools if layers else ()
        domains = dra.compute_domains(args) if layers else ()
        claims = {
            f"{home}/{claim}"
            for home in args.claim_namespaces
            for planned in pools
            for claim in dra.claim_names(planned)
        }
        self.device_classes = pulumi.Output.from_input([device_class(planned.pool) for planned in pools])
        self.claim_templates = pulumi.Output.from_input(sorted(claims))
        self.compute_domains = pulumi.Output.from_input(
            sorted(f"{domain.namespace}/{domain.name}" for domain in domains)
        )
        self.publish(
            device_classes=self.device_classes,
            claim_templates=self.claim_templates,
            compute_domains=self.compute_domains,
            notices=pulumi.Output.from_input(self.notices),
        )


__all__ = ["DynamicResourceAllocation", "DynamicResourceAllocationArgs"]
