"""What runs on a cluster now, counted; read in pages, for a cell may hold 150,000 pods."""

from collections import Counter
from collections.abc import Iterable, Iterator
from http import HTTPStatus

from pydantic import JsonValue

from aifactory.deliver.cluster import ApiProblem, Cluster
from aifactory.manifests.disruption.model import InUse, Volumes, at, mapping_at
from aifactory.manifests.model import KubernetesObject, text_at
from aifactory.plan.nodes import POOL_LABEL

PAGE = 500
"""Pods in one answer."""
_ALIVE = "status.phase!=Succeeded,status.phase!=Failed"
_GPUS = "nvidia.com/"


def in_use_of(cluster: Cluster) -> InUse:
    """Pods, claims and volumes of the cluster, counted by what they hold; not asked where reading is not allowed.

    Raises:
        ClusterError: If the cluster cannot be reached.
    """
    try:
        nodes = cluster.list("v1", "Node", POOL_LABEL)
        claims = cluster.list("v1", "PersistentVolumeClaim")
        volumes = cluster.list("v1", "PersistentVolume")
        requests = cluster.list("resource.k8s.io/v1", "ResourceClaim")
        held = _Pods(nodes)
        held.count(_pods(cluster))
    except ApiProblem as problem:
        if problem.status != HTTPStatus.FORBIDDEN:
            raise
        return InUse(asked=False)
    return InUse(
        asked=True,
        pods_by_pool=held.pool,
        pods_by_resource=held.resource,
        pods_by_label=held.label,
        pods_by_namespace=held.namespace,
        claims_by_class=Counter(name for item in requests for name in _classes(item)),
        claims_by_namespace=Counter(str(at(item, "metadata", "namespace")) for item in claims),
        volumes_by_class=_volumes(volumes, claims),
    )


def _pods(cluster: Cluster) -> Iterator[KubernetesObject]:
    """Pods that have not ended, page by page."""
    more = ""
    while True:
        query = {"limit": str(PAGE), "fieldSelector": _ALIVE, **({"continue": more} if more else {})}
        answer = cluster.request("GET", "/api/v1/pods", query=query)
        items = answer.get("items")
        yield from (item for item in (items if isinstance(items, list) else []) if isinstance(item, dict))
        more = text_at(answer, "metadata", "continue") or ""
        if not more:
            return


class _Pods:
    """Counts of pods."""

    def __init__(self, nodes: Iterable[KubernetesObject]) -> None:
        self._pools = {
            str(at(node, "metadata", "name")): str(at(node, "metadata", "labels", POOL_LABEL))
            for node in nodes
        }
        self.pool: Counter[str] = Counter()
        self.resource: Counter[str] = Counter()
        self.label: Counter[str] = Counter()
        self.namespace: Counter[str] = Counter()

    def count(self, pods: Iterable[KubernetesObject]) -> None:
        """Add pods, once each to everything they hold."""
        for pod in pods:
            self.namespace[str(at(pod, "metadata", "namespace"))] += 1
            asked = _requests(pod)
            self.resource.update(asked)
            wanted = mapping_at(pod, "spec", "nodeSelector")
            self.label.update(f"{key}={value}" for key, value in wanted.items())
            pool = self._pools.get(str(at(pod, "spec", "nodeName")))
            if pool is not None and (asked or at(pod, "spec", "resourceClaims")):
                self.pool[pool] += 1


def _requests(pod: KubernetesObject) -> set[str]:
    """Extended resources of GPUs that the containers of a pod ask for."""
    found: set[str] = set()
    for group in ("containers", "initContainers"):
        containers = at(pod, "spec", group)
        for container in containers if isinstance(containers, list) else []:
            found |= {name for name in mapping_at(container, "resources", "limits") if name.startswith(_GPUS)}
    return found


def _classes(claim: KubernetesObject) -> set[str]:
    """Device classes that a ResourceClaim asks for."""
    requests = at(claim, "spec", "devices", "requests")
    listed = requests if isinstance(requests, list) else []
    names = (text_at(request, "exactly", "deviceClassName") for request in listed)
    return {name for name in names if name is not None}


def _volumes(volumes: list[KubernetesObject], claims: list[KubernetesObject]) -> dict[str, Volumes]:
    found: dict[str, Volumes] = {}

    def add(item: JsonValue, **more: int) -> None:
        name = text_at(item, "spec", "storageClassName") or ""
        known = found.get(name, Volumes())
        found[name] = known.model_copy(update={key: getattr(known, key) + n for key, n in more.items()})

    for volume in volumes:
        kept = text_at(volume, "spec", "persistentVolumeReclaimPolicy") == "Retain"
        add(volume, retain=int(kept), delete=int(not kept))
    for claim in claims:
        add(claim, claims=1)
    return found
