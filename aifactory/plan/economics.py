"""Economics: tokens a second, tokens for a megawatt, joules for a token, dollars for a million of them.

What is counted is narrow on purpose, so that every ratio is true of the same GPUs: pools that serve tokens, of
whole GPUs, with evidence that counts, in one token basis. The others are named by the findings.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from aifactory.catalog.models import Catalog
from aifactory.catalog.programme import Region, Throughput
from aifactory.plan.models import PoolPlan
from aifactory.plan.power import load_of
from aifactory.plan.quantities import GridPower
from aifactory.plan.site_models import EconomicsPlan, EvidenceUsed, PowerPlan
from aifactory.spec.economics import Economics, EvidenceKind
from aifactory.spec.pools import Partitioning, Service
from aifactory.spec.stack import Stack

SERVING = (Service.INFERENCE, Service.AGENTIC, Service.ENTERPRISE)
"""Services whose pools serve tokens; the others' GPUs are not counted."""
HOURS_A_YEAR = 8760


class LeftOut(StrEnum):
    """Why a pool that serves tokens is not counted."""

    EMPTY = "empty"
    """It has no nodes, as where its share of the power feeds no rack."""
    PARTITIONED = "partitioned"
    """Its GPUs are cut or shared; a reference throughput is of whole GPUs with one model on them."""
    NO_EVIDENCE = "no-evidence"
    """No row of its system that counts is about the reference workload."""
    OTHER_BASIS = "other-basis"
    """Its row counts other tokens (input, output, or both) than those of most GPUs."""


@dataclass(frozen=True)
class Judged:
    """A pool that serves tokens, and whether it is counted.

    Attributes:
        pool: The pool.
        row: What its tokens are reckoned with; None without evidence.
        left_out: Why it is not counted; None where it is.
    """

    pool: PoolPlan
    row: Throughput | None
    left_out: LeftOut | None


def usd_per_million_tokens(usd_per_gpu_hour: float, tokens_per_second: float) -> float:
    """Cost of a million tokens: of one GPU's cost and rate, or of those of all GPUs together."""
    return usd_per_gpu_hour * 1e6 / (3600 * tokens_per_second)


def joules_per_token(power: GridPower, tokens_per_second: float) -> float:
    """Grid energy of a token."""
    return power.kw * 1000 / tokens_per_second


def tokens_per_second_per_mw(tokens_per_second: float, power: GridPower) -> float:
    """Tokens a second for each megawatt of grid power."""
    return tokens_per_second * 1000 / power.kw


def about(system: str, rows: dict[str, Throughput]) -> list[Throughput]:
    """Every row of a system that may be planned with, the strongest kind first, then the newest.

    A figure divided by the decode GPUs alone is not among them: it overstates a whole deployment.
    """
    order = {kind: rank for rank, kind in enumerate(EvidenceKind)}
    fitting = [row for row in rows.values() if row.system == system and row.gpu_denominator == "all"]
    return sorted(fitting, key=lambda row: (order[row.evidence], -row.as_of.toordinal(), row.id))


def evidence_for(system: str, wanted: Economics, rows: dict[str, Throughput]) -> Throughput | None:
    """The row to reckon a system with: the strongest kind that counts, then the newest, then by id."""
    for row in about(system, rows):
        workload = (row.model, row.scenario) == (wanted.model, wanted.scenario)
        if workload and row.evidence in wanted.evidence:
            return row
    return None


def gpu_hour(system: str, wanted: Economics, catalog: Catalog) -> float | None:
    """Cost of a GPU hour of a system in US dollars; None where nothing is known."""
    if system in wanted.usd_per_gpu_hour:
        return wanted.usd_per_gpu_hour[system]
    row = catalog.costs.get(f"gpu-hour-{system}")
    return row.usd if row is not None else None


