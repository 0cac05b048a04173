"""Labels that every object carries, and who counts as whose."""

from aifactory.manifests.model import KubernetesObject, LayerName, ManifestModel

MANAGED_BY = "app.kubernetes.io/managed-by"
STACK = "aifactory.dev/stack"
"""The inventory label: objects of a stack are found and pruned by it."""
LAYER = "aifactory.dev/layer"
TOOL = "aifactory"


class Inventory(ManifestModel):
    """Whose objects these are.

    Example:
        >>> Inventory(stack="korea-pilot").labels(LayerName.STORAGE)["aifactory.dev/stack"]
        'korea-pilot'
    """

    stack: str = "default"
    """Name of the stack, written on every object."""

    def labels(self, layer: LayerName) -> dict[str, str]:
        """The labels of an object of the given layer."""
        return {MANAGED_BY: TOOL, STACK: self.stack, LAYER: layer.value}

    def stamped(self, manifest: KubernetesObject, layer: LayerName) -> KubernetesObject:
        """A copy of the object with the inventory's labels added."""
        metadata = manifest.get("metadata")
        metadata = dict(metadata) if isinstance(metadata, dict) else {}
        labels = metadata.get("labels")
        merged = {**(labels if isinstance(labels, dict) else {}), **self.labels(layer)}
        metadata["labels"] = dict(sorted(merged.items()))
        return {**manifest, "metadata": metadata}
