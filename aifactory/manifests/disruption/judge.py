"""All rules over one change, and what of it somebody has acknowledged."""

import datetime
from collections.abc import Iterable

from aifactory.manifests.disruption import access, limits, losses, machines, network, nodes, plugins, pools
from aifactory.manifests.disruption.model import Disruption, InUse, Judged, Objects, Rule, Severity
from aifactory.spec.disruption import Acknowledgement

RULES: tuple[Rule, ...] = (
    losses.namespaces_deleted,
    losses.definitions_deleted,
    losses.storage_classes_replaced,
    pools.pool_removed,
    pools.pool_shrunk,
    pools.mig_geometry,
    pools.resource_renamed,
    access.allocation_switched,
    access.labels_changed,
    access.taint_changed,
    access.device_classes_changed,
    access.claim_templates_changed,
    access.compute_domains_replaced,
    nodes.driver_rolls,
    nodes.policy_driver_rolls,
    nodes.nics_change,
    machines.machine_rollouts,
    machines.machines_go,
    plugins.daemons_restart,
    plugins.configurations_change,
    plugins.operands_restart,
    plugins.plugins_handed_over,
    limits.quotas_lowered,
    limits.queues_lowered,
    network.flows_closed,
    network.pods_isolated,
    network.denied,
)
"""Every rule; a change that none of them knows disrupts nothing that is known."""
_WORST_FIRST = tuple(Severity)


def disruptions(before: Objects, after: Objects, in_use: InUse) -> tuple[Disruption, ...]:
    """What a change does to running work, the worst first.

    Args:
        before: The live objects with the stack's label, without fields of others; empty for a first install.
        after: The objects as they are wanted.
        in_use: What runs on the cluster.
    """
    found = [item for rule in RULES for item in rule(before, after, in_use)] if before else []
    return tuple(sorted(found, key=lambda item: (_WORST_FIRST.index(item.severity), item.kind, item.subject)))


def judged(
    found: Iterable[Disruption], acknowledged: Iterable[Acknowledgement], today: datetime.date
) -> tuple[Judged, ...]:
    """Each disruption with the first acknowledgement that names it and still counts.

    Args:
        found: Disruptions of one change.
        acknowledged: The entries of the stack file.
        today: The day of the change; an entry counts until its last day is over.
    """
    valid = [entry for entry in acknowledged if entry.until >= today]
    return tuple(
        Judged(disruption=item, acknowledged=next((entry for entry in valid if names(entry, item)), None))
        for item in found
    )


def names(entry: Acknowledgement, item: Disruption) -> bool:
    """Whether an entry names a disruption, its last day aside."""
    return entry.kind is item.kind and entry.subject in ("*", item.subject)
