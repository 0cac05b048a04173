"""What a plan's figures rest on, in sentences: what is assumed, and where the rest is from."""

from collections.abc import Iterator

from aifactory.catalog.models import Catalog
from aifactory.catalog.row import Row
from aifactory.plan.economics import gpu_hour
from aifactory.plan.models import FactoryPlan
from aifactory.plan.unknowns import uncounted
from aifactory.spec.power import PowerMode


def _origin(row: Row) -> str:
    """Source, date and confidence of a row, in brackets."""
    if row.source == "assumption":
        return "(assumption)"
    return f"({row.source}, {row.as_of}, confidence {row.confidence})"


def _power(plan: FactoryPlan, catalog: Catalog) -> Iterator[str]:
    power, region = plan.power, catalog.regions.get(plan.stack.site.country)
    if power is None or region is None:
        return
    if not power.pue_given:
        kind = "assumption" if "pue_plan" in region.assumed else f"catalogue, {region.as_of}"
        yield f"PUE {power.pue:g} is the planning value of {region.name} ({kind}); power.pue gives the site's own"
    if power.mode is not PowerMode.TDP:
        row = catalog.power_modes[power.mode.value]
        yield (
            f"mode {row.id.value}: racks are given 1/{row.oversubscription:g} of their nameplate power and reach"
            f" {row.throughput_factor:.1%} of its throughput {_origin(row)}"
        )
    yield "energy and carbon are those of the planned load all year round, an upper bound"
    yield f"carbon: {region.carbon_g_per_kwh:g} g of CO2 for a kWh of {region.name}'s grid in {region.carbon_year}"
    capex = catalog.costs["capex-per-mw"]
    yield (
        f"capex: ${capex.usd:,.0f} for each contracted MW, an order of magnitude and no offer {_origin(capex)}"
    )


def _systems(plan: FactoryPlan) -> Iterator[str]:
    for system in {pool.system.id: pool.system for pool in plan.pools}.values():
        if system.confidence == "C":
            yield f"figures of {system.id} are derived or assumed {_origin(system)}"


def _price(plan: FactoryPlan, catalog: Catalog) -> Iterator[str]:
    price, region = plan.economics.usd_per_kwh, catalog.regions.get(plan.stack.site.country)
    if price is None:
        return
    if plan.stack.economics.usd_per_kwh is not None or region is None:
        yield f"electricity: ${price:g} a kWh, given by the stack"
        return
    kind = "assumption" if "usd_per_kwh" in region.assumed else "catalogue"
    yield (
        f"electricity: ${price:g} a kWh, industrial price of {region.name} ({kind});"
        " economics.usd_per_kwh gives the contract's"
    )


def _tokens(plan: FactoryPlan, catalog: Catalog) -> Iterator[str]:
    wanted, economics = plan.stack.economics, plan.economics
    for pool, reason in uncounted(plan, catalog).items():
        yield f"pool {pool} is left out of tokens and their cost: {reason}"
    if not economics.evidence:
        return
    given = "given by the stack" if "derate" in wanted.model_fields_set else "assumption"
    yield f"a service reaches {wanted.derate:.0%} of the reference throughput, averaged over a year ({given})"
    for system in dict.fromkeys(used.system for used in economics.evidence):
        cost, row = gpu_hour(system, wanted, catalog), catalog.costs.get(f"gpu-hour-{system}")
        if cost is None:
            continue
        own = system in wanted.usd_per_gpu_hour
        origin = "(given by the stack)" if own or row is None else _origin(row)
        yield f"a GPU hour of {system} costs ${cost:,.3f}, power included {origin}"


def assumptions(plan: FactoryPlan, catalog: Catalog) -> tuple[str, ...]:
    """What the figures rest on, one sentence each.

    Args:
        plan: A plan, refused or not.
        catalog: The facts it was planned with.
    """
    return (
        *_power(plan, catalog),
        *_systems(plan),
        *_price(plan, catalog),
        *_tokens(plan, catalog),
    )
