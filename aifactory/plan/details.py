"""What ``aifactory plan --json`` says beyond the contract, under its one extra key ``details``."""

from pydantic import JsonValue

from aifactory.catalog.models import Catalog
from aifactory.catalog.programme import PowerModeRow
from aifactory.plan.assumptions import assumptions
from aifactory.plan.contract import to_digits
from aifactory.plan.feed_loss import feed_losses
from aifactory.plan.models import FactoryPlan, PoolPlan
from aifactory.plan.power import load_of
from aifactory.plan.site_models import CellPlan
from aifactory.plan.unknowns import unknowns


def scalable_units(pool: PoolPlan) -> float:
    """Scalable units of the maker's design that the pool's racks make."""
    return pool.racks / pool.system.scalable_unit_racks


def mode_of(plan: FactoryPlan, catalog: Catalog) -> PowerModeRow:
    """The power mode; nameplate where the stack declares no power."""
    return catalog.power_modes[plan.power.mode.value if plan.power else "tdp"]


def _power(plan: FactoryPlan) -> JsonValue:
    power = plan.power
    if power is None:
        return None
    return {
        "usable_mw": to_digits(power.usable.kw / 1000, 6),
        "redundancy": power.redundancy.value,
        "pue_from": "file" if power.pue_given else "catalogue",
        "feed_losses": [
            {
                "feed": loss.feed,
                "remaining_mw": to_digits(loss.remaining.kw / 1000, 6),
                "short_mw": to_digits(loss.short.kw / 1000, 6),
            }
            for loss in feed_losses(power)
        ],
    }


def _addresses(cell: CellPlan) -> JsonValue:
    return {"name": cell.name, **(cell.addresses.model_dump() if cell.addresses else {})}


def _storage(plan: FactoryPlan) -> JsonValue:
    return {
        "checkpoint_write_s": to_digits(plan.storage.checkpoint_write_s, 3),
        "checkpoint_capacity_tib": to_digits(plan.storage.checkpoint_capacity_tib, 6),
        "tiers": [
            {"name": tier.name, "backend": tier.backend.value, "read_gbps": tier.read_gbps}
            for tier in plan.stack.storage.tiers
        ],
    }


def _economics(plan: FactoryPlan) -> JsonValue:
    economics, wanted = plan.economics, plan.stack.economics
    return {
        "model": wanted.model,
        "scenario": wanted.scenario,
        "token_basis": economics.token_basis,
        "gpus": economics.gpus,
        "usd_per_kwh": economics.usd_per_kwh,
        "energy_usd_per_year": to_digits(economics.energy_usd_per_year, 2),
        "carbon_t_per_year": to_digits(economics.carbon_t_per_year, 3),
    }


def details(plan: FactoryPlan, catalog: Catalog) -> dict[str, JsonValue]:
    """Everything else that a reader of the plan asks for; documented, and free to grow.

    Args:
        plan: A plan, refused or not.
        catalog: The facts it was planned with.
    """
    site, mode = plan.stack.site, mode_of(plan, catalog)
    return {
        "site": {"name": site.name, "country": site.country, "region": site.region},
        "live": plan.stack.live.isoformat() if plan.stack.live else None,
        "previous": plan.stack.previous,
        "power": _power(plan),
        "pools": [
            {
                "name": pool.name,
                "service": pool.pool.service.value,
                "it_kw": to_digits(load_of(pool, mode).kw, 3),
                "scalable_units": to_digits(scalable_units(pool), 6),
            }
            for pool in plan.pools
        ],
        "fabrics": [{"name": fabric.name, "endpoints_max": fabric.endpoints_max} for fabric in plan.fabrics],
        "cells": [_addresses(cell) for cell in plan.cells],
        "storage": _storage(plan),
        "economics": _economics(plan),
        "not_known": dict(unknowns(plan, catalog)),
        "assumptions": list(assumptions(plan, catalog)),
    }
