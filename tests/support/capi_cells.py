"""A cell's Cluster API objects with machines in memory, and what becomes of them on a management cluster."""

import time
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

from aifactory.deliver.cluster import Cluster
from aifactory.manifests.model import KubernetesObject
from tests.support.processes import wait

MACHINES = ("cluster.x-k8s.io/v1beta2", "Machine")
DEPLOYMENTS = ("cluster.x-k8s.io/v1beta2", "MachineDeployment")
INFRASTRUCTURE = "infrastructure.cluster.x-k8s.io/v1beta2"
DEPLOYMENT_LABEL = "cluster.x-k8s.io/deployment-name"
CLUSTER_LABEL = "cluster.x-k8s.io/cluster-name"
CONTROL_PLANE_LABEL = "cluster.x-k8s.io/control-plane"
SICK_AFTER_S = 12
"""How long a node may be sick here; the objects say a quarter of an hour."""
_KINDS = {"Metal3Cluster": "DevCluster", "Metal3MachineTemplate": "DevMachineTemplate"}
_STARTS = {"provisioning": {"startupDuration": "1s", "startupJitter": "0.2"}}
_IN_MEMORY = {"inMemory": dict.fromkeys(("vm", "node", "apiServer", "etcd"), _STARTS)}


def in_memory(objects: Iterable[KubernetesObject], nodes: dict[str, int]) -> list[Any]:
    """The objects with machines in memory instead of Metal3's, fewer of them, and impatient health checks.

    Nothing else differs: the infrastructure and what refers to it, replicas, and how long a node may be sick.

    Args:
        objects: What :func:`aifactory.manifests.cell_cluster.cell_cluster` gives.
        nodes: Replicas of MachineDeployments, by name; those of others are 1.
    """
    return [_in_memory(manifest, nodes) for manifest in objects]


def _in_memory(manifest: Any, nodes: dict[str, int]) -> Any:
    kind = manifest["kind"]
    if kind in _KINDS:
        spec: Any = {"backend": {"inMemory": {}}}
        if kind == "Metal3MachineTemplate":
            spec = {"template": {"spec": {"backend": _IN_MEMORY}}}
        # The development provider writes an annotation, and counts on another one being there.
        metadata = {**manifest["metadata"], "annotations": {"aifactory.dev/in-memory": "true"}}
        return {"apiVersion": INFRASTRUCTURE, "kind": _KINDS[kind], "metadata": metadata, "spec": spec}
    manifest = _with_references(manifest)
    if kind == "MachineDeployment":
        manifest["spec"]["replicas"] = nodes.get(manifest["metadata"]["name"], 1)
    if kind == "MachineHealthCheck":
        for check in manifest["spec"]["checks"]["unhealthyNodeConditions"]:
            check["timeoutSeconds"] = SICK_AFTER_S
    return manifest


def _with_references(value: Any) -> Any:
    if isinstance(value, dict):
        out = {key: _with_references(item) for key, item in value.items()}
        if out.get("apiGroup") == "infrastructure.cluster.x-k8s.io":
            out["kind"] = _KINDS[out["kind"]]
        return out
    return [_with_references(item) for item in value] if isinstance(value, list) else value


def condition(manifest: Any, name: str) -> str:
    """Status of a condition of an object; empty without it."""
    found = manifest.get("status", {}).get("conditions") or []
    return next((str(item["status"]) for item in found if item["type"] == name), "")


def leaving(manifest: Any) -> bool:
    """Whether the object is being deleted."""
    return "deletionTimestamp" in manifest["metadata"]


def set_ready(workload: Cluster, node: str, status: str) -> None:
    """Write what a kubelet would say of its node, as of now."""
    live: Any = workload.request("GET", f"/api/v1/nodes/{node}")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ready = {"status": status, "lastTransitionTime": now}
    conditions = [
        {**item, **ready} if item["type"] == "Ready" else item for item in live["status"]["conditions"]
    ]
    workload.request(
        "PATCH",
        f"/api/v1/nodes/{node}",
        body={"status": {"conditions": conditions}},
        content_type="application/merge-patch+json",
    )


