"""What the plan has to say about a site's power by the rules of its country: facts, PUE, permits."""

import math
from collections.abc import Callable, Iterator

from aifactory.catalog.models import Catalog
from aifactory.plan.base import Finding
from aifactory.plan.models import FactoryPlan
from aifactory.plan.power import load_of
from aifactory.plan.quantities import ITPower
from aifactory.spec.power import PowerMode
from aifactory.spec.stack import Target

UNPLANNED = ITPower(1000)
"""Load of racks above which a real site is told that its power is not planned (assumption: a small hall)."""


def no_region(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """Power is planned with facts of the site's country."""
    country = plan.stack.site.country
    if plan.stack.power is not None and country not in catalog.regions:
        yield Finding(
            code="no-region",
            severity="error",
            path="site.country",
            message=(
                f"the catalogue has no row for the country '{country}', so that its power cannot be planned;"
                f" countries: {', '.join(sorted(catalog.regions))}"
            ),
            fix="name one of them, or add a row to aifactory/catalog/regions.yaml",
        )


def pue_above_limit(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """The site is as efficient as its country asks for."""
    power, site = plan.power, plan.stack.site
    region = catalog.regions.get(site.country)
    if power is None or region is None or region.pue_limit is None:
        return
    if region.pue_limit_new_only and not site.new_build:
        return
    limit, strict = region.pue_limit, region.pue_limit_strict
    if power.pue < limit or (power.pue == limit and not strict):
        return
    whose = "new builds" if region.pue_limit_new_only else "data centres"
    existing = ", or site.new_build: false for an existing building" if region.pue_limit_new_only else ""
    yield Finding(
        code="pue-above-limit",
        severity="error",
        path="power.pue",
        message=(
            f"a PUE of {power.pue:g} is not allowed in {region.name};"
            f" {whose} there have {'less than' if strict else 'at most'} {limit:g}"
        ),
        fix=f"plan the cooling for a PUE of {limit - 0.01 if strict else limit:.4g} or better{existing}",
    )


def grid_permit_missing(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """A large load in a metropolitan area has its permit."""
    power, site = plan.stack.power, plan.stack.site
    region = catalog.regions.get(site.country)
    if power is None or region is None or region.permit_mw is None or power.grid_permit is not None:
        return
    if site.metro and power.capacity_mw >= region.permit_mw:
        yield Finding(
            code="grid-permit-missing",
            severity="warning",
            path="power.grid_permit",
            message=(
                f"{power.capacity_mw:g} MW are contracted in a metropolitan area of {region.name} without a permit;"
                f" the grid may refuse a load of {region.permit_mw:g} MW or more there"
            ),
            fix="give the permit's reference as grid_permit",
        )


def power_not_planned(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """A real site of some size says where its power comes from."""
    if plan.stack.power is not None or plan.target is not Target.CLUSTER:
        return
    mode = catalog.power_modes[PowerMode.TDP.value]
    load = ITPower(math.fsum(load_of(pool, mode).kw for pool in plan.pools))
    if load > UNPLANNED:
        yield Finding(
            code="power-not-planned",
            severity="info",
            path="power",
            message=(
                f"the racks draw up to {load.kw / 1000:.3g} MW, and no power is planned for them;"
                " racks, feeds and cost of energy are then not checked"
            ),
            fix="add the section power, with capacity_mw",
        )


RULES: tuple[Callable[[FactoryPlan, Catalog], Iterator[Finding]], ...] = (
    no_region,
    pue_above_limit,
    grid_permit_missing,
    power_not_planned,
)
"""Every rule of this module."""
