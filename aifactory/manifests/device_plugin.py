"""Layer device-plugin: NVIDIA's device plugin, run by this stack, on the pools the operator does not serve.

The shape follows k8s-device-plugin v0.20.0. Its config-manager reacts to a changed label of the node but not
to a changed file, so a hash of the configurations in the pods rolls them.
"""

import hashlib
import json
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from aifactory.manifests.device_plugin_pods import (
    MANAGER_RESOURCES,
    MPS_RESOURCES,
    MPS_ROOT,
    PLUGIN_RESOURCES,
    UNPRIVILEGED,
    affinity,
    config_manager,
    injected,
)
from aifactory.manifests.labels import Inventory
from aifactory.manifests.layers import layer
from aifactory.manifests.model import KubernetesObject, Layer, LayerName, ManifestModel
from aifactory.manifests.names import dns_label
from aifactory.manifests.namespaces import namespace
from aifactory.manifests.render import render, render_one
from aifactory.manifests.sharing import DEFAULT, config_files
from aifactory.plan.models import PoolPlan
from aifactory.spec.pools import Allocation, DeviceStack

PLUGIN = "nvidia-device-plugin"
"""Name of the DaemonSet, its account and its configurations."""
MPS = "nvidia-mps-control-daemon"
CONFIG_HASH = "aifactory.dev/config-hash"


class DevicePluginArgs(ManifestModel):
    """Arguments of the component DevicePlugin; the options are those of the hosts of all pools."""

    inventory: Inventory = Inventory()
    namespace: str = "nvidia-device-plugin"
    """A namespace of its own: its Pod Security Standard is privileged, for the host paths."""
    pools: tuple[PoolPlan, ...] = ()
    """Pools whose ``device_stack`` is ``standalone``."""
    image: str
    """Reference of the k8s-device-plugin image, which holds plugin, config-manager and MPS daemon."""
    driver_root: Annotated[str, Field(pattern=r"^/")] = "/"
    """Where the driver is on the host; ``/run/nvidia/driver`` for a driver in a container."""
    discovery: Literal["auto", "nvml"] = "auto"
    """How GPUs are found; ``nvml`` looks for the driver's library only."""
    device_list_strategy: Literal["envvar", "volume-mounts", "cdi-annotations", "cdi-cri"] = "envvar"
    """How containers get their GPUs; ``envvar`` needs the NVIDIA runtime."""
    pass_device_specs: bool = False
    """Whether device nodes are also handed to the kubelet; needed with the static CPU manager."""
    privileged: bool = False
    """Whether the plugin's own container is privileged; needed where the runtime injects GPUs into no other,
    and with the static CPU manager, which takes injected devices away again."""
    runtime_class: str | None = None
    """RuntimeClass of the pods, for example ``nvidia``; None means the node's default runtime."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"


def layers(args: DevicePluginArgs) -> tuple[Layer, ...]:
    """The plugin with its access and configurations, and the MPS daemon where a pool uses MPS.

    No pools give no layer. No pod lands outside the pools: a second plugin, or one beside DRA, would offer
    the same GPUs twice.

    Raises:
        ValueError: If a pool allocates through DRA, is served by another device stack, or is named
            ``default``; every refused pool is named.
    """
    refused = [reason for planned in args.pools for reason in _refusals(planned)]
    if refused:
        raise ValueError("; ".join(refused))
    if not args.pools:
        return ()
    files = config_files(args.pools)
    access: dict[str, JsonValue] = {
        "name": PLUGIN,
        "namespace": args.namespace,
        "role": dns_label("aifactory", args.namespace),
        "config_map": PLUGIN,
        "files": {**files},
    }
    objects = [namespace(args.namespace, "privileged"), *render("device-plugin/access.yaml.j2", access)]
    objects.append(_plugin(args, files))
    if any(_uses_mps(planned) for planned in args.pools):
        objects.append(_mps_daemon(args, files))
    return (layer(LayerName.DEVICE_PLUGIN, args.inventory, objects),)


def config_names(args: DevicePluginArgs) -> tuple[str, ...]:
    """Names of the configurations, sorted: one a pool, and ``default``; empty without pools."""
    return tuple(sorted(config_files(args.pools))) if args.pools else ()


def config_hash(files: dict[str, str]) -> str:
    """A digest of the configurations; it changes when, and only when, one of them does."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]


