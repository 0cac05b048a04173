"""What refuses a promotion: what the pools stand on changes. One small generator a rule."""

import ipaddress
from collections.abc import Iterator

from aifactory.plan.base import Finding
from aifactory.plan.models import FactoryPlan
from aifactory.plan.promotion_rules import PromotionRule, refusal
from aifactory.plan.site_models import CellAddresses

WIDER = ("node_cidr", "storage_cidr")
"""Networks of a cell that may become wider under running nodes."""


def tiers_kept(old: FactoryPlan, new: FactoryPlan) -> Iterator[Finding]:
    """Every storage tier is still there, made the same way and not smaller."""
    after = {tier.name: (index, tier) for index, tier in enumerate(new.stack.storage.tiers)}
    for tier in old.stack.storage.tiers:
        if tier.name not in after:
            yield refusal(
                "tier-removed",
                "storage.tiers",
                f"the tier '{tier.name}' of {old.name} is gone; tiers that hold volumes are kept",
                f"add the tier '{tier.name}' as {old.name} declares it",
            )
            continue
        index, now = after[tier.name]
        for field in ("role", "backend", "parameters", "secret_ref", "secret_namespace", "reclaim"):
            if getattr(tier, field) != getattr(now, field):
                yield refusal(
                    "tier-replaced",
                    f"storage.tiers.{index}.{field}",
                    f"the tier '{tier.name}' differs, and its StorageClass would be made anew;"
                    f" the value of {old.name} is allowed",
                    f"take {field} from {old.name}, and add a tier for what is new",
                )
        for field in ("capacity_tib", "write_gbps", "read_gbps"):
            least = getattr(tier, field)
            if getattr(now, field) < least:
                yield refusal(
                    "tier-shrunk",
                    f"storage.tiers.{index}.{field}",
                    f"the tier '{tier.name}' has {getattr(now, field):g} and had {least:g};"
                    f" at least {least:g} is allowed",
                    f"set {field}: {least:g}",
                )


def _contains(outer: str | None, inner: str | None) -> bool:
    if outer is None or inner is None:
        return inner is None
    one, other = ipaddress.ip_network(outer), ipaddress.ip_network(inner)
    return one.version == other.version and other.subnet_of(one)  # type: ignore[arg-type] # versions agree


def _changed(old: FactoryPlan, new: FactoryPlan, field: str) -> Iterator[tuple[int, str, str]]:
    """Cells whose network of this field changes, with what they have and what they would have.

    A plan without addresses is refused by itself; a cell that is gone, by its racks.
    """
    after = {cell.index: cell.addresses for cell in new.cells}
    for cell in old.cells:
        now = after.get(cell.index)
        if cell.addresses is None or now is None:
            continue
        was, will = getattr(cell.addresses, field), getattr(now, field)
        if was != will and not (field in WIDER and _contains(will, was)):
            yield cell.index, was, will


def networks_kept(old: FactoryPlan, new: FactoryPlan) -> Iterator[Finding]:
    """Each cell keeps its pod and service networks; those of nodes and storage may become wider."""
    for field in CellAddresses.model_fields:
        changed = list(_changed(old, new, field))
        if changed:
            index, was, will = changed[0]
            more = f" (and {len(changed) - 1} more cells)" if len(changed) > 1 else ""
            yield refusal(
                "network-changed",
                f"network.{field}",
                f"cell {index} would have {will} and has {was}{more};"
                f" {'the same or a wider network' if field in WIDER else 'the same network'} is allowed",
                f"lay the networks and network.cells out so that cell {index} keeps {was}",
            )
    before, later = old.stack.network.pod_prefix_per_node, new.stack.network.pod_prefix_per_node
    if before != later:
        yield refusal(
            "network-changed",
            "network.pod_prefix_per_node",
            f"nodes would have a /{later} of the pod network and have a /{before}; /{before} is allowed",
            f"set pod_prefix_per_node: {before}",
        )


def namespaces_kept(old: FactoryPlan, new: FactoryPlan) -> Iterator[Finding]:
    """Every service and every tenant keeps its namespaces: a namespace that goes takes all in it along."""
    after = {plane.namespace for plane in new.stack.services}
    after |= {space for tenant in new.stack.tenants for space in tenant.namespaces}
    before = {plane.namespace: "services" for plane in old.stack.services}
    before |= {space: "tenants" for tenant in old.stack.tenants for space in tenant.namespaces}
    for space, path in before.items():
        if space not in after:
            yield refusal(
                "namespace-removed",
                path,
                f"the namespace '{space}' of {old.name} is gone; namespaces with running work are kept",
                f"add the entry of {path} that {old.name} declares for it",
            )


RULES: tuple[PromotionRule, ...] = (tiers_kept, networks_kept, namespaces_kept)
