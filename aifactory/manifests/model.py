"""What a Bundle is made of: objects, chart releases, layers."""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, JsonValue

KubernetesObject = dict[str, JsonValue]
"""One Kubernetes object as the API server takes it."""


class ManifestModel(BaseModel):
    """Base of manifest data: frozen, no unknown fields, described by docstrings."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class LayerName(StrEnum):
    """The layers of a Bundle, in the order in which they are applied; the last three are of a management cluster."""

    FOUNDATION = "foundation"
    STORAGE = "storage"
    GPU_OPERATOR = "gpu-operator"
    GPU_OPERATOR_CONFIG = "gpu-operator-config"
    NODE_POOLS = "node-pools"
    DEVICE_PLUGIN = "device-plugin"
    DRA_DRIVER = "dra-driver"
    DRA_CONFIG = "dra-config"
    NETWORK_POLICIES = "network-policies"
    CELL_MACHINES = "cell-machines"
    CELL_CLUSTERS = "cell-clusters"
    ROLL_OUT = "roll-out"


class ObjectKey(ManifestModel):
    """What identifies an object in a cluster."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        """The object as a person names it, for example ``apps/v1 DaemonSet gpu/plugin``."""
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.api_version} {self.kind} {place}{self.name}"


class Release(ManifestModel):
    """A Helm chart at a pinned version."""

    name: str
    namespace: str
    chart: str
    version: str
    repository: str
    """``https://`` address of a chart repository, or ``oci://`` address of the chart's parent."""
    digest: str | None
    values: dict[str, JsonValue]
    skipped: str | None
    """Why the chart is not installed; None means it is."""


class Layer(ManifestModel):
    """Objects that are applied together, after the layers they need."""

    name: LayerName
    needs: tuple[LayerName, ...]
    objects: tuple[KubernetesObject, ...]
    releases: tuple[Release, ...] = ()
    """Charts of the layer; they come after its objects."""


class Bundle(ManifestModel):
    """Everything one cluster gets, in layers."""

    stack: str
    """Value of the inventory label: the stack, or what a management cluster has of it."""
    layers: tuple[Layer, ...]

    def objects(self) -> Iterator[KubernetesObject]:
        """Every object, in layer order."""
        for layer in self.layers:
            yield from layer.objects

    def releases(self) -> Iterator[Release]:
        """Every chart release, in layer order."""
        for layer in self.layers:
            yield from layer.releases


def text_at(value: JsonValue, *path: str) -> str | None:
    """The text at a path of an object; None where there is none."""
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value if isinstance(value, str) else None


def key_of(manifest: KubernetesObject) -> ObjectKey:
    """What identifies the object.

    Raises:
        ValueError: If apiVersion, kind or metadata.name is missing.
    """
    api_version, kind = text_at(manifest, "apiVersion"), text_at(manifest, "kind")
    name = text_at(manifest, "metadata", "name")
    if not (api_version and kind and name):
        raise ValueError(f"an object lacks apiVersion, kind or metadata.name: {sorted(manifest)}")
    return ObjectKey(
        api_version=api_version, kind=kind, namespace=text_at(manifest, "metadata", "namespace"), name=name
    )
