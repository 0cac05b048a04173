"""What the plan has to say about evidence for tokens and cost: what is left out of the figures, and why."""

from collections.abc import Callable, Iterator

from aifactory.catalog.models import Catalog
from aifactory.catalog.programme import Throughput
from aifactory.plan.base import Finding
from aifactory.plan.economics import Judged, LeftOut, about, gpu_hour, judged
from aifactory.plan.models import FactoryPlan
from aifactory.plan.selection import pools_with_paths
from aifactory.spec.economics import Economics, EvidenceKind

THROUGHPUT = "aifactory/catalog/throughput.yaml"
"""Where a measured row is added."""


def _left_out(plan: FactoryPlan, catalog: Catalog, why: LeftOut) -> list[Judged]:
    found = judged(plan.pools, plan.stack.economics, catalog.throughput)
    return [one for one in found if one.left_out is why]


def _rows_used(plan: FactoryPlan) -> list[Throughput]:
    """The rows behind the figures, each once."""
    return list({used.row.id: used.row for used in plan.economics.evidence}.values())


def _named(pools: list[Judged]) -> str:
    names = [f"'{one.pool.name}'" for one in pools]
    return f"pool {names[0]} is" if len(names) == 1 else f"pools {', '.join(names)} are"


def _nearest_evidence(wanted: Economics, rows: list[Throughput]) -> str:
    """What would make some row of the system count; a measurement where nothing would."""
    same = [row for row in rows if (row.model, row.scenario) == (wanted.model, wanted.scenario)]
    if same:
        return f"add {same[0].evidence.value} to economics.evidence to reckon with {same[0].id}"
    other = [row for row in rows if row.evidence in wanted.evidence]
    near = next((row for row in other if row.model == wanted.model), other[0] if other else None)
    if near is not None:
        return f"set economics to model: {near.model} and scenario: {near.scenario}"
    return f"measure it, and add a row to {THROUGHPUT}"


def no_token_evidence(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """A system that serves tokens and has no row that counts is named, with what there is of it."""
    wanted = plan.stack.economics
    missing = _left_out(plan, catalog, LeftOut.NO_EVIDENCE)
    for system in dict.fromkeys(one.pool.system.id for one in missing):
        pools = [one for one in missing if one.pool.system.id == system]
        rows = about(system, catalog.throughput)
        known = ", ".join(f"{row.model} {row.scenario} ({row.evidence.value})" for row in rows)
        yield Finding(
            code="no-token-evidence",
            severity="info",
            path="economics",
            message=(
                f"no throughput of {system} counts for {wanted.model} {wanted.scenario}"
                f" ({', '.join(kind.value for kind in wanted.evidence)}): {_named(pools)} left out of tokens and"
                f" their cost; known of {system}: {known or 'nothing'}"
            ),
            fix=_nearest_evidence(wanted, rows),
        )


def token_bases_mixed(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """Input, output and total tokens are never added."""
    for one in _left_out(plan, catalog, LeftOut.OTHER_BASIS):
        if one.row is None:
            continue
        yield Finding(
            code="token-bases-mixed",
            severity="warning",
            path="economics",
            message=(
                f"{_named([one])} left out: its row {one.row.id} counts {one.row.token_basis} tokens, those of"
                f" most GPUs {plan.economics.token_basis} tokens; one token basis for all pools"
            ),
            fix=f"choose a scenario whose rows all count {plan.economics.token_basis} tokens, or add such a row",
        )


def vendor_claim_used(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:  # noqa: ARG001 - as every rule
    """A figure that rests on its maker's word says so."""
    for row in _rows_used(plan):
        if row.evidence is EvidenceKind.VENDOR_CLAIM:
            yield Finding(
                code="vendor-claim-used",
                severity="info",
                path="economics.evidence",
                message=f"the tokens of {row.system} rest on its maker's claim {row.id}; no open benchmark shows them",
                fix=f"remove {row.evidence.value} from economics.evidence once there is a benchmark",
            )


def simulated_evidence_used(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:  # noqa: ARG001
    """A figure that a performance model worked out says so, and how such figures compare with measured ones.

    The comparison is AIConfigurator 0.12.0 against MLPerf Inference v6.0, of the same GPU with other traffic.
    """
    for row in _rows_used(plan):
        if row.evidence is EvidenceKind.SIMULATED:
            yield Finding(
                code="simulated-evidence-used",
                severity="info",
                path="economics.evidence",
                message=(
                    f"the tokens of {row.system} are simulated ({row.id}), not measured; such figures were 1.6 to 2.2"
                    " times those of MLPerf for the same GPU"
                ),
                fix=f"measure {row.system}, or lower economics.derate",
            )


def evidence_expired(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:  # noqa: ARG001
    """A row that is out of date when the phase goes live is used, and said to be.

    The plan knows no day but that of going live.
    """
    live = plan.stack.live
    for row in _rows_used(plan):
        if live is not None and live > row.expires:
            yield Finding(
                code="evidence-expired",
                severity="info",
                path="economics",
                message=(
                    f"the throughput {row.id} ({row.software}) counts as current until {row.expires}, the phase is"
                    f" live on {live}; software alone changes such figures several times a year"
                ),
                fix=f"plan again with a newer row of {row.system} when there is one",
            )


def partitioned_pool(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """A pool whose GPUs are cut or shared serves other models than the reference workload's."""
    paths = {planned.name: path for path, planned in pools_with_paths(plan)}
    for one in _left_out(plan, catalog, LeftOut.PARTITIONED):
        yield Finding(
            code="partitioned-pool-left-out",
            severity="info",
            path=f"{paths[one.pool.name]}.partitioning",
            message=(
                f"{_named([one])} left out of tokens and their cost: its GPUs are cut or shared; reference"
                " throughput is of whole GPUs"
            ),
            fix="nothing to do",
        )


def no_gpu_hour_cost(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """Where one system has no cost, the cost of all tokens is not known."""
    wanted = plan.stack.economics
    for system in dict.fromkeys(used.system for used in plan.economics.evidence):
        if gpu_hour(system, wanted, catalog) is None:
            yield Finding(
                code="no-gpu-hour-cost",
                severity="info",
                path="economics.usd_per_gpu_hour",
                message=f"the cost of a GPU hour of {system} is not known, and so not that of a million tokens",
                fix=f"set economics.usd_per_gpu_hour: {{{system}: <US dollars, power included>}}",
            )


RULES: tuple[Callable[[FactoryPlan, Catalog], Iterator[Finding]], ...] = (
    no_token_evidence,
    token_bases_mixed,
    vendor_claim_used,
    simulated_evidence_used,
    evidence_expired,
    partitioned_pool,
    no_gpu_hour_cost,
)
"""Every rule of this module."""
