"""Disruptions of how pods come to a pool's GPUs: allocation, labels, taints, device classes, claims.

- Device plugin and DRA driver do not know of each other's allocations: a node has one of them at a time
  (https://github.com/kubernetes-sigs/dra-driver-nvidia-gpu).
- Node selectors and NoSchedule taints count when a pod is scheduled, not while it runs
  (https://kubernetes.io/docs/concepts/scheduling-eviction/).
"""

from collections.abc import Iterator

from aifactory.manifests.disruption.model import Disruption, InUse, Objects, Severity, counted, of_kind
from aifactory.manifests.disruption.state import in_both
from aifactory.manifests.immutable import replaced_by
from aifactory.manifests.model import key_of
from aifactory.plan.nodes import MIG_CONFIG_LABEL, PLUGIN_CONFIG_LABEL
from aifactory.spec.disruption import DisruptionKind

_DEPLOY = "nvidia.com/gpu.deploy."
_READ_BY_OPERATORS = (MIG_CONFIG_LABEL, PLUGIN_CONFIG_LABEL)
"""Labels whose change has a rule of its own."""


def allocation_switched(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """A pool's GPUs are handed out by DRA instead of the device plugin, or the other way round."""
    for old, new in in_both(before, after):
        if old.allocation == new.allocation:
            continue
        offered = new.resource if new.allocation == "dra" else ", ".join(sorted(new.allocatable))
        gone = old.resource if old.allocation == "dra" else ", ".join(sorted(old.allocatable))
        yield Disruption(
            kind=DisruptionKind.ALLOCATION_SWITCHED,
            subject=old.name,
            severity=Severity.INTERRUPTION,
            message=(
                f"GPUs are handed out through {new.allocation} instead of {old.allocation}, and neither knows what the"
                f" other one gave away: drain {counted(old.nodes, 'node')} first; pods that ask for {gone} stay Pending"
                f" until they ask for {offered}{in_use.pods_here(old.name)}"
            ),
            nodes=old.nodes,
            objects=(old.record,),
        )


def labels_changed(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """Nodes of a pool lose a label, or it gets another value."""
    for old, new in in_both(before, after):
        for name, value in sorted(old.labels.items()):
            if name in _READ_BY_OPERATORS or name.startswith(_DEPLOY) or new.labels.get(name) == value:
                continue
            becomes = f"becomes {new.labels[name]}" if name in new.labels else "is taken away"
            selects = in_use.pods_by_label.get(f"{name}={value}", 0)
            now = f"; pods that select it now: {selects}" if in_use.asked else ""
            yield Disruption(
                kind=DisruptionKind.LABELS_CHANGED,
                subject=old.name,
                severity=Severity.DELAY,
                message=(
                    f"the label {name}={value} of {counted(new.nodes, 'node')} {becomes}: running pods stay, new ones"
                    f" that select it stay Pending{now}"
                ),
                nodes=new.nodes,
                objects=(old.record,),
            )


def taint_changed(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """Nodes of a pool get another taint."""
    for old, new in in_both(before, after):
        if old.taint == new.taint:
            continue
        evicts = new.taint.endswith(":NoExecute")
        yield Disruption(
            kind=DisruptionKind.TAINT_CHANGED,
            subject=old.name,
            severity=Severity.INTERRUPTION if evicts else Severity.DELAY,
            message=(
                f"the taint {old.taint or 'none'} of {counted(new.nodes, 'node')} becomes {new.taint or 'none'}:"
                f" {'running pods' if evicts else 'new pods'} that do not tolerate it"
                f" {'are evicted' if evicts else 'stay Pending, and running ones stay'}"
                f"{in_use.pods_here(old.name)}"
            ),
            nodes=new.nodes,
            objects=(old.record,),
        )


def device_classes_changed(before: Objects, after: Objects, in_use: InUse) -> Iterator[Disruption]:
    """A DeviceClass goes, or picks other devices."""
    wanted = of_kind(after, "resource.k8s.io", "DeviceClass")
    for key, item in sorted(of_kind(before, "resource.k8s.io", "DeviceClass").items()):
        if key in wanted and wanted[key].get("spec") == item.get("spec"):
            continue
        name = key_of(item).name
        what = "picks other devices" if key in wanted else "is gone"
        waits = "are served by those" if key in wanted else "stay Pending"
        claims = in_use.claims_by_class.get(name, 0)
        now = f"; claims that ask for it now: {claims}" if in_use.asked else ""
        yield Disruption(
            kind=DisruptionKind.RESOURCE_RENAMED,
            subject=name,
            severity=Severity.DELAY,
            message=f"the device class {what}: allocated claims keep their GPUs, new ones {waits}{now}",
            objects=(key,),
        )


def claim_templates_changed(before: Objects, after: Objects, _in_use: InUse) -> Iterator[Disruption]:
    """A ResourceClaimTemplate that pods name goes, or is made anew."""
    wanted = of_kind(after, "resource.k8s.io", "ResourceClaimTemplate")
    for key, item in sorted(of_kind(before, "resource.k8s.io", "ResourceClaimTemplate").items()):
        if key in wanted and not replaced_by(item, wanted[key]):
            continue
        identity = key_of(item)
        what = "is made anew with other requests" if key in wanted else "is gone"
        waits = "get what it asks for then" if key in wanted else "cannot start"
        yield Disruption(
            kind=DisruptionKind.RESOURCE_RENAMED,
            subject=f"{identity.namespace}/{identity.name}",
            severity=Severity.DELAY,
            message=f"the claim template {what}: running pods keep their claims, new ones that name it {waits}",
            objects=(key,),
        )


def compute_domains_replaced(before: Objects, after: Objects, _in_use: InUse) -> Iterator[Disruption]:
    """An NVLink domain that jobs share goes, or is made anew: its whole spec is immutable."""
    wanted = of_kind(after, "resource.nvidia.com", "ComputeDomain")
    for key, item in sorted(of_kind(before, "resource.nvidia.com", "ComputeDomain").items()):
        if key in wanted and not replaced_by(item, wanted[key]):
            continue
        identity = key_of(item)
        yield Disruption(
            kind=DisruptionKind.COMPUTE_DOMAIN_REPLACED,
            subject=f"{identity.namespace}/{identity.name}",
            severity=Severity.INTERRUPTION,
            message=(
                f"the compute domain is {'made anew' if key in wanted else 'deleted'}: the IMEX channels of its jobs go"
                " with it, and multi-node NVLink jobs on it end"
            ),
            objects=(key,),
        )
