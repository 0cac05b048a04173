"""Machines of a cell's cluster on its management cluster: those of its pools, and CPU nodes for operators."""

from collections.abc import Iterator

from aifactory.manifests.cell_site import (
    CELL_LABEL,
    ROLE_LABEL,
    CellSite,
    bootstrap,
    health_check,
    hosts_for,
    in_cell,
    role_template,
)
from aifactory.manifests.cluster_api import (
    machine_deployment,
    machine_health_check,
    machine_template,
    rack_groups,
)
from aifactory.manifests.model import KubernetesObject, ObjectKey, key_of
from aifactory.manifests.names import dns_label
from aifactory.manifests.render import render_one
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import POOL_LABEL
from aifactory.spec.delivery import MachineTemplate
from aifactory.spec.provisioning import ClusterApi, HostTemplate, Simulated

SYSTEM_UNHEALTHY = "34%"
"""Share of system nodes that may be unhealthy and still be remediated: one of three."""


def pool_machines(site: CellSite, planned: PoolPlan) -> Iterator[KubernetesObject]:
    """Everything that makes and heals a pool's machines, in an order that can be applied.

    - A pool that says nothing is made of what ``delivery.clusters.workers`` has for its system, from hosts
      labelled with cell and pool.
    - A pool of provisioning ``cluster-api`` keeps its own template, boot configuration and limits.
    - A pool of provisioning ``simulated`` has no machines.

    One MachineDeployment a rack group: it replaces one machine at a time, and makes none before one has left.
    """
    how = planned.pool.provisioning
    if isinstance(how, Simulated):
        return
    if isinstance(how, ClusterApi):
        template = hosts_for(how.template, {CELL_LABEL: site.cell})
        wanted = how.model_copy(
            update={"cluster_name": site.cell, "namespace": site.namespace, "template": template}
        )
    else:
        labels = {CELL_LABEL: site.cell, POOL_LABEL: planned.name}
        template = hosts_for(site.clusters.workers[planned.system.id], labels)
        # The cell's own objects pick the pool's nodes by these labels, and nobody else would write them.
        boot = bootstrap(site, template, planned.name, how.selector or {}, gpu=True)
        yield boot
        wanted = _wanted(site, template, key_of(boot).name)
    made: set[ObjectKey] = set()
    for group in rack_groups(planned, wanted.racks_per_group):
        machine = in_cell(machine_template(planned, wanted, group), site.cell)
        key = key_of(machine)
        if key not in made:
            made.add(key)
            yield machine
        yield machine_deployment(planned, wanted, group, {"kind": key.kind, "name": key.name})
    yield in_cell(machine_health_check(planned, wanted), site.cell)


def _wanted(site: CellSite, template: MachineTemplate, boot: str) -> ClusterApi:
    # Not validated: names of cells and of content are longer than names in a stack file may be.
    return ClusterApi.model_construct(
        cluster_name=site.cell,
        namespace=site.namespace,
        kubernetes_version=site.clusters.kubernetes_version,
        bootstrap_template=boot,
        template=template,
        racks_per_group=site.clusters.racks_per_group,
    )


def _anywhere(template: MachineTemplate) -> MachineTemplate:
    """The template without the stack's choice of hosts."""
    return (
        template.model_copy(update={"host_selector": {}}) if isinstance(template, HostTemplate) else template
    )


def system_machines(site: CellSite, count: int) -> Iterator[KubernetesObject]:
    """CPU nodes for operators and controllers, with a health check; the control plane's image, on other hosts.

    Args:
        site: The cell.
        count: How many.
    """
    template = hosts_for(
        _anywhere(site.clusters.control_plane), {CELL_LABEL: site.cell, ROLE_LABEL: "system"}
    )
    boot = bootstrap(site, template, "system", {}, gpu=False)
    machine = role_template(site, template, "system")
    wanted = _wanted(site, template, key_of(boot).name)
    name = dns_label(site.cell, "system")
    yield from (boot, machine)
    yield render_one(
        "node-pools/machine-deployment.yaml.j2",
        {
            "name": name,
            "namespace": site.namespace,
            "cluster": site.cell,
            "replicas": count,
            "labels": {},
            "version": wanted.kubernetes_version,
            "bootstrap": wanted.bootstrap_template,
            "infrastructure": {"kind": key_of(machine).kind, "name": key_of(machine).name},
            "drain_timeout_s": wanted.drain_timeout_s,
        },
    )
    selector = {"cluster.x-k8s.io/deployment-name": name}
    yield health_check(site, name, selector, SYSTEM_UNHEALTHY)
