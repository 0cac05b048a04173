"""Addresses of a cell and the traffic that is allowed in it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from aifactory.spec.units import Cidr, DnsLabel, IpAddress, Section

PrefixLength = Annotated[int, Field(ge=1, le=128, strict=True)]


class PolicyProfile(StrEnum):
    """How much of the traffic under default deny is opened."""

    PILOT = "pilot"
    """Operators may reach package mirrors and registries; for a site still being brought up."""
    PRODUCTION = "production"
    """Only the flows that running components need; images and packages come from the site's mirror."""


class CellBlocks(Section):
    """Sizes of the blocks that a cell gets out of the site's networks, as prefix lengths.

    They are given, never derived: a block that followed from the number of cells would move with it.
    """

    pod_prefix: PrefixLength
    service_prefix: PrefixLength
    node_prefix: PrefixLength
    storage_prefix: PrefixLength | None = None
    """None means that the cells share the storage network."""


class Network(Section):
    """The address plan of the site and its default-deny policies.

    With one cell the networks are its own; with more, each cell gets its block of them (``cells``).
    """

    pod_cidr: Cidr = "10.244.0.0/16"
    service_cidr: Cidr = "10.96.0.0/16"
    node_cidr: Cidr = "10.0.0.0/16"
    """Addresses of the nodes; webhook and kubelet traffic comes from here."""
    cells: CellBlocks | None = None
    """Blocks of each cell; needed where the site has more than one."""
    pod_prefix_per_node: PrefixLength = 24
    """Prefix length of the pod network of one node."""
    storage_cidr: Cidr | None = None
    """Addresses of the storage systems; none means storage traffic does not pass the pod network."""
    api_servers: tuple[IpAddress, ...] = ()
    """Addresses of the API servers as pods reach them; none means the whole node network."""
    api_server_port: Annotated[int, Field(ge=1, le=65535, strict=True)] = 6443
    mirror_cidrs: tuple[Cidr, ...] = ()
    """Where operators fetch packages and images from; empty in the pilot profile means anywhere."""
    monitoring_namespace: DnsLabel = "monitoring"
    """Namespace whose pods may scrape metrics."""
    profile: PolicyProfile | None = None
    """None means ``pilot`` in the pilot phase and ``production`` in every other."""
    cluster_network_policy: bool = False
    """Whether the cluster serves ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2)."""
