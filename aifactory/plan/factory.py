"""plan(): a stack and the catalogue in, a FactoryPlan out."""

from collections.abc import Callable, Iterator

from aifactory.catalog.models import Catalog, Chart, System
from aifactory.errors import PlanRefused, Problem
from aifactory.plan import (
    cell_findings,
    compatibility,
    economics_findings,
    fabric_findings,
    placement,
    power_findings,
    system_findings,
)
from aifactory.plan import findings as rules
from aifactory.plan.base import Finding
from aifactory.plan.capacity import pool_plan
from aifactory.plan.cells import cells_of
from aifactory.plan.economics import economics_plan
from aifactory.plan.fabric import fabric_plan
from aifactory.plan.mirrored import chart_of, images_of
from aifactory.plan.models import FactoryPlan, PoolPlan, StoragePlan
from aifactory.plan.power import power_plan, racks_of_share
from aifactory.spec.pools import Pool
from aifactory.spec.stack import Stack, Target

SiteRule = Callable[[FactoryPlan, Catalog], Iterator[Finding]]
SITE_RULES: tuple[SiteRule, ...] = (
    *power_findings.RULES,
    *fabric_findings.RULES,
    *cell_findings.RULES,
    *economics_findings.RULES,
    *compatibility.RULES,
    *placement.RULES,
)
"""What is asked of the plan as a whole, in the order in which it is reported."""
TIB = 2**40
GB = 10**9


def storage_plan(stack: Stack) -> StoragePlan:
    """Time and space of the largest checkpoint; bytes are exact, throughput is in 10^9 bytes a second."""
    checkpoint = stack.storage.checkpoint
    if checkpoint is None:
        return StoragePlan(checkpoint_write_s=None, checkpoint_capacity_tib=None)
    tier = next(tier for tier in stack.storage.tiers if tier.name == checkpoint.tier)
    return StoragePlan(
        checkpoint_write_s=checkpoint.size_tib * TIB / (tier.write_gbps * GB),
        checkpoint_capacity_tib=checkpoint.size_tib * checkpoint.kept,
    )


def _pool_findings(path: str, planned: PoolPlan, stack: Stack) -> Iterator[Finding]:
    pool: Pool = planned.pool
    system: System = planned.system
    yield from system_findings.not_offered(path, system)
    yield from rules.mig_layout(path, pool, system)
    yield from rules.unknown_product(path, planned)
    yield from rules.label_length(path, planned)
    yield from rules.compute_domain(path, pool, system, stack)
    yield from rules.driver_version(path, pool, system)
    yield from rules.mps_daemon(path, pool)


def _sized(stack: Stack, catalog: Catalog) -> tuple[tuple[PoolPlan, ...], tuple[Finding, ...]]:
    """The pools of known systems, sized, and what is to be said of each."""
    region = catalog.regions.get(stack.site.country)
    pools: list[PoolPlan] = []
    found: list[Finding] = []
    for index, pool in enumerate(stack.pools):
        path = f"pools.{index}"
        system = catalog.systems.get(pool.system)
        if system is None:
            found.append(system_findings.unknown_system(path, pool, catalog))
            continue
        fed: int | None = None
        if pool.power_share is not None and stack.power is not None and region is not None:
            mode = catalog.power_modes[stack.power.mode.value]
            fed = racks_of_share(stack.power, pool.power_share, system, region, mode)
        planned = pool_plan(pool, system, fed)
        pools.append(planned)
        found.extend(_pool_findings(path, planned, stack))
    return tuple(pools), tuple(found)


def plan(name: str, stack: Stack, catalog: Catalog, target: Target | None = None) -> FactoryPlan:
    """What a stack amounts to.

    Args:
        name: Name of the stack.
        stack: The stack, valid in itself.
        catalog: The facts to plan with.
        target: Where the stack is realised; None means what the stack file says.
    """
    region = catalog.regions.get(stack.site.country)
    pools, found = _sized(stack, catalog)
    storage = storage_plan(stack)
    power = None
    if stack.power is not None and region is not None:
        power = power_plan(stack.power, pools, region, catalog.power_modes[stack.power.mode.value])
    planned = FactoryPlan(
        name=name,
        stack=stack,
        target=target or stack.target,
        pools=pools,
        storage=storage,
        power=power,
        fabrics=tuple(
            fabric_plan(fabric, catalog.fabrics[fabric.design], pools)
            for fabric in stack.fabrics
            if fabric.design in catalog.fabrics
        ),
        cells=cells_of(name, stack, pools),
        economics=economics_plan(stack, pools, power, region, catalog),
        charts=_charts(stack, catalog),
        images=images_of(stack, catalog.images),
        findings=(),
    )
    found += tuple(rules.storage(stack, storage))
    found += tuple(finding for rule in SITE_RULES for finding in rule(planned, catalog))
    return planned.model_copy(update={"findings": found})


def _charts(stack: Stack, catalog: Catalog) -> dict[str, Chart]:
    """The declared charts, at the versions that the stack asks for instead; a digest is of the pin alone."""
    wanted = {
        "gpu-operator": stack.operators.gpu_operator.version,
        "nvidia-dra-driver": stack.operators.dra_driver.version,
    }
    return {
        name: chart_of(
            stack,
            chart.model_copy(update={"version": version, "digest": None})
            if (version := wanted.get(name)) is not None and version != chart.version
            else chart,
        )
        for name, chart in catalog.charts.items()
        if chart.declared
    }


def accepted(planned: FactoryPlan, file: str) -> FactoryPlan:
    """The same plan, if nothing in it refuses it.

    Args:
        planned: A plan.
        file: What to call the stack file in the message.

    Raises:
        PlanRefused: If the plan has findings of severity ``error``; every one is named.
    """
    if planned.errors:
        lines = [
            Problem(finding.path, *_parts(finding)).line(file)
            for finding in sorted(planned.errors, key=lambda f: f.path)
        ]
        raise PlanRefused("\n".join(lines))
    return planned


def _parts(finding: Finding) -> tuple[str, str, str]:
    what, _, allowed = finding.message.partition("; ")
    return what, allowed or f"rule {finding.code}", finding.fix
