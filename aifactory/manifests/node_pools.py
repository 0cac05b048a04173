"""Layer node-pools: what makes, labels and taints the nodes of one pool, and the record of what was declared.

Obeys Node Feature Discovery v0.19 (NodeFeatureRule v1alpha1). A rule matches what NFD finds on a node, which
does not include the node's labels: a pool picked by labels is patched by a bounded Job and a CronJob instead
(:mod:`aifactory.manifests.node_pool_patch`).
"""

import json
from typing import Self

from pydantic import JsonValue, model_validator

from aifactory.manifests.cluster_api import machines, propagated
from aifactory.manifests.foundation import SYSTEM_NAMESPACE
from aifactory.manifests.labels import Inventory
from aifactory.manifests.layers import layer
from aifactory.manifests.model import KubernetesObject, Layer, LayerName, ManifestModel
from aifactory.manifests.names import dns_label
from aifactory.manifests.node_pool_patch import TAINT, patch, selector
from aifactory.manifests.render import render_one
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import GPU_TAINT, POOL_LABEL, pool_labels
from aifactory.spec.provisioning import Adopt, ClusterApi

NVIDIA_VENDOR = "10de"
"""PCI vendor id of NVIDIA."""


class GpuNodePoolArgs(ManifestModel):
    """Arguments of the component GpuNodePool."""

    inventory: Inventory = Inventory()
    pool: PoolPlan
    """The pool, worked out."""
    nfd_present: bool
    """Whether Node Feature Discovery runs on the pool's cluster, with ``enableTaints`` set."""
    kubectl_image: str
    """Image with ``kubectl`` on its path, for pools whose nodes NFD cannot pick out."""

    @model_validator(mode="after")
    def _nodes_can_be_picked(self) -> Self:
        if self.patched and not selector(self.pool):
            raise ValueError(
                f"pool {self.pool.name}: nothing picks out its nodes; Node Feature Discovery cannot, and "
                f"the GPU product of {self.pool.system.id} is not known; "
                "set provisioning.selector or product_label"
            )
        if self.ruled and self.pool.system.gpu.pci_device is None:
            raise ValueError(
                f"pool {self.pool.name}: the PCI device of {self.pool.system.id} is not published, which a "
                "NodeFeatureRule matches; set provisioning.selector"
            )
        return self

    @property
    def ruled(self) -> bool:
        """Whether a NodeFeatureRule labels and taints the nodes."""
        how = self.pool.pool.provisioning
        if isinstance(how, ClusterApi):
            return self.nfd_present
        return isinstance(how, Adopt) and not self.patched

    @property
    def patched(self) -> bool:
        """Whether Jobs label and taint the nodes: NFD is absent, or cannot match or set what is asked."""
        how = self.pool.pool.provisioning
        if not isinstance(how, Adopt):
            return False
        return (
            not self.nfd_present
            or how.selector is not None
            or not all(map(settable_by_rule, pool_labels(self.pool)))
        )


def settable_by_rule(key: str) -> bool:
    """Whether NFD sets a label of this key: it needs a domain, and kubernetes.io belongs to Kubernetes.

    Of the reserved domain, ``feature.node.kubernetes.io`` and ``profile.node.kubernetes.io`` are NFD's own.
    """
    domain = key.rpartition("/")[0]
    own = ("feature.node.kubernetes.io", "profile.node.kubernetes.io")
    if any(f".{domain}".endswith(f".{known}") for known in own):
        return True
    return bool(domain) and not f".{domain}".endswith(".kubernetes.io")


def node_selector(planned: PoolPlan) -> dict[str, str]:
    """The node selector of pods that are meant for the pool."""
    return {POOL_LABEL: planned.name}


def tolerations() -> list[dict[str, str]]:
    """What pods on GPU nodes tolerate: the GPU taint, whatever its value."""
    return [{"key": GPU_TAINT["key"], "operator": "Exists", "effect": GPU_TAINT["effect"]}]


def _record(planned: PoolPlan) -> KubernetesObject:
    return render_one(
        "node-pools/record.yaml.j2",
        {
            "name": dns_label("pool", planned.name),
            "namespace": SYSTEM_NAMESPACE,
            "system": planned.system.id,
            "racks": str(planned.racks),
            "nodes": str(planned.nodes),
            "gpus": str(planned.gpus),
            "gpus_per_node": str(planned.system.gpus_per_node),
            "resource": planned.resource,
            "allocatable": json.dumps(planned.allocatable, sort_keys=True),
            "allocation": planned.pool.allocation.value,
            "node_selector": json.dumps(node_selector(planned), sort_keys=True),
            "taint": TAINT,
        },
    )


def _rule(planned: PoolPlan) -> KubernetesObject:
    made = isinstance(planned.pool.provisioning, ClusterApi)
    labels: dict[str, JsonValue] = {
        key: value
        for key, value in pool_labels(planned).items()
        if settable_by_rule(key) and not (made and propagated(key))  # Cluster API owns what it copies
    }
    return render_one(
        "node-pools/feature-rule.yaml.j2",
        {
            "name": dns_label("aifactory", "pool", planned.name),
            "vendor": NVIDIA_VENDOR,
            "device": planned.system.gpu.pci_device,
            "labels": labels,
            "taints": [dict(GPU_TAINT)],
        },
    )


def layers(args: GpuNodePoolArgs) -> tuple[Layer, ...]:
    """The pool's record, then what its provisioning needs; only with Cluster API do objects grow with racks.

    - ``adopt``: one NodeFeatureRule, or a Job and a CronJob with their rights;
      ``simulated``: the record alone.
    - ``cluster-api``: machines, and a NodeFeatureRule for the labels and the taint that it does not copy.

    A rule picks nodes by GPU model: two pools of one model in one cluster need selectors to be told apart.
    """
    planned = args.pool
    objects = [_record(planned)]
    if isinstance(planned.pool.provisioning, ClusterApi):
        objects += machines(planned, planned.pool.provisioning)
    if args.ruled:
        objects.append(_rule(planned))
    if args.patched:
        objects += patch(planned, args.kubectl_image, tolerations())
    return (layer(LayerName.NODE_POOLS, args.inventory, objects),)
