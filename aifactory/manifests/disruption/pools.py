"""Disruptions of pools: fewer nodes, another MIG layout, other resources.

MIG Manager stops the operator's pods on a node and needs its GPUs free of every other client before it changes
their layout; it follows the node's label and knows no limit on nodes at the same time
(https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-operator-mig.html).
"""

from collections.abc import Iterator

from aifactory.manifests.disruption.model import Disruption, InUse, Objects, Severity, counted
from aifactory.manifests.disruption.state import in_both, layout_of, pools_of
from aifactory.spec.disruption import DisruptionKind


def pool_removed(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """A pool is no longer declared, or is made of other machines."""
    old, new = pools_of(before), pools_of(after)
    for name, pool in sorted(old.items()):
        if name in new and new[name].system == pool.system:
            continue
        what = f"becomes {counted(new[name].nodes, 'node')} of {new[name].system}" if name in new else "goes"
        yield Disruption(
            kind=DisruptionKind.POOL_REMOVED,
            subject=name,
            severity=Severity.INTERRUPTION,
            message=(
                f"the pool of {counted(pool.nodes, 'node')} ({pool.system}) {what}: its nodes lose driver, labels and"
                f" {pool.resource}; pods on them have to end, and those that select the pool stay Pending"
                f"{in_use.pods_here(name)}"
            ),
            nodes=pool.nodes,
            objects=(pool.record,),
        )


def pool_shrunk(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """A pool has fewer nodes, or its nodes offer fewer of the same resource."""
    for old, new in in_both(before, after):
        if old.system != new.system:
            continue
        gone = old.nodes - new.nodes
        if gone > 0:
            yield Disruption(
                kind=DisruptionKind.POOL_SHRUNK,
                subject=old.name,
                severity=Severity.INTERRUPTION,
                message=(
                    f"{counted(gone, 'node')} of {old.nodes} leave the pool: pods on them end and need room elsewhere"
                    f"{in_use.pods_here(old.name)}"
                ),
                nodes=gone,
                objects=(old.record,),
            )
        for name, count in sorted(old.allocatable.items()):
            if 0 < new.allocatable.get(name, 0) < count:
                yield Disruption(
                    kind=DisruptionKind.POOL_SHRUNK,
                    subject=old.name,
                    severity=Severity.DELAY,
                    message=(
                        f"each node offers {new.allocatable[name]} instead of {count} {name}: running pods keep"
                        " theirs, new ones find fewer"
                    ),
                    nodes=new.nodes,
                    objects=(old.record,),
                )


def mig_geometry(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """The GPUs of a pool are cut another way."""
    for old, new in in_both(before, after):
        was, wanted = layout_of(old), layout_of(new)
        if was == wanted or old.system != new.system:
            continue
        yield Disruption(
            kind=DisruptionKind.MIG_GEOMETRY,
            subject=old.name,
            severity=Severity.INTERRUPTION,
            message=(
                f"MIG layout {was} becomes {wanted}: every pod with a GPU on {counted(old.nodes, 'node')} has to leave"
                " while mig-manager cuts the GPUs anew, on all of them at the same time"
                f"{in_use.pods_here(old.name)}"
            ),
            nodes=old.nodes,
            parallel=old.nodes,
            waves=1,
            objects=(old.record,),
        )


def resource_renamed(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """A pool offers its GPUs under another name."""
    for old, new in in_both(before, after):
        if old.allocation != new.allocation:
            continue
        gone = sorted(old.allocatable.keys() - new.allocatable.keys())
        if not old.allocatable and old.resource != new.resource:
            gone = [old.resource]
        offered = ", ".join(sorted(new.allocatable)) or new.resource
        for name in gone:
            asks = in_use.pods_by_resource.get(name, 0) + in_use.claims_by_class.get(name, 0)
            now = f"; pods and claims in the cluster that ask for it now: {asks}" if in_use.asked else ""
            yield Disruption(
                kind=DisruptionKind.RESOURCE_RENAMED,
                subject=old.name,
                severity=Severity.DELAY,
                message=(
                    f"the nodes offer {offered} and no longer {name}: pods and claims that ask for {name} here stay"
                    f" Pending until they are changed{now}"
                ),
                nodes=new.nodes,
                objects=(old.record,),
            )
