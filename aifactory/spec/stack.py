"""The root of a stack file: one site in one phase."""

import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from aifactory.spec.network import Network, PolicyProfile
from aifactory.spec.operators import Operators
from aifactory.spec.pools import Pool, Service
from aifactory.spec.storage import Storage
from aifactory.spec.units import Count, DnsLabel, Section


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


class Cluster(Section):
    """The cluster the stack is applied to."""

    uid: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")] | None = (
        None
    )
    """UID of the namespace kube-system; another cluster is refused before anything is written."""
    kubernetes_version: Annotated[str, StringConstraints(pattern=r"^1\.[0-9]{2}$")] = "1.34"
    """Minor version of the control plane; ComputeDomains need 1.34."""
    system_nodes: Count = 3
    """CPU nodes for operators and controllers; made by the lab where the target is simulated."""


class ServicePlane(Section):
    """A service offered on the factory: today its namespace, which is closed by default."""

    name: Service
    namespace: DnsLabel


class Stack(Section):
    """One site in one phase: all that is wanted, and nothing about how it is done."""

    site: Site
    phase: Phase
    live: datetime.date | None = None
    """When the phase is to be live."""
    target: Target = Target.CLUSTER
    """Where the stack is realised unless the command line says otherwise."""
    cluster: Cluster = Cluster()
    pools: Annotated[tuple[Pool, ...], Field(min_length=1)]
    services: tuple[ServicePlane, ...] = ()
    storage: Storage = Storage()
    network: Network = Network()
    operators: Operators = Operators()

    @property
    def policy_profile(self) -> PolicyProfile:
        """The network-policy profile with the phase's default applied."""
        if self.network.profile is not None:
            return self.network.profile
        return PolicyProfile.PILOT if self.phase is Phase.PILOT else PolicyProfile.PRODUCTION
