"""What all machines of a cell's cluster have in common: the cell, host selectors, boot configuration, checks.

Obeys Cluster API v1beta2 and cluster-api-provider-metal3 v1beta2. Metal3 writes a node's provider ID by the
label ``metal3.io/uuid``, whose value the host's metadata has
(https://github.com/metal3-io/cluster-api-provider-metal3, docs/api.md and docs/deployment_workflow.md).
"""

from collections.abc import Mapping

from pydantic import JsonValue

from aifactory.manifests.cluster_api import named_by_content, propagated
from aifactory.manifests.model import KubernetesObject, ManifestModel, key_of
from aifactory.manifests.names import dns_label
from aifactory.manifests.render import render_one
from aifactory.plan.nodes import GPU_TAINT
from aifactory.spec.delivery import CellClusters, MachineTemplate
from aifactory.spec.provisioning import ClusterApi, HostTemplate

CELL_LABEL = "topology.aifactory.dev/cell"
"""Label of a BareMetalHost: the cell whose machines it may become."""
ROLE_LABEL = "topology.aifactory.dev/role"
"""Label of a BareMetalHost that is no pool's: ``control-plane`` or ``system``."""
_METAL3_NODE_LABEL = "metal3.io/uuid={{ ds.meta_data.uuid }}"
"""Filled in on the host by cloud-init: every bootstrap document is a Jinja template to it."""


class CellSite(ManifestModel):
    """Where the objects of a cell's cluster are, and what all its machines have in common."""

    cell: str
    """Name of the cell and of its Cluster."""
    namespace: str
    """Namespace of the management cluster."""
    region: str
    clusters: CellClusters


def in_cell(manifest: KubernetesObject, cell: str) -> KubernetesObject:
    """The object under a name that begins with the cell's: no two cells of a namespace share an object."""
    metadata = manifest["metadata"]
    named = {
        **(metadata if isinstance(metadata, dict) else {}),
        "name": dns_label(cell, key_of(manifest).name),
    }
    return {**manifest, "metadata": named}


def hosts_for(template: MachineTemplate, labels: Mapping[str, str]) -> MachineTemplate:
    """The template narrowed to hosts with these labels; a NICo template picks by instance type instead."""
    if isinstance(template, HostTemplate):
        return template.model_copy(update={"host_selector": {**template.host_selector, **labels}})
    return template


def node_labels(site: CellSite, template: MachineTemplate, labels: Mapping[str, str] | None = None) -> str:
    """Value of the kubelet's ``--node-labels``; labels that a kubelet may not give itself are left out."""
    own = {"topology.kubernetes.io/region": site.region, **(labels or {})}
    words = [f"{key}={value}" for key, value in sorted(own.items()) if _settable(key)]
    return ",".join([*words, _METAL3_NODE_LABEL] if isinstance(template, HostTemplate) else words)


def _settable(key: str) -> bool:
    """Whether the NodeRestriction admission lets a kubelet set it, or Cluster API sets it anyhow."""
    domain = key.rpartition("/")[0]
    restricted = any(f".{domain}".endswith(f".{known}") for known in ("kubernetes.io", "k8s.io"))
    return not propagated(key) and (not restricted or key.startswith("topology.kubernetes.io/"))


def bootstrap(
    site: CellSite, template: MachineTemplate, name: str, labels: Mapping[str, str], *, gpu: bool
) -> KubernetesObject:
    """The KubeadmConfigTemplate of nodes: immutable, so named by its content.

    Args:
        site: The cell.
        template: What the machines are made of.
        name: Name of the pool.
        labels: Node labels that are there from the start.
        gpu: Whether the nodes have the GPU taint from the start.
    """
    taints: list[JsonValue] = [dict(GPU_TAINT)] if gpu else []
    values: dict[str, JsonValue] = {
        "namespace": site.namespace,
        "node_labels": node_labels(site, template, labels),
        "taints": taints,
    }
    return in_cell(named_by_content("cells/bootstrap.yaml.j2", values, name), site.cell)


def role_template(site: CellSite, template: MachineTemplate, role: str) -> KubernetesObject:
    """The machine template of nodes that are no pool's, named by its content."""
    kind = "metal3" if isinstance(template, HostTemplate) else "nico"
    values: dict[str, JsonValue] = {**template.model_dump(mode="json"), "namespace": site.namespace}
    if isinstance(template, HostTemplate):
        values["host_selector"] = {"matchLabels": dict(template.host_selector)}
    return in_cell(named_by_content(f"node-pools/{kind}-machine-template.yaml.j2", values, role), site.cell)


def health_check(
    site: CellSite, name: str, selector: Mapping[str, str], max_unhealthy: str | int
) -> KubernetesObject:
    """The MachineHealthCheck of nodes that are no pool's, with the times of the pools.

    Args:
        site: The cell.
        name: Name of the check.
        selector: Labels of the machines.
        max_unhealthy: Machines, or their share, above which nothing is remediated.
    """
    times = {
        field: ClusterApi.model_fields[field].default for field in ("startup_timeout_s", "unhealthy_after_s")
    }
    return render_one(
        "node-pools/machine-health-check.yaml.j2",
        {
            "name": name,
            "namespace": site.namespace,
            "cluster": site.cell,
            "selector": dict(selector),
            "max_unhealthy": max_unhealthy,
            **times,
        },
    )
