"""The site's parts of a plan: power, fabrics, cells, economics."""

from typing import Literal

from aifactory.catalog.programme import Throughput
from aifactory.plan.base import PlanModel
from aifactory.plan.quantities import GridPower, ITPower
from aifactory.spec.power import PowerMode, Redundancy


class FeedPlan(PlanModel):
    """A feed and the load it carries."""

    name: str
    capacity: GridPower
    load: GridPower
    """Its part of the planned load, in proportion to its capacity."""


class PowerPlan(PlanModel):
    """What the site's power is, and what the plan takes of it."""

    capacity: GridPower
    """Contracted."""
    usable: GridPower
    """What may be planned with: the contract, or what the feeds carry after the loss that redundancy allows."""
    pue: float
    pue_given: bool
    """Whether the stack file gives the PUE; if not it is the catalogue's planning value."""
    mode: PowerMode
    redundancy: Redundancy
    it: ITPower
    """What all racks draw in this mode, their share of switches, storage and management included."""
    grid: GridPower
    headroom: GridPower
    """Usable less planned; below zero the plan is refused."""
    feeds: tuple[FeedPlan, ...]


class FabricPlan(PlanModel):
    """One fabric, counted: switches over all planes, endpoints in one plane."""

    name: str
    design: str
    radix: int
    planes: int
    tiers: int
    """2 for leaf and spine, 3 with core; 0 where the fabric is beyond what three tiers reach."""
    leaf: int
    spine: int
    core: int
    endpoints: int
    """Ports in one plane that GPUs use."""
    endpoints_max: int
    """Endpoints of one plane that three tiers of this switch reach."""


class CellPool(PlanModel):
    """The part of a pool that one cell holds."""

    name: str
    first_rack: int
    racks: int
    first_node: int
    nodes: int
    gpus: int


class CellAddresses(PlanModel):
    """The networks of one cell, in CIDR form."""

    pod_cidr: str
    service_cidr: str
    node_cidr: str
    storage_cidr: str | None


class CellPlan(PlanModel):
    """One Kubernetes cluster of the site."""

    name: str
    index: int
    nodes: int
    """GPU nodes."""
    gpus: int
    pools: tuple[CellPool, ...]
    addresses: CellAddresses | None
    """None where the site's networks have no block left for the cell; the plan is then refused."""


class EvidenceUsed(PlanModel):
    """The throughput row that a pool's tokens are reckoned with."""

    pool: str
    system: str
    row: Throughput
    derate: float
    """Factor on the row's figure: the stack's derate times the power mode's throughput factor."""
    tokens_per_second: float


class EconomicsPlan(PlanModel):
    """Tokens and cost of the pools that serve tokens; None where no evidence counts."""

    token_basis: Literal["total", "output", "input"] | None
    gpus: int
    """GPUs that the figures are about."""
    tokens_per_second: float | None
    tokens_per_second_per_mw: float | None
    """For each megawatt of grid power of these pools."""
    joules_per_token: float | None
    """Grid energy."""
    usd_per_million_tokens: float | None
    usd_per_kwh: float | None
    energy_usd_per_year: float | None
    """Electricity of the whole site at the planned load; None without power."""
    carbon_t_per_year: float | None
    capex_usd: float | None
    """Order of magnitude to build the contracted power; None without power."""
    evidence: tuple[EvidenceUsed, ...]
