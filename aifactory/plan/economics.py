"""Economics: tokens a second, tokens for a megawatt, joules for a token, dollars for a million of them."""

import math

from aifactory.catalog.models import Catalog
from aifactory.catalog.programme import Region, Throughput
from aifactory.plan.models import EconomicsPlan, EvidenceUsed, PoolPlan, PowerPlan
from aifactory.plan.power import load_of
from aifactory.plan.quantities import GridPower
from aifactory.spec.economics import Economics, EvidenceKind
from aifactory.spec.pools import Service
from aifactory.spec.stack import Stack

SERVING = (Service.INFERENCE, Service.AGENTIC, Service.ENTERPRISE)
"""Services whose pools serve tokens; the others' GPUs are not counted."""
HOURS_A_YEAR = 8760


def usd_per_million_tokens(usd_per_gpu_hour: float, tokens_per_second: float) -> float:
    """Cost of a million tokens on one GPU."""
    return usd_per_gpu_hour * 1e6 / (3600 * tokens_per_second)


def joules_per_token(power: GridPower, tokens_per_second: float) -> float:
    """Grid energy of a token."""
    return power.kw * 1000 / tokens_per_second


def tokens_per_second_per_mw(tokens_per_second: float, power: GridPower) -> float:
    """Tokens a second for each megawatt of grid power."""
    return tokens_per_second * 1000 / power.kw


def evidence_for(system: str, wanted: Economics, rows: dict[str, Throughput]) -> Throughput | None:
    """The row to reckon a system with: the strongest kind that counts, then the newest, then by id."""
    order = {kind: rank for rank, kind in enumerate(EvidenceKind)}
    fitting = [
        row
        for row in rows.values()
        if row.system == system
        and row.model == wanted.model
        and row.scenario == wanted.scenario
        and row.evidence in wanted.evidence
        and row.gpu_denominator == "all"
    ]
    return min(fitting, key=lambda row: (order[row.evidence], -row.as_of.toordinal(), row.id), default=None)


def gpu_hour(system: str, wanted: Economics, catalog: Catalog) -> float | None:
    """Cost of a GPU hour of a system in US dollars; None where nothing is known."""
    if system in wanted.usd_per_gpu_hour:
        return wanted.usd_per_gpu_hour[system]
    row = catalog.costs.get(f"gpu-hour-{system}")
    return row.usd if row is not None else None


def economics_plan(
    stack: Stack,
    pools: tuple[PoolPlan, ...],
    power: PowerPlan | None,
    region: Region | None,
    catalog: Catalog,
) -> EconomicsPlan:
    """Tokens and cost of the pools that serve tokens.

    A pool without evidence is left out of tokens, power and cost alike, so that the ratios stay true of the
    rest. All rows used have one token basis: that of the first pool with evidence.
    """
    wanted = stack.economics
    mode = catalog.power_modes[power.mode.value if power else "tdp"]
    derate = wanted.derate * mode.throughput_factor
    used: list[tuple[PoolPlan, EvidenceUsed]] = []
    for pool in pools:
        row = evidence_for(pool.system.id, wanted, catalog.throughput)
        if pool.pool.service not in SERVING or row is None:
            continue
        if used and row.token_basis != used[0][1].row.token_basis:
            continue
        tokens = pool.gpus * row.tokens_per_second_per_gpu * derate
        evidence = EvidenceUsed(
            pool=pool.name, system=pool.system.id, row=row, derate=derate, tokens_per_second=tokens
        )
        used.append((pool, evidence))
    tokens = math.fsum(evidence.tokens_per_second for _, evidence in used)
    pue = power.pue if power else region.pue_plan if region else 1.0
    grid = GridPower(math.fsum(load_of(pool, mode).at_grid(pue).kw for pool, _ in used))
    costs = [gpu_hour(pool.system.id, wanted, catalog) for pool, _ in used]
    hourly = math.fsum((cost or 0.0) * pool.gpus for cost, (pool, _) in zip(costs, used, strict=True))
    price = wanted.usd_per_kwh if wanted.usd_per_kwh is not None else region.usd_per_kwh if region else None
    kwh = power.grid.kw * HOURS_A_YEAR if power else None
    return EconomicsPlan(
        token_basis=used[0][1].row.token_basis if used else None,
        gpus=sum(pool.gpus for pool, _ in used),
        tokens_per_second=tokens if used else None,
        tokens_per_second_per_mw=tokens_per_second_per_mw(tokens, grid) if used else None,
        joules_per_token=joules_per_token(grid, tokens) if used else None,
        usd_per_million_tokens=(
            usd_per_million_tokens(hourly, tokens)
            if used and all(cost is not None for cost in costs)
            else None
        ),
        usd_per_kwh=price,
        energy_usd_per_year=kwh * price if kwh is not None and price is not None else None,
        carbon_t_per_year=kwh * region.carbon_g_per_kwh / 1e6 if kwh is not None and region else None,
        capex_usd=power.capacity.kw / 1000 * catalog.costs["capex-per-mw"].usd if power else None,
        evidence=tuple(evidence for _, evidence in used),
    )
