"""The cluster of a cell, as objects of Cluster API on its site's management cluster.

Obeys Cluster API v1beta2, cluster-api-provider-metal3 v1beta2 and cluster-api-provider-nico v1alpha1.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from aifactory.manifests.cell_machines import pool_machines, system_machines
from aifactory.manifests.cell_site import (
    CELL_LABEL,
    ROLE_LABEL,
    CellSite,
    health_check,
    hosts_for,
    node_labels,
    role_template,
)
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.manifests.names import dns_label
from aifactory.manifests.render import render_one
from aifactory.plan.models import FactoryPlan
from aifactory.spec.delivery import CellClusters
from aifactory.spec.provisioning import ClusterApi, NicoTemplate

PHASE_LABEL = "aifactory.dev/phase"
REGION_LABEL = "aifactory.dev/region"
REMEDIATIONS = 3
"""Times in a row that a control-plane machine is made anew; assumption: a fourth would not help either."""
RETRY_AFTER_S = 600
HEALTHY_AFTER_S = 3600
"""After this time a failure of the machine's successor is a new one."""


def cell_name(plan: FactoryPlan) -> str:
    """Name of the cell and so of its Cluster: as the site's plan calls it."""
    return plan.cells[0].name


def management_namespace(plan: FactoryPlan) -> str:
    """Namespace of the management cluster that the objects of all cells of the stack are in."""
    return plan.stack.delivery.namespace or plan.name


def _cluster(plan: FactoryPlan, site: CellSite, endpoint: str) -> Iterator[KubernetesObject]:
    """The Cluster and its infrastructure; NICo's has no field for the endpoint, so the Cluster has it."""
    network, zones = plan.stack.network, plan.stack.site.zones
    nico = isinstance(site.clusters.control_plane, NicoTemplate)
    common: dict[str, JsonValue] = {
        "name": site.cell,
        "namespace": site.namespace,
        "port": network.api_server_port,
    }
    yield render_one(
        "cells/cluster.yaml.j2",
        {
            **common,
            "labels": {PHASE_LABEL: plan.stack.phase.value, REGION_LABEL: plan.stack.site.region},
            "pod_cidrs": [network.pod_cidr],
            "service_cidrs": [network.service_cidr],
            "endpoint": endpoint if nico else None,
            "infrastructure": "NicoCluster" if nico else "Metal3Cluster",
        },
    )
    if nico:
        yield render_one("cells/nico-cluster.yaml.j2", {**common, "site_id": site.clusters.nico_site})
        return
    # One zone is no choice; with more, control planes are spread over the hosts of different ones.
    spread: list[JsonValue] = list(zones) if len(zones) > 1 else []
    yield render_one("cells/metal3-cluster.yaml.j2", {**common, "endpoint": endpoint, "zones": spread})


def _control_plane(plan: FactoryPlan, site: CellSite) -> Iterator[KubernetesObject]:
    """The control plane: a machine leaves before its successor comes, where that leaves a majority."""
    clusters, network = site.clusters, plan.stack.network
    template = hosts_for(clusters.control_plane, {CELL_LABEL: site.cell, ROLE_LABEL: "control-plane"})
    machine = role_template(site, template, "control-plane")
    key = key_of(machine)
    replicas = clusters.control_plane_nodes
    yield machine
    yield render_one(
        "cells/control-plane.yaml.j2",
        {
            "name": site.cell,
            "namespace": site.namespace,
            "replicas": replicas,
            "version": clusters.kubernetes_version,
            # There is no spare machine; a single one cannot leave before there is another.
            "max_surge": 1 if replicas == 1 else 0,
            "max_retry": REMEDIATIONS,
            "retry_period_s": RETRY_AFTER_S,
            "min_healthy_period_s": HEALTHY_AFTER_S,
            "infrastructure": {"kind": key.kind, "name": key.name},
            "drain_timeout_s": ClusterApi.model_fields["drain_timeout_s"].default,
            "mask": str(network.pod_prefix_per_node),
            "node_labels": node_labels(site, template),
        },
    )
    yield health_check(
        site,
        dns_label(site.cell, "control-plane"),
        {"cluster.x-k8s.io/control-plane": ""},
        # As many as etcd can lose: above that a majority is gone, and only a restore helps.
        (replicas - 1) // 2,
    )


def _endpoint(site: CellSite) -> str:
    return f"{site.cell}.{site.clusters.endpoint_domain}"


def _objects(plan: FactoryPlan, clusters: CellClusters) -> Iterator[KubernetesObject]:
    site = CellSite(
        cell=cell_name(plan),
        namespace=management_namespace(plan),
        region=plan.stack.site.region,
        clusters=clusters,
    )
    yield from _cluster(plan, site, _endpoint(site))
    yield from _control_plane(plan, site)
    yield from system_machines(site, plan.stack.cluster.system_nodes)
    for planned in plan.pools:
        yield from pool_machines(site, planned)


def cell_cluster(plan: FactoryPlan) -> tuple[KubernetesObject, ...]:
    """The Cluster API objects that make and heal the cluster of one cell, in an order that can be applied.

    Afterwards, on a management cluster with the providers: a Cluster with the cell's pod and service networks,
    its control plane, system nodes, and for each pool MachineDeployments and a MachineHealthCheck. Cluster API
    writes the Secret ``<cell>-kubeconfig`` beside them. What cannot be changed once it exists is named by its
    content. The namespace is not among the objects: all cells of the stack share it.

    Args:
        plan: The plan of one cell, as :func:`aifactory.plan.cells.of_cell` gives it; of a site of one cell,
            the plan itself.

    Returns:
        The objects; none where the stack says nothing about the clusters (``delivery.clusters``).
    """
    clusters = plan.stack.delivery.clusters
    return () if clusters is None else tuple(_objects(plan, clusters))
