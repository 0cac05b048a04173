"""Addresses of a cell and the traffic that is allowed in it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from aifactory.spec.units import Cidr, DnsLabel, IpAddress, Section


class PolicyProfile(StrEnum):
    """How much of the traffic under default deny is opened."""

    PILOT = "pilot"
    """Operators may reach package mirrors and registries; for a site still being brought up."""
    PRODUCTION = "production"
    """Only the flows that running components need; images and packages come from the site's mirror."""


class Network(Section):
    """The address plan of the cluster and its default-deny policies."""

    pod_cidr: Cidr = "10.244.0.0/16"
    service_cidr: Cidr = "10.96.0.0/16"
    node_cidr: Cidr = "10.0.0.0/16"
    """Addresses of the nodes; webhook and kubelet traffic comes from here."""
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
