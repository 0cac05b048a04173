"""Disruptions of nodes: driver rolls, machine rollouts, machines that go, NIC drivers and firmware.

- The driver's DaemonSet is replaced node by node, ``maxParallelUpgrades`` at a time (0: no limit) and never more
  than ``maxUnavailable`` of the nodes of one NVIDIADriver, rounded up
  (https://github.com/NVIDIA/k8s-operator-libs, pkg/upgrade/upgrade_inplace.go).
- A MachineDeployment rolls for its version, bootstrap and infrastructure; labels and deletion timeouts are changed
  in place (https://cluster-api.sigs.k8s.io/reference/api/metadata-propagation and the book's in-place rules).
"""

import math
from collections.abc import Iterator

from pydantic import JsonValue

from aifactory.manifests.disruption.model import (
    Disruption,
    InUse,
    Objects,
    Severity,
    at,
    changed_fields,
    counted,
    mapping_at,
    of_kind,
    scaled,
)
from aifactory.manifests.disruption.state import pools_of
from aifactory.manifests.model import key_of, text_at
from aifactory.spec.disruption import DisruptionKind

_NOT_ROLLED = {"upgradePolicy", "nodeSelector", "default"}
"""Fields of an NVIDIADriver that say how and where, not what is installed."""
_NIC_KINDS: tuple[tuple[str, str, tuple[str, ...], DisruptionKind, str], ...] = (
    (
        "mellanox.com",
        "NicClusterPolicy",
        ("spec", "ofedDriver"),
        DisruptionKind.NODE_DRAIN,
        "NIC driver of the nodes is loaded anew: RDMA connections break, and nodes are drained as its policy says",
    ),
    (
        "configuration.net.nvidia.com",
        "NicConfigurationTemplate",
        ("spec",),
        DisruptionKind.NODE_REBOOT,
        "NIC firmware settings of the nodes change: nodes reboot to take them over",
    ),
    (
        "sriovnetwork.openshift.io",
        "SriovNetworkNodePolicy",
        ("spec",),
        DisruptionKind.NODE_DRAIN,
        "virtual functions of the nodes are made anew: nodes are drained, and reboot where firmware changes",
    ),
)
"""Group, kind, place, disruption and effect; these operators are external, their effects are our assumption."""


def driver_rolls(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """Another driver for the nodes of a pool."""
    wanted, pools = of_kind(after, "nvidia.com", "NVIDIADriver"), pools_of(before)
    for key, item in sorted(of_kind(before, "nvidia.com", "NVIDIADriver").items()):
        if key not in wanted:
            continue
        old, new = mapping_at(item, "spec"), mapping_at(wanted[key], "spec")
        fields = [name for name in changed_fields(old, new) if name not in _NOT_ROLLED]
        name = key_of(item).name
        if fields:
            nodes = pools[name].nodes if name in pools else 0
            yield _roll(name, key, nodes, fields, (old, new), in_use.pods_here(name))


def policy_driver_rolls(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """Another driver for every node, where the ClusterPolicy has it, or it changes who has it."""
    wanted = of_kind(after, "nvidia.com", "ClusterPolicy")
    nodes = sum(pool.nodes for pool in pools_of(before).values())
    for key, item in sorted(of_kind(before, "nvidia.com", "ClusterPolicy").items()):
        if key not in wanted:
            continue
        old, new = (
            {**mapping_at(o, "spec", "driver"), "gds": at(o, "spec", "gds")} for o in (item, wanted[key])
        )
        fields = [name for name in changed_fields(old, new) if name not in _NOT_ROLLED]
        if fields:
            running = sum(in_use.pods_by_pool.values())
            now = f"; {counted(running, 'pod')} with GPUs there now" if in_use.asked else ""
            yield _roll(key_of(item).name, key, nodes, fields, (old, new), now)


def _roll(
    subject: str,
    key: str,
    nodes: int,
    fields: list[str],
    specs: tuple[dict[str, JsonValue], dict[str, JsonValue]],
    now: str,
) -> Disruption:
    old, new = specs
    policy = mapping_at(new, "upgradePolicy")
    at_once = scaled(policy.get("maxParallelUpgrades"), nodes, up=True, default=1) or nodes
    parallel = min(at_once, scaled(policy.get("maxUnavailable"), nodes, up=True, default=nodes), nodes)
    waves = math.ceil(nodes / parallel) if parallel else None
    versions = (text_at(old, "version"), text_at(new, "version"))
    shown = [name if name != "version" else f"version {versions[0]} to {versions[1]}" for name in fields]
    if policy.get("autoUpgrade") is False:
        how, parallel, waves = "a node takes it when its driver pod is deleted: autoUpgrade is off", 0, None
    elif waves is None:
        how = "no node may be unavailable, so that the roll never begins"
    else:
        how = f"{counted(nodes, 'node')}, {parallel} at a time, {counted(waves, 'wave')}"
    return Disruption(
        kind=DisruptionKind.DRIVER_ROLL,
        subject=subject,
        severity=Severity.INTERRUPTION,
        message=(
            f"the driver is replaced ({', '.join(shown)}): {how}; pods with GPUs on a node end when its turn comes{now}"
        ),
        nodes=nodes,
        parallel=parallel or None,
        waves=waves,
        objects=(key,),
    )


def nics_change(before: Objects, after: Objects, _in_use: InUse) -> Iterator[Disruption]:
    """Nodes reboot or are drained for their NICs."""
    nodes = sum(pool.nodes for pool in pools_of(before).values())
    for group, kind, place, disruption, effect in _NIC_KINDS:
        wanted = of_kind(after, group, kind)
        for key, item in sorted(of_kind(before, group, kind).items()):
            if key in wanted and changed_fields(at(item, *place), at(wanted[key], *place)):
                yield Disruption(
                    kind=disruption,
                    subject=key_of(item).name,
                    severity=Severity.INTERRUPTION,
                    message=f"{effect}; at most {counted(nodes, 'node')} of this stack",
                    nodes=nodes,
                    objects=(key,),
                )
