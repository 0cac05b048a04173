"""Checks across fields: each returns every problem it finds, none raises."""

from collections.abc import Callable, Iterator

from aifactory.errors import Problem
from aifactory.spec.address_checks import address_family, addresses, opened_networks
from aifactory.spec.block_checks import CHECKS as BLOCK_CHECKS
from aifactory.spec.delivery_checks import CHECKS as DELIVERY_CHECKS
from aifactory.spec.gate_checks import CHECKS as GATE_CHECKS
from aifactory.spec.names import repeated
from aifactory.spec.namespace_checks import CHECKS as NAMESPACE_CHECKS
from aifactory.spec.operators import Owner
from aifactory.spec.pools import Allocation, DeviceStack, Pool
from aifactory.spec.programme_checks import CHECKS as PROGRAMME_CHECKS
from aifactory.spec.size_checks import pool_sizes, power_shares
from aifactory.spec.stack import Stack
from aifactory.spec.storage_checks import storage_names

Check = Callable[[Stack], Iterator[Problem]]


def _each_pool(stack: Stack) -> Iterator[tuple[str, Pool]]:
    for index, pool in enumerate(stack.pools):
        yield f"pools.{index}", pool


def unique_names(stack: Stack) -> Iterator[Problem]:
    """Pools, tiers and services are known by name; domains and quotas by namespace and name."""
    domains = [domain for pool in stack.pools for domain in pool.compute_domains]
    named = {
        "pools": [pool.name for pool in stack.pools],
        "pools.compute_domains": [f"{domain.namespace}/{domain.name}" for domain in domains],
        "storage.tiers": [tier.name for tier in stack.storage.tiers],
        "storage.quotas": [f"{quota.namespace}/{quota.tier}" for quota in stack.storage.quotas],
        "services": [service.name.value for service in stack.services],
    }
    for path, names in named.items():
        yield from repeated(path, names)


def sharing(stack: Stack) -> Iterator[Problem]:
    """The ways to share a GPU exclude each other as the device plugin has it."""
    for path, pool in _each_pool(stack):
        cut = pool.partitioning
        if cut.mps is not None and cut.mig is not None:
            yield Problem(
                f"{path}.partitioning.mps",
                "MPS is set together with MIG",
                "a pool uses mig, mps or neither, and mig may be combined with time_slicing",
                "remove mps, or replace it with time_slicing",
            )
        if cut.mps is not None and cut.time_slicing is not None:
            yield Problem(
                f"{path}.partitioning.mps",
                "MPS is set together with time-slicing",
                "a GPU is shared in one way",
                "remove mps or time_slicing",
            )


def allocation(stack: Stack) -> Iterator[Problem]:
    """Device plugin or DRA per node, never both."""
    for path, pool in _each_pool(stack):
        dra = pool.allocation is Allocation.DRA
        cut = pool.partitioning
        if dra and pool.served_by is not DeviceStack.NONE:
            yield Problem(
                f"{path}.device_stack",
                f"the DRA pool '{pool.name}' is also served by the device plugin ({pool.served_by.value})",
                "a node uses the device plugin or DRA, never both: device_stack: none with allocation: dra",
                "remove device_stack, or set allocation: device-plugin",
            )
        if dra and (cut.time_slicing is not None or cut.mps is not None or cut.mig is not None):
            yield Problem(
                f"{path}.partitioning",
                "partitioning of the device plugin is set on a DRA pool",
                "claims choose the partition on a DRA pool: partitioning is empty",
                "remove partitioning, or set allocation: device-plugin",
            )
        if pool.compute_domains and not dra:
            yield Problem(
                f"{path}.compute_domains",
                "compute domains are declared on a pool of the device plugin",
                "ComputeDomains work through DRA only",
                "set allocation: dra, or remove compute_domains",
            )


def device_plugin_owner(stack: Stack) -> Iterator[Problem]:
    """What a pool relies on is there."""
    for path, pool in _each_pool(stack):
        if pool.served_by is DeviceStack.OPERATOR and stack.operators.gpu_operator.owner is Owner.ABSENT:
            yield Problem(
                f"{path}.device_stack",
                "the pool is served by the GPU Operator, which is absent",
                "operators.gpu_operator.owner is managed, provider or external, or the device stack standalone",
                "set device_stack: standalone, or let the operator be installed",
            )
        if pool.allocation is Allocation.DRA and stack.operators.dra_driver.owner is Owner.ABSENT:
            yield Problem(
                f"{path}.allocation",
                "the pool is allocated through DRA, whose driver is absent",
                "operators.dra_driver.owner is managed, provider or external",
                "set allocation: device-plugin, or let the driver be installed",
            )


def services_exist(stack: Stack) -> Iterator[Problem]:
    """A pool's service has its plane, and compute domains live in its namespaces."""
    planes = {service.name: service.namespace for service in stack.services}
    for path, pool in _each_pool(stack):
        if pool.service not in planes:
            yield Problem(
                f"{path}.service",
                f"the service '{pool.service.value}' has no plane in this stack",
                f"services: {', '.join(sorted(plane.value for plane in planes)) or 'none declared'}",
                "add it under services, with its namespace",
            )
        for number, domain in enumerate(pool.compute_domains):
            if domain.namespace not in planes.values():
                yield Problem(
                    f"{path}.compute_domains.{number}.namespace",
                    f"'{domain.namespace}' is not a namespace of this stack",
                    f"namespaces of services: {', '.join(sorted(planes.values())) or 'none declared'}",
                    "name one of them, or declare the service",
                )


CHECKS: tuple[Check, ...] = (
    unique_names,
    pool_sizes,
    power_shares,
    sharing,
    allocation,
    device_plugin_owner,
    addresses,
    address_family,
    opened_networks,
    storage_names,
    services_exist,
    *NAMESPACE_CHECKS,
    *BLOCK_CHECKS,
    *PROGRAMME_CHECKS,
    *DELIVERY_CHECKS,
    *GATE_CHECKS,
)


def problems(stack: Stack) -> list[Problem]:
    """Every problem that the cross-field checks find, sorted by path."""
    return sorted(problem for check in CHECKS for problem in check(stack))
