"""Promotion: what the next phase of a site changes, and whether it only grows."""

from aifactory.errors import Problem
from aifactory.plan import promotion_ground, promotion_rules
from aifactory.plan.base import Finding, PlanModel
from aifactory.plan.gates import Standing
from aifactory.plan.models import FactoryPlan
from aifactory.plan.pool_changes import PoolChange, pool_changes

RULES = (*promotion_rules.RULES, *promotion_ground.RULES)
"""What refuses a promotion, in the order in which it is reported."""


class Figure(PlanModel):
    """One figure of the whole site before and after; None where a plan does not have it."""

    name: str
    before: float | None
    after: float | None


class Difference(PlanModel):
    """What is different in the next phase."""

    old: str
    """Name of the stack of the phase before."""
    new: str
    pools: tuple[PoolChange, ...]
    figures: tuple[Figure, ...]
    refusals: tuple[Finding, ...]
    """Why the site may not be promoted so; empty where the phase only grows."""


class Verdict(PlanModel):
    """Whether a site may be promoted: what changes, and how the gates in between stand."""

    difference: Difference
    gates: tuple[Standing, ...]
    """Exit gates of the phase before, then entry gates of the next."""

    def refusals(self, file: str) -> tuple[str, ...]:
        """Every reason against the promotion, one line each; none where it may go on.

        Args:
            file: What to call the stack file of the next phase.
        """
        closed = (refusal_of(standing) for standing in self.gates if not standing.stands)
        return (*(_line(finding, file) for finding in self.difference.refusals), *closed)


def refusal_of(standing: Standing) -> str:
    """Why a gate that does not stand refuses, as one line: file, what, what is needed, how to get it."""
    name = standing.gate.name
    return (
        f"evidence/{standing.stack}/{name}.yaml: {standing.side} gate '{name}' is {standing.state.value}:"
        f" {standing.reason}; find it out and record it with: aifactory evidence {standing.stack} {name}"
    )


def _line(finding: Finding, file: str) -> str:
    what, _, allowed = finding.message.partition("; ")
    return Problem(finding.path, what, allowed, finding.fix).line(file)


def _figures(plan: FactoryPlan) -> dict[str, float | None]:
    power = plan.power
    return {
        "capacity_mw": None if power is None else power.capacity.kw / 1000,
        "grid_mw": None if power is None else power.grid.kw / 1000,
        "racks": float(sum(pool.racks for pool in plan.pools)),
        "nodes": float(plan.nodes),
        "gpus": float(plan.gpus),
        "cells": float(len(plan.cells)),
        "storage_tib": float(sum(tier.capacity_tib for tier in plan.stack.storage.tiers)),
        "tokens_per_second": plan.economics.tokens_per_second,
    }


def difference(old: FactoryPlan, new: FactoryPlan) -> Difference:
    """What the new phase changes, and every reason why it is not a promotion of the old one.

    Args:
        old: Plan of the phase that runs.
        new: Plan of the phase that is to follow.
    """
    before, after = _figures(old), _figures(new)
    return Difference(
        old=old.name,
        new=new.name,
        pools=pool_changes(old, new),
        figures=tuple(Figure(name=name, before=before[name], after=after[name]) for name in before),
        refusals=tuple(finding for rule in RULES for finding in rule(old, new)),
    )
