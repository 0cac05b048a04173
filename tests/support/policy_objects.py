"""Objects that keep every rule, and ways to make them break one."""

import copy
from typing import Any

from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.namespaces import PodSecurity, namespace
from aifactory.manifests.policy.judge import judged
from aifactory.manifests.policy.model import Violation

DAEMON = "apps/v1 DaemonSet place/worker"
CONTAINER: dict[str, Any] = {
    "name": "main",
    "image": "registry.example:5000/team/worker:v1",
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}},
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
POD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
    "containers": [CONTAINER],
}


def named(kind: str, name: str = "worker", api: str = "v1", where: str | None = "place", **more: Any) -> Any:
    """An object."""
    metadata = {"name": name, **({"namespace": where} if where else {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **more}


def daemon(pod: dict[str, Any] | None = None, **container: Any) -> KubernetesObject:
    """A DaemonSet whose pod or container has some fields replaced."""
    spec = {**copy.deepcopy(POD), **(pod or {})}
    spec["containers"] = [{**CONTAINER, **container}]
    made: KubernetesObject = named("DaemonSet", api="apps/v1", spec={"template": {"spec": spec}})
    return made


def place(pod_security: PodSecurity = "restricted") -> list[KubernetesObject]:
    """The workload's namespace, closed and limited."""
    deny = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return [
        namespace("place", pod_security),
        named("NetworkPolicy", "default-deny", "networking.k8s.io/v1", spec=deny),
        named("ResourceQuota", "quota", spec={"hard": {"pods": "9"}}),
    ]


def bare(*kinds: str) -> list[KubernetesObject]:
    """The namespace without objects of some kinds."""
    return [item for item in place() if item["kind"] not in kinds]


def policy(**spec: Any) -> list[KubernetesObject]:
    """The namespace with another NetworkPolicy."""
    return [*bare("NetworkPolicy"), named("NetworkPolicy", "own", "networking.k8s.io/v1", spec=spec)]


def role(**rule: Any) -> KubernetesObject:
    """A ClusterRole of one rule."""
    made: KubernetesObject = named(
        "ClusterRole", "reader", "rbac.authorization.k8s.io/v1", where=None, rules=[rule]
    )
    return made


def broken(rule: str, objects: list[KubernetesObject], *, digests: bool = False) -> list[Violation]:
    """What one rule has against objects."""
    return [
        one for one in judged(objects, "test", digests=digests, allowed=()).violations if one.rule == rule
    ]


def context(**fields: Any) -> dict[str, Any]:
    """The container's security context with some fields replaced."""
    return {**CONTAINER["securityContext"], **fields}
