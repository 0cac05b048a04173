"""The plan's power for people: what is contracted, what is used, and what the loss of a feed means."""

from aifactory.catalog.models import Catalog
from aifactory.cli import figures
from aifactory.cli.console import out
from aifactory.cli.sheet import Fact, facts, heading, sentence, table
from aifactory.plan.details import mode_of
from aifactory.plan.feed_loss import feed_losses
from aifactory.plan.models import FactoryPlan
from aifactory.plan.site_models import PowerPlan
from aifactory.plan.unknowns import unknowns
from aifactory.spec.power import Redundancy

_LOSS = {
    Redundancy.N: "every feed is needed (n)",
    Redundancy.N_PLUS_1: "after the loss of the largest feed (n+1)",
    Redundancy.TWO_N: "after the loss of half of the feeds (2n)",
}


def power_section(plan: FactoryPlan, catalog: Catalog) -> None:
    """What is contracted, what may be used, what is used, and what happens when a feed is lost."""
    heading("Power")
    power = plan.power
    if power is None:
        sentence(f"{figures.NOT_KNOWN}: {unknowns(plan, catalog)['power']}")
        return
    scale = power.capacity.kw
    region = catalog.regions[plan.stack.site.country]
    pue = (
        "given by the stack" if power.pue_given else f"planning value of {region.name}; the stack gives none"
    )
    mode = mode_of(plan, catalog)
    if power.headroom.kw >= 0:
        room = f"{figures.share(power.headroom.kw, power.usable.kw)} of what is usable"
    else:
        room = f"{figures.share(-power.headroom.kw, power.usable.kw)} more is planned than is usable"
    rows: list[Fact] = [
        ("contract", figures.power(scale, scale), ""),
        ("usable", figures.power(power.usable.kw, scale), _usable_note(power)),
        ("IT load", figures.power(power.it.kw, scale), "racks with their switches, storage and management"),
        ("PUE", f"{power.pue:.2f}", pue),
        ("grid load", figures.power(power.grid.kw, scale), "IT load times PUE"),
        ("headroom", figures.power(power.headroom.kw, scale), room),
        ("mode", mode.id.value, _mode_note(mode.oversubscription, mode.throughput_factor)),
    ]
    facts(rows)
    _feeds(power, scale)


def _usable_note(power: PowerPlan) -> str:
    if not power.feeds:
        return "no feeds are declared: their loss is not looked at"
    if power.usable == power.capacity:
        return f"the contract; the feeds carry it {_LOSS[power.redundancy]}"
    return _LOSS[power.redundancy]


def _mode_note(oversubscription: float, factor: float) -> str:
    if oversubscription == 1:
        return "racks have their nameplate power"
    return f"racks share 1/{oversubscription:g} of nameplate power and reach {factor:.1%} of its throughput"


def _feeds(power: PowerPlan, scale_kw: float) -> None:
    if not power.feeds:
        return
    out.print()
    rows = []
    for feed, loss in zip(power.feeds, feed_losses(power), strict=True):
        carried = f"others carry {figures.power(loss.remaining.kw, scale_kw)}"
        end = f"short of {figures.power(loss.short.kw, scale_kw)}" if loss.short.kw > 0 else "enough"
        rows.append(
            (
                feed.name,
                figures.power(feed.capacity.kw, scale_kw),
                figures.power(feed.load.kw, scale_kw),
                f"{carried}: {end}",
            )
        )
    table(("feed", "capacity", "load", "when it is lost"), rows, words=("feed", "when it is lost"))
