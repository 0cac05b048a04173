"""NVIDIA's operands in a kind lab: the real programs over the mock driver, in the place of their charts. Pure.

Namespaces, configurations, affinities and pod labels are those that the stack itself declares or that the charts
would write, so that policies and configurations of the stack apply to these pods as to the real ones. What differs
from the charts, and why:

- The device plugin's pod binds the mock's ``/proc/driver`` over the kernel's where GPUs are cut by MIG: the plugin
  reads the minor numbers of MIG devices there and nowhere else.
- Processes follow the config-manager's choice by a script instead of a signal; ``follow_config`` says why.
- A changed configuration rolls the pods by a hash; the GPU Operator leaves that to whoever changed it.
"""

from collections.abc import Iterable

from pydantic import JsonValue

from aifactory.lab.kind.discovery import LAB_OPERAND, discovery_objects, marked, node_feature_discovery
from aifactory.lab.kind.dra_operand import IN_POD, dra_driver, entries
from aifactory.lab.kind.follow_config import following
from aifactory.manifests.device_plugin import CONFIG_HASH, config_hash
from aifactory.manifests.device_plugin_pods import affinity, config_manager
from aifactory.manifests.gpu_operator import GpuOperatorArgs
from aifactory.manifests.gpu_operator_config import GPU_TOLERATION, PLUGIN_CONFIG
from aifactory.manifests.kind_target import DRIVER_ROOT, lab_image
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.parts import parts_of
from aifactory.manifests.render import render
from aifactory.manifests.sharing import config_files
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.spec.operators import Owner
from aifactory.spec.pools import DeviceStack

PLUGIN = "nvidia-device-plugin-daemonset"
"""Name and ``app`` label of the operator's device plugin, which the stack's network policies pick it by."""
DISCOVERY = "gpu-feature-discovery"
_LIBRARIES = ":".join(f"{IN_POD}/usr/lib{end}" for end in ("/x86_64-linux-gnu", "/aarch64-linux-gnu", "64"))
_MIG_MINORS = f"{IN_POD}/proc/driver/nvidia-caps/mig-minors"
_BIND_MIG = f"if [ -e {_MIG_MINORS} ]; then mount -o bind {IN_POD}/proc/driver /proc/driver || exit 1; fi"
_NODE_RULES: list[JsonValue] = [
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]}
]
_FEATURE_RULES: list[JsonValue] = [
    *_NODE_RULES,
    {
        "apiGroups": ["nfd.k8s-sigs.io"],
        "resources": ["nodefeatures"],
        "verbs": ["get", "list", "watch", "create", "update"],
    },
]


def operand_objects(plan: FactoryPlan) -> tuple[KubernetesObject, ...]:
    """What stands for the charts of the GPU Operator and the DRA driver; for one that is absent, nothing.

    Args:
        plan: A plan of target kind, of one cell.
    """
    parts = parts_of(plan)
    return (
        *gpu_feature_discovery(parts.gpu_operator),
        *device_plugin(parts.gpu_operator),
        *dra_driver(parts.dra),
    )


