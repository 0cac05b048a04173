"""The plan: what a stack amounts to, as plain frozen data."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from aifactory.catalog.models import Chart, System
from aifactory.catalog.programme import Throughput
from aifactory.plan.quantities import GridPower, ITPower
from aifactory.spec.pools import Pool
from aifactory.spec.power import PowerMode, Redundancy
from aifactory.spec.stack import Stack, Target


class PlanModel(BaseModel):
    """Base of the plan's parts: frozen, no unknown fields, described by docstrings."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Finding(PlanModel):
    """Something the plan noticed; an ``error`` refuses the plan."""

    code: str
    """Stable name of the rule, for example ``unknown-system``."""
    severity: Literal["error", "warning", "info"]
    path: str
    """Dotted path of the field in the stack file."""
    message: str
    """What is wrong, and what is allowed."""
    fix: str
    """The nearest valid choice."""


class PoolPlan(PlanModel):
    """One pool with its size and what its nodes offer."""

    name: str
    pool: Pool
    """The pool as the stack file declares it, with defaults applied."""
    system: System
    racks: int
    """Racks, the last one possibly part-filled."""
    nodes: int
    gpus: int
    """Physical GPUs of the pool."""
    resource: str
    """The extended resource pods ask for, or the device class where allocation is DRA."""
    allocatable: dict[str, int]
    """Extended resources of ONE node; empty where allocation is DRA."""
    product_label: str | None
    """Expected value of ``nvidia.com/gpu.product`` on the nodes; None where it is not known."""
    sharing_replicas: int
    """How many times each GPU or MIG instance is offered; 1 without sharing."""
    first_node: int = 0
    """Index of its first node in the site's pool: above 0 for the part of a pool that a later cell holds."""


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


class StoragePlan(PlanModel):
    """The checkpoint arithmetic of the storage tiers."""

    checkpoint_write_s: float | None
    """Seconds the largest checkpoint takes to write at the tier's throughput; None without one."""
    checkpoint_capacity_tib: float | None
    """Tebibytes that the kept checkpoints need together; None without one."""


class FactoryPlan(PlanModel):
    """A stack, worked out."""

    name: str
    """Name of the stack."""
    stack: Stack
    target: Target
    pools: tuple[PoolPlan, ...]
    storage: StoragePlan
    power: PowerPlan | None
    """None where the stack declares no power."""
    fabrics: tuple[FabricPlan, ...]
    cells: tuple[CellPlan, ...]
    economics: EconomicsPlan
    cell: str | None = None
    """Name of the cell where this is the plan of one cell of a site; None for the whole site."""
    charts: dict[str, Chart]
    """Pinned charts by catalogue id."""
    images: dict[str, str]
    """Pinned image references by catalogue id."""
    findings: tuple[Finding, ...]

    @property
    def simulated(self) -> bool:
        """Whether the nodes are simulated: operators are then present as APIs only."""
        return self.target is Target.SIMULATED

    @property
    def nodes(self) -> int:
        """GPU nodes of all pools."""
        return sum(pool.nodes for pool in self.pools)

    @property
    def gpus(self) -> int:
        """Physical GPUs of all pools."""
        return sum(pool.gpus for pool in self.pools)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that refuse the plan."""
        return tuple(finding for finding in self.findings if finding.severity == "error")
