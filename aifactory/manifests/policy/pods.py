"""Rules of pod security, after the profiles of Kubernetes' Pod Security Standards.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Iterator

from pydantic import JsonValue

from aifactory.manifests.disruption.model import at, mapping_at
from aifactory.manifests.policy.model import ENFORCE, Container, Found, Manifests, Rule, Workload, listed

_HOST = ("hostNetwork", "hostPID", "hostIPC")
_ALLOWED_CAPABILITIES = {"NET_BIND_SERVICE"}
"""What the profile ``restricted`` lets a container add."""


def _unreadable(manifests: Manifests) -> Iterator[Found]:
    for workload in manifests.workloads():
        for fault in workload.faults:
            yield Found(workload.key, f"{fault}, so that no rule can judge it")


def _closed(manifests: Manifests) -> Iterator[Workload]:
    """Workloads of namespaces that are not labelled privileged; those of unknown namespaces are among them."""
    for workload in manifests.workloads():
        if not manifests.privileged(workload.namespace):
            yield workload


def _privileged(manifests: Manifests) -> Iterator[Found]:
    for workload in _closed(manifests):
        for name, container in workload.containers:
            if at(container, "securityContext", "privileged") is True:
                yield Found(workload.key, f"the container {name} is privileged")


def _host_path(manifests: Manifests) -> Iterator[Found]:
    for workload in _closed(manifests):
        for volume in listed(workload.pod.get("volumes")):
            path = at(volume, "hostPath", "path")
            if path is not None:
                yield Found(workload.key, f"it mounts {path} of its node")


def _host_namespaces(manifests: Manifests) -> Iterator[Found]:
    for workload in _closed(manifests):
        shared = [name for name in _HOST if workload.pod.get(name) is True]
        ports = [
            str(at(port, "hostPort"))
            for _, container in workload.containers
            for port in listed(container.get("ports"))
            if at(port, "hostPort")
        ]
        if shared:
            yield Found(workload.key, f"it shares with its node: {', '.join(shared)}")
        if ports:
            yield Found(workload.key, f"it takes ports of its node: {', '.join(ports)}")


def _context(workload: Workload, container: Container, field: str) -> JsonValue:
    """A field of the container's security context, or of its pod's."""
    own = mapping_at(container.spec, "securityContext")
    return own.get(field, at(workload.pod, "securityContext", field))


def _lacking(workload: Workload, container: Container) -> Iterator[str]:
    """What keeps a container out of the profile ``restricted``."""
    context = mapping_at(container.spec, "securityContext")
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if "ALL" not in listed(context, "capabilities", "drop"):
        yield "it does not drop all capabilities"
    if _context(workload, container, "runAsNonRoot") is not True:
        yield "runAsNonRoot is not true"
    if at(_context(workload, container, "seccompProfile"), "type") not in {"RuntimeDefault", "Localhost"}:
        yield "it has no seccompProfile"


def _restricted(manifests: Manifests) -> Iterator[Found]:
    for workload in _closed(manifests):
        for container in workload.containers:
            lacking = list(_lacking(workload, container))
            if lacking:
                yield Found(workload.key, f"the container {container.name}: {', '.join(lacking)}")


def _capabilities(manifests: Manifests) -> Iterator[Found]:
    for workload in _closed(manifests):
        for name, container in workload.containers:
            added = {str(item) for item in listed(container, "securityContext", "capabilities", "add")}
            if added - _ALLOWED_CAPABILITIES:
                more = ", ".join(sorted(added - _ALLOWED_CAPABILITIES))
                yield Found(workload.key, f"the container {name} adds the capabilities {more}")


def _unlabelled(manifests: Manifests) -> Iterator[Found]:
    for key, item in manifests.of_kind("Namespace"):
        if at(item, "metadata", "labels", ENFORCE) not in {"privileged", "baseline", "restricted"}:
            yield Found(key, "it enforces no Pod Security Standard")


_ELSEWHERE = f"that needs a namespace labelled {ENFORCE}: privileged"
_MOVE = "take it out, or declare the workload in a namespace of a host-level operator"

RULES = (
    Rule(
        "pod-readable",
        "a pod is a mapping with a list of containers, each field of the type that the API server takes",
        "write it as `kubectl explain pod.spec` has it",
        _unreadable,
    ),
    Rule("pod-privileged", _ELSEWHERE, _MOVE, _privileged),
    Rule("pod-host-path", _ELSEWHERE, _MOVE, _host_path),
    Rule("pod-host-namespaces", _ELSEWHERE, _MOVE, _host_namespaces),
    Rule(
        "pod-capabilities",
        f"NET_BIND_SERVICE alone; {_ELSEWHERE.replace('that', 'more')}",
        _MOVE,
        _capabilities,
    ),
    Rule(
        "pod-restricted",
        "outside privileged namespaces every container fits the profile restricted",
        "set allowPrivilegeEscalation: false, capabilities.drop: [ALL], runAsNonRoot: true and a seccompProfile",
        _restricted,
    ),
    Rule(
        "namespace-pod-security",
        f"every namespace has the label {ENFORCE}: restricted, baseline or privileged",
        "make the namespace with aifactory.manifests.namespaces.namespace",
        _unlabelled,
    ),
)
"""The rules of this module."""
