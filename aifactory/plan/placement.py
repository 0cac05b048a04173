"""What may be where: dates, NVLink needs, residency of data, tenants, pools that pick the same nodes."""

import difflib
from collections.abc import Callable, Iterator
from typing import get_args

from aifactory.catalog.models import Catalog, System
from aifactory.plan.base import Finding
from aifactory.plan.models import FactoryPlan
from aifactory.plan.selection import ambiguous_selection, pools_with_paths
from aifactory.spec.stack import Phase, Stack
from aifactory.spec.tenancy import Isolation

GENERATIONS: tuple[str, ...] = get_args(System.model_fields["generation"].annotation)
"""Generations, the oldest first."""
NAMED_CHOICES = 3
"""How many of the nearest systems a fix names."""


def _nvlink_gpus(system: System) -> int:
    """GPUs of one NVLink domain; 0 without NVLink."""
    return system.nvlink_domain_nodes * system.gpus_per_node


def _distance(system: System, wanted: System) -> tuple[int, int, str]:
    """How far a system is from the one that was meant: by the GPUs of a rack, then the newest generation."""
    return (
        abs(system.gpus_per_rack - wanted.gpus_per_rack),
        -GENERATIONS.index(system.generation),
        system.id,
    )


def _nearest(wanted: System, catalog: Catalog, fits: Callable[[System], bool]) -> list[str]:
    """Systems that are offered and fit, the nearest first."""
    fitting = [system for system in catalog.systems.values() if system.plannable and fits(system)]
    return [system.id for system in sorted(fitting, key=lambda system: _distance(system, wanted))]


def _wider(wanted: System, span: int, catalog: Catalog) -> str:
    """The nearest systems with an NVLink domain of at least so many GPUs; empty where there is none."""
    names = _nearest(wanted, catalog, lambda other: _nvlink_gpus(other) >= max(span, 1))
    return ", ".join(f"{name} ({_nvlink_gpus(catalog.systems[name])} GPUs)" for name in names[:NAMED_CHOICES])


def nvlink_needed(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """A model's copy fits one NVLink domain, or one node where there is no NVLink."""
    for path, planned in pools_with_paths(plan):
        system, span = planned.system, planned.pool.tensor_parallel
        linked = _nvlink_gpus(system)
        choices = _wider(system, span, catalog)
        choose = f"choose a system with such an NVLink domain: {choices}" if choices else ""
        if planned.pool.needs_nvlink and linked == 0:
            yield Finding(
                code="nvlink-needed",
                severity="error",
                path=f"{path}.needs_nvlink",
                message=f"pool '{planned.name}' needs NVLink, and {system.id} has none; a system with NVLink",
                fix=choose or "remove needs_nvlink: no system of the catalogue has NVLink",
            )
        reach = linked or system.gpus_per_node
        if span > reach:
            what = (
                f"one NVLink domain of {system.id}" if linked else f"one node of {system.id}, without NVLink"
            )
            yield Finding(
                code="nvlink-needed",
                severity="error",
                path=f"{path}.tensor_parallel",
                message=f"a copy of the model spans {span} GPUs, {what}, has {reach}; at most {reach} GPUs",
                fix=choose or f"set tensor_parallel to {reach} or less: no system has a larger NVLink domain",
            )


def not_yet_available(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """A phase does not go live before its systems can be had."""
    live = plan.stack.live
    for path, planned in pools_with_paths(plan):
        since = planned.system.available_from
        if live is None or since is None or live >= since:
            continue
        there = _nearest(
            planned.system,
            catalog,
            lambda other: other.available_from is None or other.available_from <= live,
        )
        instead = f", or choose {there[0]}, the nearest system that is available then" if there else ""
        yield Finding(
            code="not-yet-available",
            severity="error",
            path=f"{path}.system",
            message=(
                f"the phase is to be live on {live}, {planned.system.id} is available from {since} on;"
                f" live on {since} or later, or an available system"
            ),
            fix=f"move live to {since}{instead}",
        )


def early_system(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:  # noqa: ARG001 - every rule has both
    """Whoever plans with an early system knows that its figures may change."""
    for path, planned in pools_with_paths(plan):
        if planned.system.status == "early":
            yield Finding(
                code="early-system",
                severity="info",
                path=f"{path}.system",
                message=f"{planned.system.id} is an early system; its power, labels and dates may still change",
                fix="plan again when its row of the catalogue is confirmed",
            )


def _tags(stack: Stack) -> Iterator[tuple[str, str, str]]:
    """Path, holder and tag of every kind of data in the stack."""
    for index, service in enumerate(stack.services):
        for number, tag in enumerate(service.data):
            yield f"services.{index}.data.{number}", f"service '{service.name.value}'", tag
    for index, tenant in enumerate(stack.tenants):
        for number, tag in enumerate(tenant.data):
            yield f"tenants.{index}.data.{number}", f"tenant '{tenant.name}'", tag


def residency(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:
    """Every kind of data may be in the site's country; a tag without a rule is not passed over."""
    country = plan.stack.site.country
    for path, holder, tag in _tags(plan.stack):
        rule = catalog.residency.get(tag)
        if rule is None:
            near = difflib.get_close_matches(tag, list(catalog.residency), n=1)
            known = ", ".join(sorted(catalog.residency)) or "none"
            yield Finding(
                code="unknown-data-tag",
                severity="error",
                path=path,
                message=f"the data '{tag}' of {holder} has no placement rule; data tags: {known}",
                fix=f"did you mean '{near[0]}'?" if near else "add a row to residency in the catalogue",
            )
        elif country not in rule.countries:
            named = [
                f"{catalog.regions[code].name} ({code})" if code in catalog.regions else code
                for code in rule.countries
            ]
            yield Finding(
                code="residency-forbidden",
                severity="error",
                path=path,
                message=(
                    f"the data '{tag}' of {holder} may not be in {country};"
                    f" countries of '{tag}': {', '.join(rule.countries)}"
                ),
                fix=f"declare it in the stack of a site in {' or '.join(named)}, or remove the tag here",
            )


def shared_control_plane(plan: FactoryPlan, catalog: Catalog) -> Iterator[Finding]:  # noqa: ARG001
    """Past the pilot a tenant has more than namespaces: NVIDIA's cloud-partner guide asks for clusters.

    Source: https://docs.nvidia.com/ncx/ncp-software-reference-guide/latest/container-service.html
    """
    if plan.stack.phase is Phase.PILOT:
        return
    for index, tenant in enumerate(plan.stack.tenants):
        if tenant.isolation is Isolation.NAMESPACE:
            yield Finding(
                code="shared-control-plane",
                severity="warning",
                path=f"tenants.{index}.isolation",
                message=(
                    f"tenant '{tenant.name}' shares its control plane with others in phase"
                    f" {plan.stack.phase.value}; NVIDIA's cloud-partner guide asks for a cluster for each tenant"
                ),
                fix="set isolation: cluster, or vcluster where nodes may be shared",
            )


RULES: tuple[Callable[[FactoryPlan, Catalog], Iterator[Finding]], ...] = (
    nvlink_needed,
    not_yet_available,
    early_system,
    residency,
    shared_control_plane,
    ambiguous_selection,
)
"""Every rule of this module."""
