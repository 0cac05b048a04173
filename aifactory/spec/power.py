"""Power of a site in a phase: what is contracted, over which feeds, and how hard it is used."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from aifactory.spec.units import DnsLabel, Megawatts, Section


class PowerMode(StrEnum):
    """How much of their nameplate power racks are given; figures are rows of the catalogue's power modes."""

    TDP = "tdp"
    """Every rack may draw its nameplate power at any time."""
    DPS = "dps"
    """NVIDIA's Dynamic Power Software, as piloted: four racks in the envelope of three."""
    MAXLPS = "maxlps"
    """NVIDIA's DSX MaxLPS planning figures: more racks, each a little slower."""


class Redundancy(StrEnum):
    """What may be lost while the declared load is carried on."""

    N = "n"
    """Nothing: every feed is needed."""
    N_PLUS_1 = "n+1"
    """Any one feed."""
    TWO_N = "2n"
    """Any half of the feeds."""


class Feed(Section):
    """A line from the grid or from a generator to the site."""

    name: DnsLabel
    capacity_mw: Megawatts
    """Grid power that the feed can carry, in megawatts."""


class Power(Section):
    """The power of a site: one figure contracted, and the feeds that bring it."""

    capacity_mw: Megawatts
    """Grid power contracted for the phase, in megawatts; cooling and losses are paid out of it."""
    pue: Annotated[float, Field(ge=1, le=3, strict=True)] | None = None
    """Grid power over IT power; none means the planning value of the site's country in the catalogue."""
    mode: PowerMode = PowerMode.TDP
    redundancy: Redundancy = Redundancy.N_PLUS_1
    feeds: tuple[Feed, ...] = ()
    """None given means that the feeds are not declared, and their redundancy is not checked."""
    grid_permit: Annotated[str, StringConstraints(min_length=3, max_length=200)] | None = None
    """Reference of the permit to draw this load, for example of a grid-impact assessment."""
