"""Sites of several cells to start a test from."""

from typing import Any

from aifactory.catalog.load import catalog
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan
from tests.support.stacks import stack

GITOPS = {"mode": "gitops", "repository": "https://git.example/fleet"}
NETWORK = {
    "pod_cidr": "10.0.0.0/8",
    "service_cidr": "172.16.0.0/12",
    "node_cidr": "100.64.0.0/10",
    "cells": {"pod_prefix": 14, "service_prefix": 20, "node_prefix": 22},
}
"""An address plan with blocks for 64 cells."""


def site(*pools: dict[str, Any], **fields: Any) -> FactoryPlan:
    """A site of these pools, worked out."""
    declared = {"network": NETWORK, "cluster": {"max_nodes": 200}, "delivery": GITOPS, **fields}
    return plan("site", stack(pools=list(pools), **declared), catalog())
