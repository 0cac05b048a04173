"""How a plan is laid over a kind cluster: one worker a node that is realised, and kind's own configuration. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import JsonValue

from aifactory.manifests.kind_target import realised
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.nodes import RACK_LABEL, NodePlan, nodes_of
from aifactory.spec.provisioning import Adopt

NODES_PER_POOL = 1
"""Workers of each pool unless more are asked for: each is a container with a kubelet of its own."""
LEAST_WORKERS = 2
_LONGEST = 45
"""Characters of a cluster's name: those of its nodes, which are host names, have at most 63."""
_GIVEN = (
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "node.kubernetes.io/instance-type",
    RACK_LABEL,
)
"""Labels that whoever installs a node writes; all others are found or written by what runs in the cluster."""


@dataclass(frozen=True)
class Worker:
    """A worker of the cluster and the planned node that it stands for; None where it is a spare without GPUs."""

    container: str
    pool: PoolPlan | None
    node: NodePlan | None


def cluster_name(directory: Path, usual: Path) -> str:
    """Name of the kind cluster of a lab; labs of one name in two state folders are two clusters.

    Args:
        directory: Folder of the lab, named like it.
        usual: The folder that labs of a user are in unless told otherwise.
    """
    name = f"aifactory-{directory.name}"
    mark = hashlib.sha256(str(directory).encode()).hexdigest()[:6]
    if len(name) > _LONGEST:
        return f"{name[: _LONGEST - 7].rstrip('-')}-{mark}"
    return name if directory.parent == usual else f"{name[: _LONGEST - 7].rstrip('-')}-{mark}"


def workers(cluster: str, plan: FactoryPlan, sample: int | None) -> tuple[Worker, ...]:
    """The workers in kind's own order of names; at least two.

    Args:
        cluster: Name of the kind cluster.
        plan: The plan of one cell.
        sample: Most nodes of each pool; None means one.
    """
    planned = [(pool, node) for pool in plan.pools for node in nodes_of(plan, pool, sample or NODES_PER_POOL)]
    missing = max(LEAST_WORKERS - len(planned), 0)
    taken: list[tuple[PoolPlan | None, NodePlan | None]] = [*planned, *([(None, None)] * missing)]
    return tuple(
        Worker(f"{cluster}-worker{index if index > 1 else ''}", pool, node)
        for index, (pool, node) in enumerate(taken, start=1)
    )


def given_labels(worker: Worker) -> dict[str, str]:
    """The labels that a worker is born with: place, rack, and what its pool is picked out by."""
    if worker.pool is None or worker.node is None:
        return {}
    how = worker.pool.pool.provisioning
    picked = how.selector if isinstance(how, Adopt) and how.selector else {}
    return {
        **{key: worker.node.labels[key] for key in _GIVEN if key in worker.node.labels},
        **picked,
    }


def kind_config(plan: FactoryPlan, made: tuple[Worker, ...], containerd_patches: Sequence[str] = ()) -> str:
    """The configuration file of ``kind create cluster``.

    The pods' and services' networks are the stack's own: they never leave the nodes. The control-plane node
    also stands for the system nodes, so it has no taint.

    Args:
        plan: The plan of one cell.
        made: The workers.
        containerd_patches: TOML that kind lays over containerd's configuration on every node.
    """
    network = realised(plan).stack.network
    patches = [
        {
            # The version of kubeadm's API that kind writes for Kubernetes 1.34.
            "apiVersion": "kubeadm.k8s.io/v1beta3",
            "kind": "ClusterConfiguration",
            "controllerManager": {"extraArgs": {"node-cidr-mask-size": str(network.pod_prefix_per_node)}},
        },
        {"kind": "InitConfiguration", "nodeRegistration": {"taints": []}},
    ]
    nodes: list[dict[str, JsonValue]] = [{"role": "control-plane"}]
    for worker in made:
        labels: dict[str, JsonValue] = {**given_labels(worker)}
        nodes.append({"role": "worker", **({"labels": labels} if labels else {})})
    return yaml.safe_dump(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "networking": {
                "ipFamily": "ipv4",
                "disableDefaultCNI": True,
                "podSubnet": network.pod_cidr,
                "serviceSubnet": network.service_cidr,
                "kubeProxyMode": "iptables",
            },
            "kubeadmConfigPatches": [yaml.safe_dump(patch, sort_keys=False) for patch in patches],
            "nodes": nodes,
            **({"containerdConfigPatches": list(containerd_patches)} if containerd_patches else {}),
        },
        sort_keys=False,
    )
