"""Machines of a pool through Cluster API v1beta2: one MachineDeployment a rack group, never a cut rack.

Obeys Cluster API v1.14, cluster-api-provider-metal3 (v1beta2) and cluster-api-provider-nico (v1alpha1).
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from aifactory.manifests.model import KubernetesObject, ManifestModel, key_of
from aifactory.manifests.names import dns_label
from aifactory.manifests.render import render_one
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import POOL_LABEL, RACK_LABEL, pool_labels
from aifactory.spec.provisioning import ClusterApi, HostTemplate

_PROPAGATED = ("node-role.kubernetes.io", "node-restriction.kubernetes.io", "node.cluster.x-k8s.io")


class RackGroup(ManifestModel):
    """Racks whose machines one MachineDeployment makes."""

    name: str
    """Name of the MachineDeployment, unique in the pool's namespace as pool names are in the stack."""
    racks: tuple[str, ...]
    """Values of the rack label, as :func:`aifactory.plan.nodes.nodes_of` writes them."""
    nodes: int


def content_hash(content: JsonValue) -> str:
    """Ten hexadecimal digits that change exactly when the content does; the order of keys does not count."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:10]


def named_by_content(template: str, values: dict[str, JsonValue], *prefix: str) -> KubernetesObject:
    """The object of a template under a name that ends with the hash of its ``spec``.

    For objects that cannot be changed once they exist: another content is another object.

    Args:
        template: Path below ``templates/``; the object has a ``spec``.
        values: Variables of the template, all but ``name``.
        prefix: Beginning of the name.
    """
    manifest = render_one(template, {**values, "name": "unnamed"})
    # The prefix becomes a label of its own first, so that the hash stays whole at the end.
    name = f"{dns_label(*prefix, limit=52)}-{content_hash(manifest['spec'])}"
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**(metadata if isinstance(metadata, dict) else {}), "name": name}}


def propagated(key: str) -> bool:
    """Whether Cluster API copies a Machine's label of this key to its Node without further flags.

    Source: the metadata propagation reference of Cluster API v1.14; subdomains count.
    """
    domain = key.rpartition("/")[0]
    return any(domain == known or domain.endswith(f".{known}") for known in _PROPAGATED)


def rack_groups(planned: PoolPlan, racks_per_group: int) -> Iterator[RackGroup]:
    """The pool's racks in groups; the last group may be smaller.

    - Every rack is in one group, whole; the last rack may be part-filled, as the pool's size says.
    - Where an NVLink domain spans racks, a group takes whole domains.
    - Racks are numbered as in the site: those of a later cell do not begin at 0.

    Args:
        planned: The pool.
        racks_per_group: Racks of a group; rounded up to whole NVLink domains.
    """
    per_rack = planned.system.nodes_per_rack
    domain_racks = max(1, math.ceil(planned.system.nvlink_domain_nodes / per_rack))
    step = math.ceil(racks_per_group / domain_racks) * domain_racks
    start, nodes = planned.first_node // per_rack, planned.first_node + planned.nodes
    end = start + planned.racks
    for first in range(start, end, step):
        beyond = min(first + step, end)
        yield RackGroup(
            name=dns_label(planned.name, f"r{first:03d}", limit=52),
            racks=tuple(f"{planned.name}-r{rack:03d}" for rack in range(first, beyond)),
            nodes=min(beyond * per_rack, nodes) - first * per_rack,
        )


def host_selector(planned: PoolPlan, template: HostTemplate, group: RackGroup) -> dict[str, JsonValue]:
    """Which BareMetalHosts a group may use; empty means any host of the namespace.

    Pools made of racks, by their size or by their NVLink domains, also ask for their racks' label. It lives
    in a private domain: Metal3's label sync deletes node labels of a synced domain that a host lacks.
    """
    selector: dict[str, JsonValue] = {}
    if template.host_selector:
        selector["matchLabels"] = dict(template.host_selector)
    if planned.pool.nodes is None or planned.system.multi_node_nvlink:
        selector["matchExpressions"] = [{"key": RACK_LABEL, "operator": "In", "values": list(group.racks)}]
    return selector


def machine_template(planned: PoolPlan, wanted: ClusterApi, group: RackGroup) -> KubernetesObject:
    """The infrastructure template of a group; groups that need the same machines get the same template.

    A group that gains racks gets another template, and Cluster API replaces its machines one by one; with one
    rack a group, growing a pool leaves the machines there are alone.
    """
    values: dict[str, JsonValue] = {**wanted.template.model_dump(mode="json"), "namespace": wanted.namespace}
    if isinstance(wanted.template, HostTemplate):
        values["host_selector"] = host_selector(planned, wanted.template, group)
        return named_by_content("node-pools/metal3-machine-template.yaml.j2", values, planned.name)
    return named_by_content("node-pools/nico-machine-template.yaml.j2", values, planned.name)


def machine_deployment(
    planned: PoolPlan, wanted: ClusterApi, group: RackGroup, infrastructure: Mapping[str, str]
) -> KubernetesObject:
    """The MachineDeployment of a group.

    Args:
        planned: The pool.
        wanted: How the pool's machines are made.
        group: The racks.
        infrastructure: ``kind`` and ``name`` of the machine template.
    """
    return render_one(
        "node-pools/machine-deployment.yaml.j2",
        {
            "name": group.name,
            "namespace": wanted.namespace,
            "cluster": wanted.cluster_name,
            "replicas": group.nodes,
            "labels": {key: value for key, value in pool_labels(planned).items() if propagated(key)},
            "version": wanted.kubernetes_version,
            "bootstrap": wanted.bootstrap_template,
            "infrastructure": dict(infrastructure),
            "drain_timeout_s": wanted.drain_timeout_s,
        },
    )


def machine_health_check(planned: PoolPlan, wanted: ClusterApi) -> KubernetesObject:
    """The pool's MachineHealthCheck: a sick machine is made anew, unless too many are sick at once.

    Cluster API rounds ``max_unhealthy`` down: 20% of four machines is none, and nothing is remediated.
    """
    return render_one(
        "node-pools/machine-health-check.yaml.j2",
        {
            "name": dns_label(planned.name, limit=52),
            "namespace": wanted.namespace,
            "cluster": wanted.cluster_name,
            "selector": {POOL_LABEL: planned.name},
            "startup_timeout_s": wanted.startup_timeout_s,
            "unhealthy_after_s": wanted.unhealthy_after_s,
            "max_unhealthy": wanted.max_unhealthy,
        },
    )


def machines(planned: PoolPlan, wanted: ClusterApi) -> Iterator[KubernetesObject]:
    """Everything that makes and heals the pool's machines: templates, deployments, health check.

    Args:
        planned: The pool.
        wanted: How its machines are made; its Cluster and KubeadmConfigTemplate exist already.
    """
    made: set[str] = set()
    for group in rack_groups(planned, wanted.racks_per_group):
        template = machine_template(planned, wanted, group)
        key = key_of(template)
        if key.name not in made:
            made.add(key.name)
            yield template
        yield machine_deployment(planned, wanted, group, {"kind": key.kind, "name": key.name})
    yield machine_health_check(planned, wanted)
