"""Namespaces with their Pod Security Standard written on them."""

from collections.abc import Mapping
from typing import Literal

from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.render import render_one

PodSecurity = Literal["privileged", "baseline", "restricted"]


def namespace(
    name: str, pod_security: PodSecurity, labels: Mapping[str, str] | None = None
) -> KubernetesObject:
    """A Namespace that enforces, audits and warns by one Pod Security Standard.

    Args:
        name: Name of the namespace.
        pod_security: ``privileged`` for host-level operators, ``restricted`` for everything that can be.
        labels: More labels.
    """
    return render_one(
        "foundation/namespace.yaml.j2",
        {"name": name, "pod_security": pod_security, "labels": dict(labels or {})},
    )
