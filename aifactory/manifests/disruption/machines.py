"""Disruptions of machines that Cluster API makes: rollouts, and machines that go.

A MachineDeployment rolls for its version, its bootstrap configuration, its infrastructure and its failure domain;
labels, annotations and deletion timeouts are changed in place (https://cluster-api.sigs.k8s.io, MachineDeployment
and in-place propagation). The deployments of a pool do not wait for one another.
"""

import math
from collections.abc import Iterator, Mapping

from aifactory.manifests.disruption.model import (
    Disruption,
    InUse,
    Objects,
    Severity,
    at,
    counted,
    mapping_at,
    of_kind,
    scaled,
)
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.plan.nodes import POOL_LABEL
from aifactory.spec.disruption import DisruptionKind

_GROUP = "cluster.x-k8s.io"
_ROLLED = ("version", "bootstrap", "infrastructureRef", "failureDomain", "clusterName")


def _replicas(item: KubernetesObject) -> int:
    count = at(item, "spec", "replicas")
    return count if isinstance(count, int) else 1


def _by_pool(found: Mapping[str, KubernetesObject]) -> dict[str, list[str]]:
    pools: dict[str, list[str]] = {}
    for key, item in sorted(found.items()):
        labels = mapping_at(item, "spec", "template", "metadata", "labels")
        pools.setdefault(str(labels.get(POOL_LABEL, key_of(item).name)), []).append(key)
    return pools


def _at_once(item: KubernetesObject) -> int:
    """Machines of a deployment that are replaced at the same time; never none."""
    how, count = mapping_at(item, "spec", "rollout", "strategy", "rollingUpdate"), _replicas(item)
    surge = scaled(how.get("maxSurge"), count, up=True, default=1)
    return max(1, surge + scaled(how.get("maxUnavailable"), count, up=False, default=0))


def _drain(item: KubernetesObject) -> str:
    limit = at(item, "spec", "template", "spec", "deletion", "nodeDrainTimeoutSeconds")
    return f"after at most {limit} s of draining" if limit else "with no limit on draining"


def _rolls(before: KubernetesObject, after: KubernetesObject) -> list[str]:
    old, new = (mapping_at(item, "spec", "template", "spec") for item in (before, after))
    return [name for name in _ROLLED if old.get(name) != new.get(name)]


def machine_rollouts(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """The machines of a pool are made anew, some at a time."""
    old, new = (of_kind(objects, _GROUP, "MachineDeployment") for objects in (before, after))
    rolled = {
        key: fields for key in sorted(old.keys() & new.keys()) if (fields := _rolls(old[key], new[key]))
    }
    for pool, keys in sorted(_by_pool({key: new[key] for key in rolled}).items()):
        nodes = sum(min(_replicas(old[key]), _replicas(new[key])) for key in keys)
        parallel = sum(_at_once(new[key]) for key in keys)
        waves = max(math.ceil(_replicas(new[key]) / _at_once(new[key])) for key in keys)
        fields = sorted({field for key in keys for field in rolled[key]})
        yield Disruption(
            kind=DisruptionKind.NODE_DRAIN,
            subject=pool,
            severity=Severity.INTERRUPTION,
            message=(
                f"{counted(nodes, 'machine')} are made anew ({', '.join(fields)}): {counted(len(keys), 'group')} side"
                f" by side, {parallel} machines at a time in all, {counted(waves, 'wave')}; each node goes"
                f" {_drain(new[keys[0]])}{in_use.pods_here(pool)}"
            ),
            nodes=nodes,
            parallel=parallel,
            waves=waves,
            objects=tuple(keys),
        )


def machines_go(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """Machines are deleted: fewer replicas, or a deployment that is no longer there."""
    old, new = (of_kind(objects, _GROUP, "MachineDeployment") for objects in (before, after))
    fewer = {
        key: _replicas(item) - (_replicas(new[key]) if key in new else 0)
        for key, item in old.items()
        if key not in new or _replicas(new[key]) < _replicas(item)
    }
    for pool, keys in sorted(_by_pool({key: old[key] for key in fewer}).items()):
        nodes = sum(fewer[key] for key in keys)
        yield Disruption(
            kind=DisruptionKind.NODE_DRAIN,
            subject=pool,
            severity=Severity.INTERRUPTION,
            message=(
                f"{counted(nodes, 'machine')} are deleted, all at the same time: each node goes"
                f" {_drain(old[keys[0]])}{in_use.pods_here(pool)}"
            ),
            nodes=nodes,
            parallel=nodes,
            waves=1,
            objects=tuple(keys),
        )
