"""The plan: what a stack amounts to, as plain frozen data."""

from aifactory.catalog.models import Chart, System
from aifactory.plan.base import Finding, PlanModel
from aifactory.plan.site_models import CellPlan, EconomicsPlan, FabricPlan, PowerPlan
from aifactory.spec.pools import Pool
from aifactory.spec.stack import Stack, Target


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
    def in_lab(self) -> bool:
        """Whether a local lab stands for the cluster."""
        return self.target is not Target.CLUSTER

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
