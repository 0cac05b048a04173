"""The plan for people: its head, tokens and cost, what they rest on, and the findings."""

from aifactory.catalog.models import Catalog
from aifactory.cli import figures
from aifactory.cli.figures import count, large, money, plural
from aifactory.cli.sheet import Fact, facts, heading, sentence
from aifactory.plan.assumptions import assumptions
from aifactory.plan.base import Finding
from aifactory.plan.models import FactoryPlan
from aifactory.plan.site_models import EvidenceUsed
from aifactory.plan.unknowns import serving_gpus, uncounted, unknowns
from aifactory.spec.economics import EvidenceKind
from aifactory.spec.stack import Target

SEVERITIES = ("error", "warning", "info")
_STYLE = {"error": "red", "warning": "yellow", "info": ""}


def head(plan: FactoryPlan, catalog: Catalog) -> None:
    """What is planned, in three lines."""
    stack = plan.stack
    region = catalog.regions.get(stack.site.country)
    country = region.name if region else stack.site.country
    sentence(
        f"{plan.name}: {stack.phase.value} phase of {stack.site.name} ({country})", lead="", style="bold"
    )
    after = f", after {stack.previous}" if stack.previous else ""
    live = f"live {stack.live}" if stack.live else "no date of going live"
    only = "" if plan.target is Target.CLUSTER else ": nothing of it stands for a real site"
    sentence(f"{live}{after}; target {plan.target.value}{only}", lead="")
    sentence(_summary(plan), lead="")


def _summary(plan: FactoryPlan) -> str:
    """The plan in a line: power, machines, tokens, cost."""
    power, economics = plan.power, plan.economics
    parts = [
        *(
            [f"{figures.power(power.grid.kw, power.capacity.kw)} of {power.capacity.kw / 1000:,g} MW"]
            if power
            else []
        ),
        plural(sum(pool.racks for pool in plan.pools), "rack"),
        plural(plan.gpus, "GPU"),
        plural(len(plan.cells), "cell"),
    ]
    if economics.tokens_per_second is not None:
        parts.append(f"{large(economics.tokens_per_second)} tokens/s{_part_of(plan)}")
    if economics.usd_per_million_tokens is not None:
        parts.append(f"{money(economics.usd_per_million_tokens)} a million")
    return "; ".join(parts)


def _part_of(plan: FactoryPlan) -> str:
    """Which GPUs the tokens are of, where they are not all that serve."""
    counted, serving = plan.economics.gpus, serving_gpus(plan)
    return "" if counted == serving else f" of {counted:,} of {serving:,} serving GPUs"


def economics_section(plan: FactoryPlan, catalog: Catalog) -> None:
    """Tokens, energy and cost, the evidence they rest on, and what is assumed."""
    wanted, economics = plan.stack.economics, plan.economics
    basis = f", {economics.token_basis} tokens" if economics.token_basis else ""
    heading(f"Tokens and cost: {wanted.model}, scenario {wanted.scenario}{basis}")
    reasons = unknowns(plan, catalog)

    def fact(label: str, path: str, value: float | None, shown: str, remark: str) -> Fact:
        if value is None:
            return label, figures.NOT_KNOWN, reasons.get(f"economics.{path}", "the stack declares no power")
        return label, shown, remark

    tokens, per_mw = economics.tokens_per_second, economics.tokens_per_second_per_mw
    joules, cost = economics.joules_per_token, economics.usd_per_million_tokens
    energy, carbon, capex = economics.energy_usd_per_year, economics.carbon_t_per_year, economics.capex_usd
    if tokens is None and uncounted(plan, catalog):
        reasons["economics.tokens_per_second"] = "no throughput row counts: see below"
    rows = [fact("tokens/s", "tokens_per_second", tokens, large(tokens or 0), _counted(plan))]
    if tokens is not None:
        rows += [
            fact("tokens/s per MW", "", per_mw, large(per_mw or 0), "of grid power of these GPUs"),
            fact("J per token", "", joules, f"{joules or 0:.3f}", "grid energy"),
            fact(
                "$ per M tokens",
                "usd_per_million_tokens",
                cost,
                money(cost or 0),
                "GPU hours, power included",
            ),
        ]
    rows += [
        fact("electricity a year", "", energy, money(energy or 0), "whole site at the planned load"),
        fact("carbon a year", "", carbon, f"{count(carbon or 0)} t", "CO2 equivalent of that energy"),
        fact("capex", "capex_usd", capex, money(capex or 0), "order of magnitude, for the contracted power"),
    ]
    facts(rows)
    heading("What these figures rest on")
    for used in economics.evidence:
        _evidence(used)
    for line in assumptions(plan, catalog):
        sentence(line, lead="  - ")


def _counted(plan: FactoryPlan) -> str:
    counted, serving = plan.economics.gpus, serving_gpus(plan)
    if counted == serving:
        return f"all {counted:,} GPUs of pools that serve"
    return f"{counted:,} of {serving:,} GPUs that serve; no evidence for the others"


def _evidence(used: EvidenceUsed) -> None:
    row = used.row
    sentence(
        f"{used.pool}: {large(used.tokens_per_second)} tokens/s by {row.id} ({row.evidence.value}, {row.software},"
        f" {row.as_of}): {row.tokens_per_second_per_gpu:,.0f} a GPU x {used.derate:.4g};"
        f" confidence {row.confidence}{f': {row.notes}' if row.notes else ''}",
        lead="  - ",
    )
    sentence(row.source, lead="    ")
    if row.evidence in {EvidenceKind.SIMULATED, EvidenceKind.VENDOR_CLAIM}:
        kind = "a performance model's" if row.evidence is EvidenceKind.SIMULATED else "a maker's claim"
        sentence(f"this is {kind}, nothing that was measured", lead="    ")


def findings_section(plan: FactoryPlan) -> None:
    """What is to be said of the plan, the gravest first, and whether it is refused."""
    by_severity = sorted(plan.findings, key=lambda found: (SEVERITIES.index(found.severity), found.path))
    tally = ", ".join(
        plural(number, severity if severity != "info" else "remark")
        for severity in SEVERITIES
        if (number := sum(found.severity == severity for found in by_severity))
    )
    heading(f"Findings: {tally or 'none'}")
    together: dict[Finding, list[str]] = {}
    for found in by_severity:
        together.setdefault(found.model_copy(update={"path": ""}), []).append(found.path or "the stack")
    for found, paths in together.items():
        _finding(found, paths)
    heading(
        f"Refused: {plural(len(plan.errors), 'error')}; up, render and pulumi up do not take this plan"
        if plan.errors
        else "Nothing refuses this plan"
    )


def _finding(found: Finding, paths: list[str]) -> None:
    sentence(f"{found.severity} {found.code} at {', '.join(paths)}", style=_STYLE[found.severity])
    sentence(found.message, lead="    ")
    sentence(found.fix, lead="    fix: ")
