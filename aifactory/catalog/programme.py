"""Rows that plan a programme: fabrics, power, throughput, cost, regions, residency, compatibility."""

import datetime
from typing import Annotated, Literal

from pydantic import Field

from aifactory.catalog.row import Row
from aifactory.spec.economics import EvidenceKind
from aifactory.spec.power import PowerMode

CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class Announced(Row):
    """A system that is known but cannot be planned with: a figure that the plan needs is not published."""

    status: Literal["early", "roadmap", "withdrawn"]
    """``withdrawn`` is no longer offered."""
    generation: str
    description: str
    reason: str
    """Why it cannot be planned, to follow the words "it cannot be planned:"."""
    instead: str
    """The nearest system of the catalogue that can be planned."""
    gpus_per_rack: Annotated[int, Field(gt=0)] | None = None
    """Accelerator packages in one rack; this figure and those below are None where nothing is published."""
    dies_per_gpu: Annotated[int, Field(gt=0)] | None = None
    memory_gb: Annotated[float, Field(gt=0)] | None = None
    """Memory of one accelerator, in 10^9 bytes."""
    fp8_pflops: Annotated[float, Field(gt=0)] | None = None
    """Throughput of one accelerator in 10^15 operations a second, as announced."""
    fp4_pflops: Annotated[float, Field(gt=0)] | None = None
    gpu_power_w: Annotated[int, Field(gt=0)] | None = None
    rack_tdp_kw: Annotated[float, Field(gt=0)] | None = None
    """IT power of one rack in kilowatts."""


class FabricDesign(Row):
    """A way to build a non-blocking fabric out of one kind of switch."""

    description: str
    radix: Annotated[int, Field(ge=4)]
    """Ports of one switch at the endpoint's speed."""
    gbps: Annotated[int, Field(gt=0)]
    """Speed of one port in gigabits a second."""
    planes: Annotated[int, Field(ge=1)]
    """Parallel, separate networks; a GPU has a port in each."""
    unit_nodes: Annotated[int, Field(ge=1)]
    """Nodes of one scalable unit of the maker's design, with 8 endpoints a node and plane."""


class PowerModeRow(Row):
    """What a power mode gains in racks and costs in throughput; its id is a ``PowerMode``."""

    id: PowerMode
    oversubscription: Annotated[float, Field(ge=1)]
    """Nameplate power of the racks over the power they are given."""
    throughput_factor: Annotated[float, Field(gt=0, le=1)]
    """Throughput of a GPU over that of one with its nameplate power."""


class Throughput(Row):
    """Tokens a second that one GPU of a system reached on a workload."""

    system: str
    """Row of the system catalogue."""
    model: str
    scenario: str
    """For example ``server``, ``offline``, ``8k-1k``."""
    evidence: EvidenceKind
    tokens_per_second_per_gpu: Annotated[float, Field(gt=0)]
    token_basis: Literal["total", "output", "input"]
    """Which tokens are counted; figures of different bases are never added or compared."""
    gpu_denominator: Literal["all", "decode-only"] = "all"
    """Which GPUs the figure is divided by; ``decode-only`` overstates a whole deployment and is not planned with."""
    software: str
    """Version of the serving software, or of the benchmark round."""
    expires: datetime.date
    """After this day the row no longer counts as current (ours to say): software changes it several times a year."""


class Cost(Row):
    """A cost figure; the plan takes ``gpu-hour-<system>`` and ``capex-per-mw``, other ids are to choose from."""

    usd: Annotated[float, Field(gt=0)]
    """US dollars for one unit."""
    per: Literal["gpu-hour", "grid-mw"]
    system: str | None = None
    """System that the figure is for; None where it is for any."""


class Region(Row):
    """A country as a place for AI factories; its id is the ISO 3166-1 code."""

    id: CountryCode
    name: str
    carbon_g_per_kwh: Annotated[float, Field(gt=0)]
    """Grams of CO2 equivalent for one kWh from the grid."""
    carbon_year: int
    usd_per_kwh: Annotated[float, Field(gt=0)]
    """Industrial price of electricity in US dollars."""
    pue_plan: Annotated[float, Field(ge=1)]
    """PUE to plan with where a site gives none."""
    pue_limit: Annotated[float, Field(ge=1)] | None = None
    """Highest PUE the country allows; None where no rule is known."""
    pue_limit_strict: bool = False
    """Whether the limit itself is forbidden too (below, not at most)."""
    pue_limit_new_only: bool = False
    """Whether the limit is for new buildings only."""
    permit_mw: Annotated[float, Field(gt=0)] | None = None
    """Load of a metropolitan site from which on the grid may refuse; None where no rule is known."""
    data_rule: str
    """The country's rule for data and AI placement, in a sentence."""


class Residency(Row):
    """A kind of data and the countries it may be in; its id is the data tag."""

    description: str
    countries: Annotated[tuple[CountryCode, ...], Field(min_length=1)]


class Compatibility(Row):
    """One component and what it works with."""

    component: str
    """A chart id of the releases, ``driver`` or ``compute-domains``."""
    versions: tuple[str, ...] = ()
    """Versions the row is about, each a prefix (``v26.7``); none means every version."""
    kubernetes_min: Annotated[str, Field(pattern=r"^1\.[0-9]{2}$")] | None = None
    kubernetes_max: Annotated[str, Field(pattern=r"^1\.[0-9]{2}$")] | None = None
    driver_min: str | None = None
    page_sizes_kib: tuple[Literal[4, 64], ...] = ()
    """Kernel page sizes it supports; none means any."""
    generations: tuple[str, ...] = ()
    """GPU generations it supports; none means any."""


class KnownBad(Row):
    """Versions that must not be used, and why."""

    component: str
    """A chart id or an image id of the releases, or ``driver``."""
    fixed_in: str
    """First good version; every older one is bad."""
    reason: str
    """The advisory and what it allows."""
