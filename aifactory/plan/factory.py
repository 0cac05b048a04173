"""plan(): a stack and the catalogue in, a FactoryPlan out."""

from collections.abc import Iterator

from aifactory.catalog.models import Catalog, System
from aifactory.errors import PlanRefused, Problem
from aifactory.plan import findings as rules
from aifactory.plan.capacity import pool_plan
from aifactory.plan.models import FactoryPlan, Finding, PoolPlan, StoragePlan
from aifactory.spec.pools import Pool
from aifactory.spec.stack import Stack, Target

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
    yield from rules.withdrawn(path, system)
    yield from rules.mig_layout(path, pool, system)
    yield from rules.unknown_product(path, planned)
    yield from rules.label_length(path, planned)
    yield from rules.compute_domain(path, pool, system, stack)
    yield from rules.driver_version(path, pool, system)
    yield from rules.mps_daemon(path, pool)


def plan(name: str, stack: Stack, catalog: Catalog, target: Target | None = None) -> FactoryPlan:
    """What a stack amounts to.

    Args:
        name: Name of the stack.
        stack: The stack, valid in itself.
        catalog: The facts to plan with.
        target: Where the stack is realised; None means what the stack file says.
    """
    pools: list[PoolPlan] = []
    found: list[Finding] = []
    for index, pool in enumerate(stack.pools):
        path = f"pools.{index}"
        system = catalog.systems.get(pool.system)
        if system is None:
            found.append(rules.unknown_system(path, pool, catalog))
            continue
        planned = pool_plan(pool, system)
        pools.append(planned)
        found.extend(_pool_findings(path, planned, stack))
    storage = storage_plan(stack)
    found.extend(rules.storage(stack, storage))
    return FactoryPlan(
        name=name,
        stack=stack,
        target=target or stack.target,
        pools=tuple(pools),
        storage=storage,
        charts=catalog.charts,
        images={image.id: image.reference for image in catalog.images.values()},
        findings=tuple(found),
    )


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
