"""The order of the layers, and how a layer is put together; written here once."""

from collections.abc import Iterable

from aifactory.manifests.labels import Inventory
from aifactory.manifests.model import Bundle, KubernetesObject, Layer, LayerName, Release, key_of

NEEDS: dict[LayerName, tuple[LayerName, ...]] = {
    LayerName.FOUNDATION: (),
    LayerName.STORAGE: (LayerName.FOUNDATION,),
    LayerName.GPU_OPERATOR: (LayerName.FOUNDATION,),
    LayerName.GPU_OPERATOR_CONFIG: (LayerName.GPU_OPERATOR,),
    # A pool's NodeFeatureRule needs the API that Node Feature Discovery brings with the operator's chart.
    LayerName.NODE_POOLS: (LayerName.FOUNDATION, LayerName.GPU_OPERATOR),
    LayerName.DEVICE_PLUGIN: (LayerName.NODE_POOLS,),
    LayerName.DRA_DRIVER: (LayerName.NODE_POOLS,),
    LayerName.DRA_CONFIG: (LayerName.DRA_DRIVER, LayerName.FOUNDATION),
    LayerName.NETWORK_POLICIES: (
        LayerName.FOUNDATION,
        LayerName.GPU_OPERATOR,
        LayerName.DEVICE_PLUGIN,
        LayerName.DRA_DRIVER,
    ),
    LayerName.CELL_MACHINES: (LayerName.FOUNDATION,),
    # Deletion goes the other way: what rolls out, then a Cluster, and what it refers to once that is gone.
    LayerName.CELL_CLUSTERS: (LayerName.CELL_MACHINES,),
    LayerName.ROLL_OUT: (LayerName.FOUNDATION, LayerName.CELL_CLUSTERS),
}
"""What each layer needs applied before it; the order of the keys is a valid order of application."""


def layer(
    name: LayerName,
    inventory: Inventory,
    objects: Iterable[KubernetesObject],
    releases: Iterable[Release] = (),
) -> Layer:
    """A layer of stamped objects.

    Args:
        name: Which layer.
        inventory: Whose objects; its labels are added to each.
        objects: The objects, in the order in which they are applied.
        releases: Charts of the layer.

    Raises:
        ValueError: If two objects have one identity.
    """
    stamped = tuple(inventory.stamped(manifest, name) for manifest in objects)
    keys = [str(key_of(manifest)) for manifest in stamped]
    if len(set(keys)) != len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"layer {name.value} has two objects of one identity: {', '.join(twice)}")
    return Layer(name=name, needs=NEEDS[name], objects=stamped, releases=tuple(releases))


def joined(stack: str, layers: Iterable[Layer]) -> Bundle:
    """A Bundle of layers, in the order of application; those of one name are one layer.

    Args:
        stack: Value of the inventory label.
        layers: The layers of all parts.
    """
    by_name: dict[str, Layer] = {}
    for one in layers:
        known = by_name.get(one.name)
        by_name[one.name] = (
            one
            if known is None
            else known.model_copy(
                update={"objects": known.objects + one.objects, "releases": known.releases + one.releases}
            )
        )
    return Bundle(stack=stack, layers=tuple(by_name[name] for name in NEEDS if name in by_name))
