"""Disruptions of running work that the owners of a stack know of and accept."""

import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from aifactory.spec.units import Section


class DisruptionKind(StrEnum):
    """What a change does to running work."""

    NODE_REBOOT = "node-reboot"
    NODE_DRAIN = "node-drain"
    DRIVER_ROLL = "driver-roll"
    MIG_GEOMETRY = "mig-geometry"
    RESOURCE_RENAMED = "resource-renamed"
    PLUGIN_RESTART = "plugin-restart"
    POOL_REMOVED = "pool-removed"
    POOL_SHRUNK = "pool-shrunk"
    ALLOCATION_SWITCHED = "allocation-switched"
    LABELS_CHANGED = "labels-changed"
    TAINT_CHANGED = "taint-changed"
    COMPUTE_DOMAIN_REPLACED = "compute-domain-replaced"
    QUOTA_REPLACED = "quota-replaced"
    QUEUE_REPLACED = "queue-replaced"
    VOLUMES_LOST = "volumes-lost"
    NETWORK_CLOSED = "network-closed"
    NAMESPACE_DELETED = "namespace-deleted"
    DEFINITION_DELETED = "definition-deleted"


class Acknowledgement(Section):
    """Somebody knows what a change disrupts and wants it all the same."""

    kind: DisruptionKind
    subject: Annotated[str, StringConstraints(min_length=1, max_length=253)]
    """The pool, tier or object that ``aifactory preview`` names; ``*`` for every one."""
    reason: Annotated[str, StringConstraints(min_length=3, max_length=500)]
    until: datetime.date
    """Last day on which the acknowledgement counts."""
