"""A phase and the next one, to be edited."""

import copy
from collections.abc import Callable
from typing import Any

from aifactory.catalog.load import catalog
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan
from aifactory.plan.promotion import Difference, difference
from aifactory.spec.load import stack_from_mapping
from tests.support.stacks import FILE, minimal_stack, pool, tier, with_at

BLOCKS = {"pod_prefix": 20, "service_prefix": 24, "node_prefix": 24}
NETWORK = {
    "pod_cidr": "10.0.0.0/16",
    "service_cidr": "10.96.0.0/20",
    "node_cidr": "10.1.0.0/20",
    "cells": BLOCKS,
}
OLD = minimal_stack(
    pools=[pool(nodes=8, cell_racks=2)],
    storage={"tiers": [tier()]},
    tenants=[{"name": "acme", "namespaces": ["acme"]}],
    network=NETWORK,
)
Edit = Callable[[dict[str, Any]], object]


def planned(name: str, raw: dict[str, Any]) -> FactoryPlan:
    """The plan of a mapping."""
    return plan(name, stack_from_mapping(raw, FILE), catalog())


def promoted(edit: Edit = lambda _: None) -> Difference:
    """From the old stack to the same one as the next phase, after an edit."""
    raw = copy.deepcopy(OLD) | {"phase": "scale-out", "previous": "old"}
    edit(raw)
    return difference(planned("old", OLD), planned("new", raw))


def told(found: Difference) -> list[tuple[str, str, str, str]]:
    """Code, path, message and fix of every refusal."""
    assert all(one.severity == "error" for one in found.refusals)
    return [(one.code, one.path, one.message, one.fix) for one in found.refusals]


def put(path: str, value: object) -> Edit:
    """An edit that replaces the value at a dotted path."""
    return lambda raw: raw.update(with_at(raw, path, value))
