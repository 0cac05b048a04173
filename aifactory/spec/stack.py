"""The root of a stack file: one site in one phase."""

import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from aifactory.spec.delivery import Delivery
from aifactory.spec.disruption import Acknowledgement
from aifactory.spec.economics import Economics
from aifactory.spec.fabric import Fabric
from aifactory.spec.gates import Gates
from aifactory.spec.network import Network, PolicyProfile
from aifactory.spec.operators import Operators
from aifactory.spec.pools import Pool, Service
from aifactory.spec.power import Power
from aifactory.spec.registry import Registry
from aifactory.spec.storage import Storage
from aifactory.spec.tenancy import Tenant
from aifactory.spec.units import Count, DataTag, DnsLabel, Section, StackName


class Phase(StrEnum):
    """Where a site stands in the programme."""

    PILOT = "pilot"
    SCALE_OUT = "scale-out"
    GIGAWATT = "gigawatt"
    REGIONAL = "regional"


class Target(StrEnum):
    """Where a stack is realised."""

    CLUSTER = "cluster"
    """A real cluster, by kubeconfig."""
    SIMULATED = "simulated"
    """A real control plane with simulated nodes; operators are present as APIs only."""
    KIND = "kind"
    """A kind cluster with mock GPUs, scaled down."""


class Site(Section):
    """A place: country, grid, availability zones."""

    name: DnsLabel
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    """ISO 3166-1 code of two letters, for example ``KR``."""
    region: DnsLabel
    """Value of ``topology.kubernetes.io/region`` on the nodes."""
    zones: Annotated[tuple[DnsLabel, ...], Field(min_length=1)]
    """Values of ``topology.kubernetes.io/zone``; racks are spread over them in turn."""
    metro: bool = Field(default=False, strict=True)
    """Whether the site is in the country's metropolitan area, where grid rules may be stricter."""
    new_build: bool = Field(default=True, strict=True)
    """Whether efficiency rules for new buildings apply."""


class Cluster(Section):
    """The cluster the stack is applied to."""

    uid: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")] | None = (
        None
    )
    """UID of the namespace kube-system; another cluster is refused before anything is written."""
    kubernetes_version: Annotated[str, StringConstraints(pattern=r"^1\.[0-9]{2}$")] = "1.34"
    """Minor version of the control plane; ComputeDomains need 1.34."""
    system_nodes: Count = 3
    """CPU nodes of each cell for operators and controllers; made by the lab where the target is simulated."""
    max_nodes: Annotated[int, Field(ge=2, le=5000, strict=True)] = 5000
    """Most nodes of one cell; 5,000 is what Kubernetes is tested for, fewer keep a failure smaller."""
    pods_per_node: Annotated[int, Field(ge=1, le=500, strict=True)] = 30
    """Pods a node runs at most, averaged over a cell; 150,000 a cell is what Kubernetes is tested for."""


class ServicePlane(Section):
    """A service offered on the factory: today its namespace, which is closed by default."""

    name: Service
    namespace: DnsLabel
    data: tuple[DataTag, ...] = ()
    """Kinds of data the service holds; each may be bound to some countries."""


class Stack(Section):
    """One site in one phase: all that is wanted, and nothing about how it is done."""

    site: Site
    phase: Phase
    live: datetime.date | None = None
    """When the phase is to be live."""
    target: Target = Target.CLUSTER
    """Where the stack is realised unless the command line says otherwise."""
    previous: StackName | None = None
    """Stack of the phase before this one, whose exit gates have to stand; none for a first phase."""
    power: Power | None = None
    """Power of the site; none means that it is not planned, as on a laptop."""
    cluster: Cluster = Cluster()
    pools: Annotated[tuple[Pool, ...], Field(min_length=1)]
    fabrics: tuple[Fabric, ...] = ()
    services: tuple[ServicePlane, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    storage: Storage = Storage()
    network: Network = Network()
    operators: Operators = Operators()
    delivery: Delivery = Delivery()
    registry: Registry | None = None
    """Registry that images and charts are pulled from; none means from where they are published."""
    economics: Economics = Economics()
    gates: Gates = Gates()
    acknowledged: tuple[Acknowledgement, ...] = ()
    """Disruptions that ``aifactory preview`` may find without refusing."""

    @property
    def policy_profile(self) -> PolicyProfile:
        """The network-policy profile with the phase's default applied."""
        if self.network.profile is not None:
            return self.network.profile
        return PolicyProfile.PILOT if self.phase is Phase.PILOT else PolicyProfile.PRODUCTION
