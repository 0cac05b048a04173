"""The plan as JSON: its keys are a contract. Does not prove that the figures are right."""

import json
from typing import Any

import pytest

from aifactory.catalog.load import catalog
from aifactory.plan.contract import as_contract
from aifactory.plan.factory import plan
from aifactory.spec.load import load_stack
from tests.support.cli import ROOT
from tests.support.trees import EVERY_STACK

POOL = {"name", "system", "racks", "nodes", "gpus", "gpus_per_node", "resource", "allocatable"}
KEYS: dict[str, set[str]] = {
    "": {
        *("stack", "phase", "target", "power", "compute", "fabrics"),
        *("cells", "storage", "economics", "findings"),
    },
    "power": {"capacity_mw", "mode", "pue", "it_kw", "grid_kw", "headroom_kw", "feeds"},
    "power.feeds": {"name", "capacity_mw", "load_mw"},
    "compute": {"racks", "nodes", "gpus", "pools"},
    "compute.pools": POOL,
    "fabrics": {"name", "design", "radix", "planes", "tiers", "leaf", "spine", "core", "endpoints"},
    "cells": {"name", "nodes", "gpus", "pools"},
    "cells.pools": {"name", "racks", "nodes", "gpus"},
    "storage": {"tiers"},
    "storage.tiers": {"name", "class", "capacity_tib", "throughput_gbps"},
    "economics": {
        *("tokens_per_second", "tokens_per_second_per_mw", "joules_per_token"),
        *("usd_per_million_tokens", "capex_usd", "evidence"),
    },
    "economics.evidence": {"pool", "row", "kind", "source", "as_of", "tokens_per_second", "derate"},
    "findings": {"code", "severity", "path", "message", "fix"},
}


def contract(stack: str) -> dict[str, Any]:
    """The contract of one of the project's stacks, as a machine reads it."""
    loaded = load_stack(ROOT / "stacks" / f"Pulumi.{stack}.yaml")
    read: dict[str, Any] = json.loads(json.dumps(as_contract(plan(stack, loaded, catalog()))))
    return read


def at(data: Any, path: str) -> list[dict[str, Any]]:
    """Every object at a dotted path, through lists."""
    found = [data]
    for key in filter(None, path.split(".")):
        below = [item[key] for item in found]
        found = [entry for item in below for entry in (item if isinstance(item, list) else [item])]
    return found


@pytest.mark.parametrize("stack", EVERY_STACK)
@pytest.mark.parametrize("path", KEYS)
def test_every_object_has_the_contracts_keys(stack: str, path: str) -> None:
    """No key of the contract is missing and none is added, in any plan."""
    for item in at(contract(stack), path):
        assert set(item) == KEYS[path]


def test_each_part_of_the_contract_is_met_with_something() -> None:
    """Some stack has feeds, fabrics, evidence and findings, so that the check above looks at something."""
    plans = [contract(stack) for stack in EVERY_STACK]
    assert [path for path in KEYS if not any(at(made, path) for made in plans)] == []


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_the_sums_agree(stack: str) -> None:
    """GPUs, nodes and racks of the site are those of its pools, and those of its cells."""
    made = contract(stack)
    for unit in ("gpus", "nodes", "racks"):
        pools = sum(pool[unit] for pool in made["compute"]["pools"])
        assert pools == made["compute"][unit]
    for unit in ("gpus", "nodes"):
        assert sum(cell[unit] for cell in made["cells"]) == made["compute"][unit]


def test_the_document_names_every_key() -> None:
    """docs/plan-contract.md says what each key of the contract holds."""
    text = (ROOT / "docs" / "plan-contract.md").read_text("utf-8")
    assert [key for keys in KEYS.values() for key in keys if f"`{key}" not in text] == []
