"""Node Feature Discovery in a kind lab: the real programs, reading the PCI devices of the mock driver root. Pure.

Rules of node pools match PCI devices, which a kind node does not have. The mock driver lays out the devices that a
real node would show in sysfs, and the worker's pod has them where the kernel's would be; all that follows is real.
"""

import yaml
from pydantic import JsonValue

from aifactory.lab.kind.layout import Worker
from aifactory.manifests.kind_target import DRIVER_ROOT, lab_image
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.namespaces import namespace
from aifactory.manifests.render import render, render_one

LAB_OPERAND = "aifactory.dev/lab-operand"
"""Label of what the lab runs in the place of a chart: ``chart`` ends with the stack, ``discovery`` with the lab."""
STANDS_FOR = "aifactory.dev/stands-for"
NAMESPACE = "node-feature-discovery"
PCI_DEVICES = f"{DRIVER_ROOT}/sys/bus/pci/devices"
UNPRIVILEGED: dict[str, JsonValue] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
_STOOD_FOR = "the node-feature-discovery chart that comes with the GPU Operator"
_MASTER: dict[str, JsonValue] = {"enableTaints": True, "extraLabelNs": ["nvidia.com"]}
_WORKER: dict[str, JsonValue] = {
    "core": {"sleepInterval": "10s"},
    "sources": {
        "pci": {
            "deviceClassWhitelist": ["02", "0200", "0207", "0300", "0302"],
            "deviceLabelFields": ["vendor"],
        }
    },
}
"""The classes and fields that the GPU Operator's chart asks for; the lab does not wait a minute for labels."""
_MASTER_RULES: list[JsonValue] = [
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": [""], "resources": ["nodes", "nodes/status"], "verbs": ["get", "list", "patch", "update"]},
    {
        "apiGroups": ["nfd.k8s-sigs.io"],
        "resources": ["nodefeatures", "nodefeaturerules", "nodefeaturegroups"],
        "verbs": ["get", "list", "watch"],
    },
    {
        "apiGroups": ["nfd.k8s-sigs.io"],
        "resources": ["nodefeaturegroups/status"],
        "verbs": ["patch", "update"],
    },
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "get", "update"]},
]
_COLLECTOR_RULES: list[JsonValue] = [
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "watch"]},
    {"apiGroups": ["nfd.k8s-sigs.io"], "resources": ["nodefeatures"], "verbs": ["delete", "list"]},
    {
        "apiGroups": ["topology.node.k8s.io"],
        "resources": ["noderesourcetopologies"],
        "verbs": ["delete", "list"],
    },
]
_WORKER_RULES: list[JsonValue] = [
    {
        "apiGroups": ["nfd.k8s-sigs.io"],
        "resources": ["nodefeatures"],
        "verbs": ["create", "get", "update", "delete"],
    },
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
]


def marked(labels: dict[str, str], kind: str, stands_for: str) -> dict[str, JsonValue]:
    """Labels and annotations of an object that stands for something, as the templates take them.

    Args:
        labels: Labels of the object's pods.
        kind: ``chart`` or ``discovery``.
        stands_for: What it stands for.
    """
    annotations: dict[str, JsonValue] = {STANDS_FOR: stands_for}
    return {
        "labels": {**labels, LAB_OPERAND: kind},
        "annotations": annotations,
        "pod_annotations": annotations,
    }


def node_feature_discovery(home: str = NAMESPACE) -> tuple[KubernetesObject, ...]:
    """NFD's master, collector and workers with their rights, and the rule of ``nvidia.com/gpu.present``.

    Nodes then have NFD's real labels, and NodeFeatureRules of a stack are processed, their taints too. The CRDs have
    to be served already.

    Args:
        home: Namespace, which is among the objects.
    """
    common: dict[str, JsonValue] = {
        "namespace": home,
        "image": lab_image("node-feature-discovery"),
        "security": UNPRIVILEGED,
        **marked({"app.kubernetes.io/name": "node-feature-discovery"}, "discovery", _STOOD_FOR),
    }

    def access(name: str, rules: list[JsonValue]) -> tuple[KubernetesObject, ...]:
        values = {**common, "name": name, "role": f"aifactory-lab-{name}", "rules": rules}
        return render("lab-operands/access.yaml.j2", values)

    rule: dict[str, JsonValue] = {
        "name": "aifactory-lab-gpu-present",
        **marked({}, "discovery", "the GPU Operator, which labels nodes that have a GPU"),
    }
    return (
        namespace(home, "privileged", {LAB_OPERAND: "discovery"}),
        *access("nfd-master", _MASTER_RULES),
        *access("nfd-worker", _WORKER_RULES),
        *access("nfd-gc", _COLLECTOR_RULES),
        *render("lab-operands/nfd-master.yaml.j2", {**common, "config": yaml.safe_dump(_MASTER)}),
        *render(
            "lab-operands/nfd-worker.yaml.j2",
            {**common, "config": yaml.safe_dump(_WORKER), "pci_devices": PCI_DEVICES},
        ),
        *render("lab-operands/nfd-gc.yaml.j2", common),
        render_one("lab-operands/gpu-present.yaml.j2", rule),
    )


def discovery_objects(made: tuple[Worker, ...]) -> tuple[KubernetesObject, ...]:
    """What finds the hardware of a lab's workers; nothing where no worker has GPUs."""
    return node_feature_discovery() if any(worker.pool is not None for worker in made) else ()
