"""The Cluster API objects of the cells, in files of the management cluster: one for a cluster, one for each pool."""

from aifactory.manifests.cell_cluster import cell_cluster
from aifactory.manifests.gitops.model import KUSTOMIZATION, Files, Site, kustomization
from aifactory.manifests.gitops.names import kept, labels
from aifactory.manifests.gitops.units import COMMON, group_of
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.manifests.protected import is_protected

_SUFFIX = "cluster.x-k8s.io"


def of_cluster_api(manifest: KubernetesObject) -> bool:
    """Whether an object is for Cluster API, and so for the management cluster rather than for the cell."""
    group = key_of(manifest).api_version.partition("/")[0]
    return group == _SUFFIX or group.endswith(f".{_SUFFIX}")


def stamped(stack: str, cell: str, manifest: KubernetesObject) -> KubernetesObject:
    """A copy that says which stack and cell it is for; a Cluster is kept besides.

    Args:
        stack: Name of the stack.
        cell: Name of the cell.
        manifest: An object of its cluster.
    """
    metadata = manifest.get("metadata")
    metadata = dict(metadata) if isinstance(metadata, dict) else {}
    own = metadata.get("labels")
    metadata["labels"] = {**(own if isinstance(own, dict) else {}), **labels(stack, cell)}
    found = {**manifest, "metadata": metadata}
    return kept(found) if is_protected(manifest) else found


def cluster_files(site: Site) -> Files:
    """The Cluster API objects of every cell, a folder a cell; none where the clusters exist already."""
    files: Files = {}
    for view in site.cells:
        pools = tuple(pool.name for pool in view.plan.pools)
        by_file: dict[str, list[KubernetesObject]] = {}
        for manifest in cell_cluster(view.plan):
            group = group_of(key_of(manifest).name, pools)
            name = "cluster.yaml" if group == COMMON else f"{group}.yaml"
            by_file.setdefault(name, []).append(stamped(site.name, view.name, manifest))
        folder = f"management/clusters/{view.name}"
        for name, objects in by_file.items():
            files[f"{folder}/{name}"] = tuple(objects)
        if by_file:
            files[f"{folder}/{KUSTOMIZATION}"] = kustomization(list(by_file))
    return files
