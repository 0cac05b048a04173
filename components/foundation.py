"""Foundation: the namespaces everything else lives in."""

import pulumi

from aifactory.manifests import foundation
from aifactory.manifests.foundation import FoundationArgs, Plane
from components.base import FactoryComponent


class Foundation(FactoryComponent):
    """The factory's own namespace and one namespace for each service plane, closed by Pod Security.

    A unit because every other component needs these namespaces and none owns them.

    Creates:
        Namespace ``aifactory-system`` and one Namespace a service plane.

    Args:
        name: Name of the component.
        args: The service planes.
        opts: Pulumi options; give the provider of the cluster here.

    Attributes:
        namespaces: Names of the namespaces, sorted; known at preview.

    Example:
        >>> args = FoundationArgs(planes=(Plane(service="training", namespace="training"),))
        >>> Foundation("foundation", args)  # doctest: +SKIP
    """

    kind = "Foundation"
    namespaces: pulumi.Output[list[str]]

    def __init__(self, name: str, args: FoundationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, foundation.layers(args), opts)
        names = sorted({foundation.SYSTEM_NAMESPACE, *(plane.namespace for plane in args.planes)})
        self.namespaces = pulumi.Output.from_input(names)
        self.publish(namespaces=self.namespaces)


__all__ = ["Foundation", "FoundationArgs", "Plane"]
