"""Disruptions of what offers GPUs on a node: the device plugin, its configurations, the container toolkit, MPS.

- While a device plugin restarts the kubelet allocates none of its devices; containers that have theirs keep them
  (https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/).
- The GPU Operator does not watch the configurations: its plugin's pods keep the old ones until they are restarted
  (https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-sharing.html).
"""

import math
from collections.abc import Iterator

from aifactory.manifests.device_plugin import MPS, PLUGIN
from aifactory.manifests.disruption.model import (
    Disruption,
    InUse,
    Objects,
    Severity,
    at,
    canonical,
    changed_fields,
    counted,
    mapping_at,
    of_kind,
    scaled,
)
from aifactory.manifests.disruption.state import in_both, layout_of, pools_of
from aifactory.manifests.gpu_operator_config import PLUGIN_CONFIG
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.plan.nodes import POOL_LABEL
from aifactory.spec.disruption import DisruptionKind
from aifactory.spec.pools import Allocation

_PAUSE = "no GPU is given to a new pod while it restarts; running pods keep theirs"
_OPERANDS = {
    "devicePlugin": f"the operator's device plugin: {_PAUSE}",
    "toolkit": "the container toolkit: the container runtime is set up anew; running pods go on, new ones wait",
}
_DEPLOY = "nvidia.com/gpu.deploy.device-plugin"


def daemons_restart(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """This stack's own plugin, or its MPS daemon, is restarted or goes."""
    wanted, pools = of_kind(after, "apps", "DaemonSet"), pools_of(before)
    for key, item in sorted(of_kind(before, "apps", "DaemonSet").items()):
        name = key_of(item).name
        if name not in (PLUGIN, MPS):
            continue
        template = at(item, "spec", "template")
        if key in wanted and canonical(at(wanted[key], "spec", "template")) == canonical(template):
            continue
        served = [pool for pool in _served(item) if pool in pools]
        nodes = sum(pools[pool].nodes for pool in served)
        how = at(item, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable")
        parallel = max(1, scaled(how, nodes, up=True, default=1)) if key in wanted else nodes
        running = sum(in_use.pods_by_pool.get(pool, 0) for pool in served)
        now = f"; {counted(running, 'pod')} with GPUs there now" if in_use.asked else ""
        ends = name == MPS
        effect = "pods that share a GPU through it lose their CUDA context and end" if ends else _PAUSE
        yield Disruption(
            kind=DisruptionKind.PLUGIN_RESTART,
            subject=name,
            severity=Severity.INTERRUPTION if ends else Severity.DELAY,
            message=(
                f"{'restarts' if key in wanted else 'goes'} on {counted(nodes, 'node')} of {', '.join(served)}:"
                f" {effect}{now}"
            ),
            nodes=nodes,
            parallel=parallel or None,
            waves=math.ceil(nodes / parallel) if parallel else None,
            objects=(key,),
        )


def _served(item: KubernetesObject) -> list[str]:
    """Pools whose nodes the pods of a DaemonSet run on, by its node affinity."""
    terms = at(
        mapping_at(item, "spec", "template", "spec", "affinity", "nodeAffinity"),
        "requiredDuringSchedulingIgnoredDuringExecution",
        "nodeSelectorTerms",
    )
    found: list[str] = []
    for term in terms if isinstance(terms, list) else []:
        expressions = at(term, "matchExpressions")
        for expression in expressions if isinstance(expressions, list) else []:
            values = at(expression, "values")
            if at(expression, "key") == POOL_LABEL and isinstance(values, list):
                found += [str(value) for value in values]
    return sorted(set(found))


def configurations_change(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """A pool has another configuration of the operator's plugin, which does not notice by itself."""
    # MIG Manager restarts the plugin itself; where another plugin serves the pool, this one has no pods.
    pools = {
        new.name: new
        for old, new in in_both(before, after)
        if old.allocation == new.allocation == Allocation.DEVICE_PLUGIN
        and layout_of(old) == layout_of(new)
        and new.labels.get(_DEPLOY) != "false"
    }
    wanted = of_kind(after, "", "ConfigMap")
    for key, item in sorted(of_kind(before, "", "ConfigMap").items()):
        if key_of(item).name != PLUGIN_CONFIG or key not in wanted:
            continue
        for pool in changed_fields(at(item, "data"), at(wanted[key], "data")):
            if pool not in mapping_at(item, "data") or pool not in pools:
                continue
            yield Disruption(
                kind=DisruptionKind.PLUGIN_RESTART,
                subject=pool,
                severity=Severity.DELAY,
                message=(
                    "another device-plugin configuration, which the operator's plugin takes up only when its pods are"
                    f" restarted (kubectl rollout restart): then {_PAUSE}{in_use.pods_here(pool)}"
                ),
                nodes=pools[pool].nodes,
                objects=(key,),
            )


def operands_restart(before: Objects, after: Objects, _in_use: InUse) -> Iterator[Disruption]:
    """The ClusterPolicy changes an operand that stands between pods and GPUs."""
    wanted = of_kind(after, "nvidia.com", "ClusterPolicy")
    nodes = sum(pool.nodes for pool in pools_of(before).values())
    for key, item in sorted(of_kind(before, "nvidia.com", "ClusterPolicy").items()):
        for operand in changed_fields(at(item, "spec"), at(wanted.get(key), "spec")):
            if operand not in _OPERANDS or key not in wanted:
                continue
            most = at(item, "spec", "daemonsets", "rollingUpdate", "maxUnavailable")
            parallel = max(1, scaled(most, nodes, up=True, default=1))
            yield Disruption(
                kind=DisruptionKind.PLUGIN_RESTART,
                subject=operand,
                severity=Severity.DELAY,
                message=f"{_OPERANDS[operand]}; at most {counted(nodes, 'node')}",
                nodes=nodes,
                parallel=parallel,
                waves=math.ceil(nodes / parallel),
                objects=(key,),
            )


def plugins_handed_over(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """Another device plugin serves the nodes of a pool."""
    for old, new in in_both(before, after):
        if old.allocation != new.allocation or old.labels.get(_DEPLOY) == new.labels.get(_DEPLOY):
            continue
        who = "this stack's own plugin" if new.labels.get(_DEPLOY) == "false" else "the operator's plugin"
        yield Disruption(
            kind=DisruptionKind.PLUGIN_RESTART,
            subject=old.name,
            severity=Severity.DELAY,
            message=(
                f"{who} serves the nodes from now on: no GPU is given to a new pod until it has registered, and"
                f" running pods keep theirs{in_use.pods_here(old.name)}"
            ),
            nodes=new.nodes,
            objects=(old.record,),
        )