def _refusals(planned: PoolPlan) -> list[str]:
    if planned.pool.allocation is Allocation.DRA:
        return [f"pool '{planned.name}' allocates through DRA: never a device plugin on a node that uses DRA"]
    if planned.pool.served_by is not DeviceStack.STANDALONE:
        stack = planned.pool.served_by.value
        return [
            f"pool '{planned.name}' has device_stack '{stack}', and only 'standalone' pools are served here"
        ]
    return []


def _uses_mps(planned: PoolPlan) -> bool:
    return planned.pool.partitioning.mps is not None


def _plugin(args: DevicePluginArgs, files: dict[str, str]) -> KubernetesObject:
    mig = any(planned.pool.partitioning.mig for planned in args.pools)
    mps = any(_uses_mps(planned) for planned in args.pools)
    environment: dict[str, JsonValue] = {
        "CONFIG_FILE": "/config/config.yaml",
        "FAIL_ON_INIT_ERROR": "true",
        "NVIDIA_DRIVER_ROOT": args.driver_root,
        "CONTAINER_DRIVER_ROOT": "/driver-root",
        "DEVICE_DISCOVERY_STRATEGY": args.discovery,
        "DEVICE_LIST_STRATEGY": args.device_list_strategy,
        "DEVICE_ID_STRATEGY": "uuid",
        "PASS_DEVICE_SPECS": "true" if args.pass_device_specs else "false",
        **({"MPS_ROOT": MPS_ROOT} if mps else {}),
        **injected(monitor=mig),
    }
    security = UNPRIVILEGED
    if args.privileged:
        security = {"privileged": True}
    elif mig:
        # Reading the MIG configuration of a GPU from a container takes this capability.
        security = {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}
    values: dict[str, JsonValue] = {
        "name": PLUGIN,
        "affinity": affinity(args.pools),
        "environment": environment,
        "manager_environment": config_manager(PLUGIN, oneshot=False, default=_default(args)),
        "security": security,
        "resources": PLUGIN_RESOURCES,
        "driver_root": args.driver_root,
        "mps_root": MPS_ROOT if mps else None,
    }
    return render_one("device-plugin/daemon-set.yaml.j2", {**_pod(args, files, PLUGIN), **values})


def _mps_daemon(args: DevicePluginArgs, files: dict[str, str]) -> KubernetesObject:
    """The control daemon; no config-manager runs beside it, for it shares the host's process ids."""
    served = [planned for planned in args.pools if _uses_mps(planned)]
    values: dict[str, JsonValue] = {
        "name": MPS,
        "affinity": affinity(served),
        "environment": {"CONFIG_FILE": "/config/config.yaml", **injected(monitor=False)},
        "resources": MPS_RESOURCES,
        "mps_root": MPS_ROOT,
    }
    return render_one("device-plugin/mps-daemon-set.yaml.j2", {**_pod(args, files, MPS), **values})


def _default(args: DevicePluginArgs) -> str:
    """The configuration of a node whose label is not known yet: that of the only pool where there is one."""
    return args.pools[0].name if len(args.pools) == 1 else DEFAULT


def _pod(args: DevicePluginArgs, files: dict[str, str], name: str) -> dict[str, JsonValue]:
    """What the pods of both DaemonSets share."""
    return {
        "namespace": args.namespace,
        "labels": {"app.kubernetes.io/name": name},
        "annotations": {CONFIG_HASH: config_hash(files)},
        "account": PLUGIN,
        "image": args.image,
        "pull_policy": args.image_pull_policy,
        "runtime_class": args.runtime_class,
        "config_map": PLUGIN,
        "mps_shm": f"{MPS_ROOT}/shm",
        "init_environment": config_manager(PLUGIN, oneshot=True, default=_default(args)),
        "unprivileged": {**UNPRIVILEGED, "readOnlyRootFilesystem": True},
        "manager_resources": MANAGER_RESOURCES,
    }
