"""Tenants: the customers and teams a factory serves."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from aifactory.spec.units import Count, DataTag, DnsLabel, Section


class Isolation(StrEnum):
    """What separates a tenant from the next one."""

    NAMESPACE = "namespace"
    """Namespaces of a shared cluster: for teams that trust each other."""
    VCLUSTER = "vcluster"
    """A virtual control plane of its own on shared nodes."""
    CLUSTER = "cluster"
    """A cluster and nodes of its own, as NVIDIA's cloud-partner guide asks for."""


class GpuQuota(Section):
    """The most GPUs of one pool that a tenant may hold."""

    pool: DnsLabel
    gpus: Count


class Tenant(Section):
    """A customer or team, its namespaces, its share and its data."""

    name: DnsLabel
    namespaces: Annotated[tuple[DnsLabel, ...], Field(min_length=1)]
    isolation: Isolation = Isolation.NAMESPACE
    groups: tuple[Annotated[str, StringConstraints(min_length=1, max_length=253)], ...] = ()
    """Groups of the identity provider whose members work in the tenant's namespaces."""
    gpu_quotas: tuple[GpuQuota, ...] = ()
    data: tuple[DataTag, ...] = ()
    """Kinds of data the tenant brings; each may be bound to some countries."""
