"""Objects of Flux that more than one file is made of.

Obeys kustomize-controller (kustomize.toolkit.fluxcd.io/v1) and source-controller (source.toolkit.fluxcd.io/v1).
"""

from aifactory.manifests.gitops.model import FLUX_NAMESPACE, Place
from aifactory.manifests.gitops.names import labels
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.render import render_one

TIMEOUT = "30m"
"""How long a step may take: a driver is compiled and loaded, node by node, in that time."""
CLUSTER_TIMEOUT = "2h"
"""How long a control plane may take: bare metal is imaged and rebooted, one machine after the other."""


def source(place: Place, owner: str) -> KubernetesObject:
    """The repository as Flux reads it; the same for every stack of it.

    Args:
        place: Where the trees are.
        owner: Stack or programme whose labels it has.
    """
    return render_one(
        "gitops/flux-source.yaml.j2",
        {
            "name": place.source,
            "namespace": FLUX_NAMESPACE,
            "labels": labels(owner),
            "repository": place.repository,
            "revision": place.revision,
            "secret_ref": place.secret_ref,
        },
    )


def flux_kustomization(
    name: str,
    *,
    place: Place,
    owner: str,
    where: str,
    path: str,
    cell: str | None = None,
    depends_on: tuple[str, ...] = (),
    kubeconfig: str | None = None,
    cluster: str | None = None,
    keep: bool = False,
    wait: bool = True,
) -> KubernetesObject:
    """One Kustomization of Flux.

    Args:
        name: Its name.
        place: Where the trees are.
        owner: Stack or programme whose labels it has.
        where: Its namespace.
        path: Folder in the repository.
        cell: The cell that it is for.
        depends_on: Kustomizations of the same namespace that come first.
        kubeconfig: Secret with the kubeconfig of the cluster to apply to; None means the engine's own.
        cluster: The Cluster whose API server is waited for, instead of everything.
        keep: Whether what it applied stays when it is itself removed.
        wait: Whether it is done only when all that it applied is healthy.
    """
    return render_one(
        "gitops/flux-kustomization.yaml.j2",
        {
            "name": name,
            "namespace": where,
            "labels": labels(owner, cell),
            "path": f"./{path}",
            "source": {"name": place.source, "namespace": FLUX_NAMESPACE},
            "depends_on": list(depends_on),
            "kubeconfig": kubeconfig,
            "cluster": cluster,
            "timeout": CLUSTER_TIMEOUT if cluster else TIMEOUT,
            "deletion": "Orphan" if keep else "MirrorPrune",
            "wait": wait,
        },
    )
