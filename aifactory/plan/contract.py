"""The plan as one JSON object whose keys are a contract (docs/plan-contract.md).

Power of the site is in MW, of its racks in kW, capacity in TiB, throughput in GB/s of 10^9 bytes, money in US
dollars. What is not known is null; ``plan.unknowns`` says why.
"""

from pydantic import JsonValue

from aifactory.plan.base import Finding
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.site_models import CellPlan, EconomicsPlan, FabricPlan, PowerPlan
from aifactory.spec.storage import Tier


def to_digits(value: float | None, digits: int) -> float | None:
    """A figure without the noise of floating point; None stays None."""
    return None if value is None else round(value, digits)


def _power(power: PowerPlan | None) -> dict[str, JsonValue]:
    """The power section; where the stack declares no power its keys are there and null."""
    if power is None:
        return {
            "capacity_mw": None,
            "mode": None,
            "pue": None,
            "it_kw": None,
            "grid_kw": None,
            "headroom_kw": None,
            "feeds": [],
        }
    return {
        "capacity_mw": to_digits(power.capacity.kw / 1000, 6),
        "mode": power.mode.value,
        "pue": power.pue,
        "it_kw": to_digits(power.it.kw, 3),
        "grid_kw": to_digits(power.grid.kw, 3),
        "headroom_kw": to_digits(power.headroom.kw, 3),
        "feeds": [
            {
                "name": feed.name,
                "capacity_mw": to_digits(feed.capacity.kw / 1000, 6),
                "load_mw": to_digits(feed.load.kw / 1000, 6),
            }
            for feed in power.feeds
        ],
    }


def _pool(pool: PoolPlan) -> dict[str, JsonValue]:
    return {
        "name": pool.name,
        "system": pool.system.id,
        "racks": pool.racks,
        "nodes": pool.nodes,
        "gpus": pool.gpus,
        "gpus_per_node": pool.system.gpus_per_node,
        "resource": pool.resource,
        "allocatable": dict(pool.allocatable),
    }


def _fabric(fabric: FabricPlan) -> dict[str, JsonValue]:
    return {
        "name": fabric.name,
        "design": fabric.design,
        "radix": fabric.radix,
        "planes": fabric.planes,
        "tiers": fabric.tiers,
        "leaf": fabric.leaf,
        "spine": fabric.spine,
        "core": fabric.core,
        "endpoints": fabric.endpoints,
    }


def _cell(cell: CellPlan) -> dict[str, JsonValue]:
    return {
        "name": cell.name,
        "nodes": cell.nodes,
        "gpus": cell.gpus,
        "pools": [
            {"name": part.name, "racks": part.racks, "nodes": part.nodes, "gpus": part.gpus}
            for part in cell.pools
        ],
    }


def _tier(tier: Tier) -> dict[str, JsonValue]:
    return {
        "name": tier.name,
        "class": tier.role.value,
        "capacity_tib": tier.capacity_tib,
        "throughput_gbps": tier.write_gbps,
    }


def _economics(economics: EconomicsPlan) -> dict[str, JsonValue]:
    return {
        "tokens_per_second": to_digits(economics.tokens_per_second, 3),
        "tokens_per_second_per_mw": to_digits(economics.tokens_per_second_per_mw, 3),
        "joules_per_token": to_digits(economics.joules_per_token, 6),
        "usd_per_million_tokens": to_digits(economics.usd_per_million_tokens, 6),
        "capex_usd": to_digits(economics.capex_usd, 2),
        "evidence": [
            {
                "pool": used.pool,
                "row": used.row.id,
                "kind": used.row.evidence.value,
                "source": used.row.source,
                "as_of": used.row.as_of.isoformat(),
                "tokens_per_second": to_digits(used.tokens_per_second, 3),
                "derate": to_digits(used.derate, 6),
            }
            for used in economics.evidence
        ],
    }


def finding_data(finding: Finding) -> dict[str, JsonValue]:
    """A finding as the contract has it."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "path": finding.path,
        "message": finding.message,
        "fix": finding.fix,
    }


def as_contract(plan: FactoryPlan) -> dict[str, JsonValue]:
    """The plan as the JSON object of ``aifactory plan --json``: exactly the contract's keys.

    Args:
        plan: A plan, refused or not.
    """
    return {
        "stack": plan.name,
        "phase": plan.stack.phase.value,
        "target": plan.target.value,
        "power": _power(plan.power),
        "compute": {
            "racks": sum(pool.racks for pool in plan.pools),
            "nodes": plan.nodes,
            "gpus": plan.gpus,
            "pools": [_pool(pool) for pool in plan.pools],
        },
        "fabrics": [_fabric(fabric) for fabric in plan.fabrics],
        "cells": [_cell(cell) for cell in plan.cells],
        "storage": {"tiers": [_tier(tier) for tier in plan.stack.storage.tiers]},
        "economics": _economics(plan.economics),
        "findings": [finding_data(finding) for finding in plan.findings],
    }
