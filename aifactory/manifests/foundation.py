"""Layer foundation: the namespaces of the factory and of its service planes."""

from aifactory.manifests.labels import Inventory
from aifactory.manifests.layers import layer
from aifactory.manifests.model import Layer, LayerName, ManifestModel
from aifactory.manifests.namespaces import namespace

SYSTEM_NAMESPACE = "aifactory-system"
"""Where the factory keeps its own records."""
SERVICE_LABEL = "aifactory.dev/service"


class Plane(ManifestModel):
    """A service plane and its namespace."""

    service: str
    namespace: str


class FoundationArgs(ManifestModel):
    """Arguments of the component Foundation."""

    inventory: Inventory = Inventory()
    planes: tuple[Plane, ...] = ()
    """Service planes; each gets a namespace that enforces the restricted Pod Security Standard."""


def layers(args: FoundationArgs) -> tuple[Layer, ...]:
    """The namespaces: the factory's own, then one a plane; a namespace shared by planes is made once."""
    by_namespace: dict[str, list[str]] = {}
    for plane in args.planes:
        by_namespace.setdefault(plane.namespace, []).append(plane.service)
    objects = [namespace(SYSTEM_NAMESPACE, "restricted")]
    for name, services in by_namespace.items():
        labels = {SERVICE_LABEL: services[0]} if len(services) == 1 else {}
        objects.append(namespace(name, "restricted", labels))
    return (layer(LayerName.FOUNDATION, args.inventory, objects),)