@dataclass
class CellCluster:
    """The cluster of a cell as its management cluster has it."""

    cluster: Cluster
    name: str
    namespace: str
    control_plane_nodes: int = 3

    def apply(self, objects: Iterable[Any]) -> None:
        """Apply the objects, in order."""
        for manifest in objects:
            self.cluster.apply(manifest, manager="fleet", force=True)

    def owner(self) -> Any:
        """The Cluster; None where there is none."""
        meta: Any = {"name": self.name, "namespace": self.namespace}
        return self.cluster.get({"apiVersion": MACHINES[0], "kind": "Cluster", "metadata": meta})

    def machines(self, deployment: str | None = None) -> list[Any]:
        """Machines of a MachineDeployment; of the control plane without a name."""
        label = CONTROL_PLANE_LABEL if deployment is None else f"{DEPLOYMENT_LABEL}={deployment}"
        return self.cluster.list(*MACHINES, selector=f"{label},{CLUSTER_LABEL}={self.name}")

    def settled(self, deployments: dict[str, int], version: str) -> bool:
        """Whether control plane and MachineDeployments have just their machines, available, of the version."""
        groups = [(self.machines(name), count) for name, count in deployments.items()]
        groups.append((self.machines(), self.control_plane_nodes))
        return condition(self.owner(), "Available") == "True" and all(
            len(found) == count
            and all(
                condition(item, "Available") == "True" and item["spec"]["version"] == version
                for item in found
            )
            for found, count in groups
        )

    def await_settled(self, deployments: dict[str, int], version: str, timeout_s: float) -> None:
        """Return once it is settled; fail with what the machines are like after the time."""
        wait(lambda: self.settled(deployments, version), timeout_s, self.describe)

    def describe(self) -> list[str]:
        """One line a machine, for failures; and what the Cluster says of itself."""
        found: list[Any] = self.cluster.list(*MACHINES, selector=f"{CLUSTER_LABEL}={self.name}")
        lines = [
            f"{item['metadata']['name']} {item['spec'].get('version')} {item.get('status', {}).get('phase')}"
            f" available={condition(item, 'Available')} leaving={leaving(item)}"
            for item in found
        ]
        owner = self.owner() or {}
        said = owner.get("status", {}).get("conditions", [])
        return [*lines, *(f"{c['type']}={c['status']}: {c.get('message', '')}" for c in said)]

    def workload(self, folder: Path) -> Cluster:
        """A client of the cell's own API server, by the kubeconfig that Cluster API wrote."""
        meta: Any = {"name": f"{self.name}-kubeconfig", "namespace": self.namespace}
        secret: Any = self.cluster.get({"apiVersion": "v1", "kind": "Secret", "metadata": meta})
        file = folder / "kubeconfig"
        file.write_bytes(b64decode(secret["data"]["value"]))
        return Cluster(file)


@dataclass
class Watcher:
    """Looks at all machines over and over, and keeps the extremes of each group."""

    cell: CellCluster
    samples: int = 0
    most: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Most machines at once that were not leaving."""
    fewest: dict[str, int] = field(default_factory=dict)
    """Fewest available ones at once; of the control plane, whose name is empty, fewest with a node of the cell.

    While a control-plane machine leaves, the controllers connect to the cell anew and know of no machine for a
    moment whether it is available.
    """
    _stop: Event = field(default_factory=Event)

    def _look(self) -> None:
        groups: dict[str, list[Any]] = defaultdict(list)
        for item in self.cell.cluster.list(*MACHINES, selector=f"{CLUSTER_LABEL}={self.cell.name}"):
            machine: Any = item
            groups[machine["metadata"]["labels"].get(DEPLOYMENT_LABEL, "")].append(machine)
        for name in {*groups, *self.most}:
            found = groups.get(name, [])
            staying = [item for item in found if not leaving(item)]
            available = sum(_serves(item) if name else _joined(item) for item in staying)
            self.most[name] = max(self.most[name], len(staying))
            self.fewest[name] = min(self.fewest.get(name, available), available)
        self.samples += 1

    def _run(self) -> None:
        while not self._stop.is_set():
            self._look()
            time.sleep(0.05)

    def __enter__(self) -> "Watcher":
        """Begin to look."""
        self._look()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()


def _serves(machine: Any) -> bool:
    return condition(machine, "Available") == "True"


def _joined(machine: Any) -> bool:
    return bool(machine.get("status", {}).get("nodeRef"))
