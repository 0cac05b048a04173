"""Parts of the device plugin's pods: where they run, what they may do and what they are told."""

from collections.abc import Iterable

from pydantic import JsonValue

from aifactory.manifests.sharing import DEFAULT
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import PLUGIN_CONFIG_LABEL, POOL_LABEL

MPS_ROOT = "/run/nvidia/mps"
"""Where the MPS control daemon and the plugin meet on the host."""
UNPRIVILEGED: dict[str, JsonValue] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
"""Enough for the plugin: it is root, and so owns the kubelet's folder, without any capability."""
PLUGIN_RESOURCES: dict[str, JsonValue] = {
    "requests": {"cpu": "50m", "memory": "64Mi"},
    "limits": {"cpu": "500m", "memory": "256Mi"},
}
"""Our figures, as those of the config-manager: generous for Go programs on kernels with 64 KiB pages."""
MANAGER_RESOURCES: dict[str, JsonValue] = {
    "requests": {"cpu": "10m", "memory": "32Mi"},
    "limits": {"cpu": "100m", "memory": "128Mi"},
}
MPS_RESOURCES: dict[str, JsonValue] = {"requests": {"cpu": "100m", "memory": "256Mi"}}
"""Without limits: the MPS servers run in this container, and the end of one ends every client of the GPU."""


def affinity(pools: Iterable[PoolPlan]) -> dict[str, JsonValue]:
    """A required node affinity for the nodes of the pools, and no others."""
    names: list[JsonValue] = [*sorted(planned.name for planned in pools)]
    term: JsonValue = {"matchExpressions": [{"key": POOL_LABEL, "operator": "In", "values": names}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}


def injected(*, monitor: bool) -> dict[str, JsonValue]:
    """Environment that asks the NVIDIA runtime for every GPU of the node.

    Args:
        monitor: Whether the MIG configuration of the GPUs is to be readable too.
    """
    wanted: dict[str, JsonValue] = {
        "NVIDIA_VISIBLE_DEVICES": "all",
        "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
    }
    return {**wanted, "NVIDIA_MIG_MONITOR_DEVICES": "all"} if monitor else wanted


def config_manager(process: str, *, oneshot: bool, default: str = DEFAULT) -> list[JsonValue]:
    """Environment of a config-manager, which links the configuration that the node's label names.

    It takes the default for a moment before it has read the label, and then restarts the plugin twice within
    milliseconds. A kubelet without https://github.com/kubernetes/kubernetes/pull/135437 can take the end of the
    first for that of the last, and then offers no GPU of the node. So the default is the right one where one
    configuration is for all nodes.

    Args:
        process: First word of the command line of the process that gets SIGHUP after a change.
        oneshot: Whether it ends after the first choice, without a signal, or follows the label.
        default: Key of the configuration of a node without the label.
    """
    plain = {
        "NODE_LABEL": PLUGIN_CONFIG_LABEL,
        "CONFIG_FILE_SRCDIR": "/available-configs",
        "CONFIG_FILE_DST": "/config/config.yaml",
        "DEFAULT_CONFIG": default,
        "ONESHOT": "true" if oneshot else "false",
        "SEND_SIGNAL": "false" if oneshot else "true",
        "SIGNAL": "1",
        "PROCESS_TO_SIGNAL": process,
    }
    entries: list[JsonValue] = [{"name": key, "value": value} for key, value in plain.items()]
    return [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}, *entries]
