"""What every component shares: type tokens, children with the right parent, ordering inside a component."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import ClassVar

import pulumi

from aifactory.manifests.immutable import IMMUTABLE
from aifactory.manifests.model import KubernetesObject, Layer, LayerName, Release, key_of, text_at
from aifactory.manifests.protected import DELETION_TIMEOUT_H, is_protected

_CORE_GROUP = "core/v1"
_PROVIDER_VERSION = version("pulumi-kubernetes")  # looked up once: it reads files


class Manifest(pulumi.CustomResource):
    """One Kubernetes object, registered from the dict the Bundle holds.

    The registration equals that of the typed SDK class of the same kind; the plain dict costs less than half
    the time in the program and is what the GitOps tree holds. One that takes more than itself with it is protected.

    Args:
        manifest: The object; apiVersion, kind and metadata.name are set.
        opts: Options; the parent is set by the component.
    """

    def __init__(self, manifest: KubernetesObject, opts: pulumi.ResourceOptions) -> None:
        key = key_of(manifest)
        group = _CORE_GROUP if key.api_version == "v1" else key.api_version
        kept = is_protected(manifest)
        name = f"{key.namespace}/{key.name}" if key.namespace else key.name
        immutable = IMMUTABLE.get(key.kind, ())
        pinned = pulumi.ResourceOptions(
            version=_PROVIDER_VERSION,
            replace_on_changes=list(immutable) or None,
            delete_before_replace=True if immutable else None,
            protect=True if kept else None,
            custom_timeouts=pulumi.CustomTimeouts(delete=f"{DELETION_TIMEOUT_H}h") if kept else None,
        )
        super().__init__(
            f"kubernetes:{group}:{key.kind}", name, dict(manifest), pulumi.ResourceOptions.merge(opts, pinned)
        )


class FactoryComponent(pulumi.ComponentResource):
    """Base of the components: declares the objects of its layers as its children.

    Inside a component a layer waits for the one before it, an object for its Namespace, and a chart for the
    objects of its layer. Children take their provider from the component.

    Args:
        name: Name of the component.
        layers: What to declare, in order.
        opts: Pulumi options of the component.

    Attributes:
        children: Every child, in the order of declaration.
        by_layer: The children of each layer.
        notices: One line for each chart that is not installed, with the reason.
    """

    kind: ClassVar[str]
    """Last part of the type token; never changes without an alias."""

    def __init__(self, name: str, layers: Sequence[Layer], opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(f"aifactory:index:{self.kind}", name, {}, opts)
        self.children: list[pulumi.Resource] = []
        self.by_layer: dict[LayerName, list[pulumi.Resource]] = {}
        self.notices: list[str] = []
        previous: list[pulumi.Resource] = []
        for layer in layers:
            declared = self._objects(layer, previous)
            declared += self._releases(layer, [*previous, *declared])
            self.children += declared
            self.by_layer.setdefault(layer.name, []).extend(declared)
            previous = declared or previous

    def _objects(self, layer: Layer, previous: list[pulumi.Resource]) -> list[pulumi.Resource]:
        namespaces: dict[str, pulumi.Resource] = {}
        declared: list[pulumi.Resource] = []
        for manifest in layer.objects:
            home = namespaces.get(text_at(manifest, "metadata", "namespace") or "")
            child = Manifest(manifest, self.child(previous if home is None else [*previous, home]))
            if text_at(manifest, "kind") == "Namespace":
                namespaces[key_of(manifest).name] = child
            declared.append(child)
        return declared

    def _releases(self, layer: Layer, after: list[pulumi.Resource]) -> list[pulumi.Resource]:
        declared: list[pulumi.Resource] = []
        for release in layer.releases:
            if release.skipped is not None:
                self.notices.append(
                    f"chart {release.chart} {release.version} is not installed: {release.skipped}"
                )
                continue
            declared.append(chart_release(release, self.child(after)))
        return declared

    def child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Options of a child of this component."""
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def publish(self, **outputs: pulumi.Output[object]) -> None:
        """Register the component's outputs; the last statement of every constructor."""
        self.register_outputs(dict(outputs))


def chart_release(release: Release, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """A Helm release of the pinned chart; its hooks run and Helm keeps its history.

    Args:
        release: Which chart, at which version, with which values.
        opts: Options; the parent is set by the component.
    """
    from pulumi_kubernetes.helm import v3 as helm

    oci = release.repository.startswith("oci://")
    installed: pulumi.Resource = helm.Release(
        release.name,
        helm.ReleaseArgs(
            name=release.name,
            namespace=release.namespace,
            chart=f"{release.repository}/{release.chart}" if oci else release.chart,
            version=release.version,
            repository_opts=None if oci else helm.RepositoryOptsArgs(repo=release.repository),
            values=release.values,
        ),
        opts=opts,
    )
    return installed