def judged(pools: tuple[PoolPlan, ...], wanted: Economics, rows: dict[str, Throughput]) -> tuple[Judged, ...]:
    """The pools that serve tokens, in order, each counted or left out for one reason.

    The token basis that counts is the one of the most GPUs, the first of equals.
    """
    found = [_alone(pool, wanted, rows) for pool in pools if pool.pool.service in SERVING]
    gpus: dict[str, int] = {}
    for one in found:
        if one.row is not None and one.left_out is None:
            gpus[one.row.token_basis] = gpus.get(one.row.token_basis, 0) + one.pool.gpus
    basis = max(gpus, key=lambda name: gpus[name], default=None)
    return tuple(
        Judged(one.pool, one.row, LeftOut.OTHER_BASIS)
        if one.left_out is None and one.row is not None and one.row.token_basis != basis
        else one
        for one in found
    )


def _alone(pool: PoolPlan, wanted: Economics, rows: dict[str, Throughput]) -> Judged:
    """A pool, judged without the others."""
    row = evidence_for(pool.system.id, wanted, rows)
    if pool.gpus == 0:
        return Judged(pool, row, LeftOut.EMPTY)
    if pool.pool.partitioning != Partitioning():
        return Judged(pool, row, LeftOut.PARTITIONED)
    return Judged(pool, row, LeftOut.NO_EVIDENCE if row is None else None)


def economics_plan(
    stack: Stack,
    pools: tuple[PoolPlan, ...],
    power: PowerPlan | None,
    region: Region | None,
    catalog: Catalog,
) -> EconomicsPlan:
    """Tokens and cost of the pools that are counted, and the energy of the whole site.

    A pool that is left out is left out of tokens, power and cost alike. Without power in the stack, energy
    is that of full power at the country's planning PUE; without a PUE it is not known.
    """
    wanted = stack.economics
    mode = catalog.power_modes[power.mode.value if power else "tdp"]
    derate = wanted.derate * mode.throughput_factor
    counted = [
        (one.pool, one.row)
        for one in judged(pools, wanted, catalog.throughput)
        if one.left_out is None and one.row is not None
    ]
    evidence = tuple(
        EvidenceUsed(
            pool=pool.name,
            system=pool.system.id,
            row=row,
            derate=derate,
            tokens_per_second=pool.gpus * row.tokens_per_second_per_gpu * derate,
        )
        for pool, row in counted
    )
    tokens = math.fsum(used.tokens_per_second for used in evidence)
    pue = power.pue if power else region.pue_plan if region else None
    grid = (
        GridPower(math.fsum(load_of(pool, mode).at_grid(pue).kw for pool, _ in counted))
        if counted and pue is not None
        else None
    )
    price = wanted.usd_per_kwh if wanted.usd_per_kwh is not None else region.usd_per_kwh if region else None
    kwh = power.grid.kw * HOURS_A_YEAR if power else None
    return EconomicsPlan(
        token_basis=counted[0][1].token_basis if counted else None,
        gpus=sum(pool.gpus for pool, _ in counted),
        tokens_per_second=tokens if counted else None,
        tokens_per_second_per_mw=tokens_per_second_per_mw(tokens, grid) if grid else None,
        joules_per_token=joules_per_token(grid, tokens) if grid else None,
        usd_per_million_tokens=_usd_per_million([pool for pool, _ in counted], tokens, wanted, catalog),
        usd_per_kwh=price,
        energy_usd_per_year=kwh * price if kwh is not None and price is not None else None,
        carbon_t_per_year=kwh * region.carbon_g_per_kwh / 1e6 if kwh is not None and region else None,
        capex_usd=power.capacity.kw / 1000 * catalog.costs["capex-per-mw"].usd if power else None,
        evidence=evidence,
    )


def _usd_per_million(
    pools: list[PoolPlan], tokens: float, wanted: Economics, catalog: Catalog
) -> float | None:
    """Cost of a million tokens of these pools; None without pools, or where one of them has no cost."""
    hourly: list[float] = []
    for pool in pools:
        cost = gpu_hour(pool.system.id, wanted, catalog)
        if cost is None:
            return None
        hourly.append(cost * pool.gpus)
    return usd_per_million_tokens(math.fsum(hourly), tokens) if pools else None
