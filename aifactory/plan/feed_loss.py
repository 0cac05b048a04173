"""What a site still carries when one feed is lost."""

from typing import NamedTuple

from aifactory.plan.quantities import GridPower
from aifactory.plan.site_models import PowerPlan


class FeedLoss(NamedTuple):
    """The loss of one feed."""

    feed: str
    remaining: GridPower
    """What the other feeds carry, the contract at most."""
    short: GridPower
    """Planned load that the other feeds do not carry; 0 where they carry all of it."""


def feed_losses(power: PowerPlan) -> tuple[FeedLoss, ...]:
    """The loss of each feed, in the order of the stack file; empty where no feed is declared."""
    found: list[FeedLoss] = []
    for lost in power.feeds:
        others = GridPower(sum(feed.capacity.kw for feed in power.feeds if feed is not lost))
        remaining = min(others, power.capacity)
        found.append(FeedLoss(lost.name, remaining, max(power.grid - remaining, GridPower(0))))
    return tuple(found)