def gpu_feature_discovery(operator: GpuOperatorArgs) -> tuple[KubernetesObject, ...]:
    """GPU feature discovery on the nodes of every pool, those of other device plugins and of DRA included.

    It writes labels through a NodeFeature object, which NFD's master puts on the node.

    Args:
        operator: The stack's own arguments of the operator.
    """
    environment: dict[str, JsonValue] = {
        "GFD_USE_NODE_FEATURE_API": "true",
        "GFD_SLEEP_INTERVAL": "10s",
        "GFD_MACHINE_TYPE_FILE": f"{IN_POD}/etc/machine-type",
        "LD_LIBRARY_PATH": _LIBRARIES,
    }
    pci: dict[str, JsonValue] = {
        "name": "pci",
        "path": "/sys/bus/pci/devices",
        "host_path": f"{DRIVER_ROOT}/sys/bus/pci/devices",
        "type": "Directory",
        "read_only": True,
    }
    return _managed(
        operator,
        operator.pools,
        name=DISCOVERY,
        process="gpu-feature-discovery",
        command=following("gpu-feature-discovery"),
        environment=environment,
        mounts=[pci],
        rules=_FEATURE_RULES,
        security={"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    )


def device_plugin(operator: GpuOperatorArgs) -> tuple[KubernetesObject, ...]:
    """The operator's device plugin, on the pools that the operator serves.

    Args:
        operator: The stack's own arguments of the operator.
    """
    environment: dict[str, JsonValue] = {
        "NVIDIA_DRIVER_ROOT": DRIVER_ROOT,
        "CONTAINER_DRIVER_ROOT": IN_POD,
        "DEVICE_LIST_STRATEGY": "envvar",
        "DEVICE_ID_STRATEGY": "uuid",
        "PASS_DEVICE_SPECS": "true",
    }
    kubelet: dict[str, JsonValue] = {
        "name": "kubelet",
        "path": "/var/lib/kubelet/device-plugins",
        "host_path": "/var/lib/kubelet/device-plugins",
        "type": "Directory",
        "read_only": False,
    }
    return _managed(
        operator,
        [planned for planned in operator.pools if planned.pool.served_by is DeviceStack.OPERATOR],
        name=PLUGIN,
        process="nvidia-device-plugin",
        command=following("nvidia-device-plugin", _BIND_MIG),
        environment=environment,
        mounts=[kubelet],
        rules=_NODE_RULES,
        security={"privileged": True},  # as the operator has it; here to bind /proc/driver
    )


def _managed(
    operator: GpuOperatorArgs,
    pools: Iterable[PoolPlan],
    *,
    name: str,
    process: str,
    command: str,
    environment: dict[str, JsonValue],
    mounts: list[JsonValue],
    rules: list[JsonValue],
    security: dict[str, JsonValue],
) -> tuple[KubernetesObject, ...]:
    """A DaemonSet whose configuration a config-manager chooses, with its rights; nothing without operator or pools."""
    where = list(pools)
    if not where or operator.spec.owner is Owner.ABSENT:
        return ()
    common = marked({"app": name}, "chart", f"{name} of the chart gpu-operator")
    hashed: dict[str, JsonValue] = {CONFIG_HASH: config_hash(config_files(operator.pools))}
    annotations = common["pod_annotations"]
    assert isinstance(annotations, dict)  # noqa: S101 - made by `marked`
    shared: dict[str, JsonValue] = {
        "CONFIG_FILE": "/config/config.yaml",
        "DEVICE_DISCOVERY_STRATEGY": "nvml",
        "FAIL_ON_INIT_ERROR": "true",
    }
    values: dict[str, JsonValue] = {
        **common,
        "pod_annotations": {**annotations, **hashed},
        "name": name,
        "namespace": operator.spec.namespace,
        "account": name,
        "process": process,
        "command": command,
        "image": lab_image("k8s-device-plugin"),
        "affinity": affinity(where),
        "tolerations": [GPU_TOLERATION],
        "manager_environment": _only_choosing(process),
        "environment": entries({**shared, **environment}),
        "security": security,
        "mounts": mounts,
        "config_map": PLUGIN_CONFIG,
        "driver_root": DRIVER_ROOT,
        "role": f"aifactory-lab-{name}",
        "rules": rules,
    }
    return (
        *render("lab-operands/access.yaml.j2", values),
        *render("lab-operands/managed-daemon-set.yaml.j2", values),
    )


def _only_choosing(process: str) -> list[JsonValue]:
    """Environment of a config-manager that follows the node's label and signals nobody."""
    return [
        {**entry, "value": "false"} if isinstance(entry, dict) and entry["name"] == "SEND_SIGNAL" else entry
        for entry in config_manager(process, oneshot=False)
    ]


__all__ = [
    "LAB_OPERAND",
    "device_plugin",
    "discovery_objects",
    "dra_driver",
    "gpu_feature_discovery",
    "node_feature_discovery",
    "operand_objects",
]
