"""What refuses a promotion: another site, another order, pools that shrink or move. One generator a rule."""

from collections.abc import Callable, Iterator

from aifactory.plan.base import Finding
from aifactory.plan.models import FactoryPlan
from aifactory.plan.pool_changes import pool_changes
from aifactory.spec.stack import Phase

PromotionRule = Callable[[FactoryPlan, FactoryPlan], Iterator[Finding]]
NEXT = {
    Phase.PILOT: (Phase.PILOT, Phase.SCALE_OUT),
    Phase.SCALE_OUT: (Phase.SCALE_OUT, Phase.GIGAWATT),
    Phase.GIGAWATT: (Phase.GIGAWATT,),
    Phase.REGIONAL: (Phase.REGIONAL,),
}
"""Phases that may follow a phase."""


def refusal(code: str, path: str, message: str, fix: str) -> Finding:
    """A finding that refuses the promotion."""
    return Finding(code=code, severity="error", path=path, message=message, fix=fix)


def previous_named(old: FactoryPlan, new: FactoryPlan) -> Iterator[Finding]:
    """The new stack names the old one as the phase before it."""
    if new.stack.previous != old.name:
        named = "nothing" if new.stack.previous is None else f"'{new.stack.previous}'"
        yield refusal(
            "wrong-predecessor",
            "previous",
            f"previous names {named}; the stack that is promoted, '{old.name}', is allowed",
            f"set previous: {old.name}, or promote from the stack it names",
        )


def same_site(old: FactoryPlan, new: FactoryPlan) -> Iterator[Finding]:
    """A promotion stays at its site."""
    for field in ("name", "country", "region"):
        before, after = getattr(old.stack.site, field), getattr(new.stack.site, field)
        if before != after:
            yield refusal(
                "different-site",
                f"site.{field}",
                f"'{after}' is not the site of {old.name}; a promotion stays at '{before}'",
                f"set {field}: {before}, or start the new site with a stack without previous",
            )


def phase_order(old: FactoryPlan, new: FactoryPlan) -> Iterator[Finding]:
    """No phase is skipped and none goes back."""
    allowed = NEXT[old.stack.phase]
    if new.stack.phase not in allowed:
        yield refusal(
            "phase-order",
            "phase",
            f"{new.stack.phase.value} does not follow {old.stack.phase.value};"
            f" {' or '.join(phase.value for phase in allowed)} is allowed",
            f"set phase: {allowed[-1].value}",
        )


def pools_kept(old: FactoryPlan, new: FactoryPlan) -> Iterator[Finding]:
    """Every pool that runs is still there, the same and not smaller."""
    paths = {pool.name: f"pools.{index}" for index, pool in enumerate(new.stack.pools)}
    for change in pool_changes(old, new):
        name, (before, after) = change.name, change.nodes
        if change.kind == "removed":
            yield refusal(
                "pool-removed",
                "pools",
                f"the pool '{name}' of {old.name} ({before} nodes) is gone; pools that run are kept",
                f"add the pool '{name}' as {old.name} declares it",
            )
        if change.kind == "replaced":
            yield refusal(
                "pool-replaced",
                f"{paths[name]}.{change.fields[0]}",
                f"the pool '{name}' differs in {', '.join(change.fields)}, which replaces or moves its nodes;"
                f" the values of {old.name} are allowed",
                f"take {', '.join(change.fields)} from {old.name}, and add a pool for what is new",
            )
        if change.kind in ("shrunk", "replaced") and after < before:
            yield refusal(
                "pool-shrunk",
                paths[name],
                f"the pool '{name}' has {after} nodes and had {before}; at least {before} nodes are allowed",
                f"give it at least {before} nodes",
            )


def racks_kept(old: FactoryPlan, new: FactoryPlan) -> Iterator[Finding]:
    """Every rack stays in its cell, and in its zone."""
    paths = {pool.name: f"pools.{index}.cell_racks" for index, pool in enumerate(new.stack.pools)}
    after = {(cell.index, part.name): part for cell in new.cells for part in cell.pools}
    kept = {pool.name: pool.racks for pool in new.pools}
    moved: dict[str, int] = {}
    for cell in old.cells:
        for part in cell.pools:
            end = min(
                part.first_rack + part.racks, kept.get(part.name, 0)
            )  # a smaller pool is another rule's
            now = after.get((cell.index, part.name))
            first, last = (now.first_rack, now.first_rack + now.racks) if now is not None else (0, 0)
            stay = max(0, min(end, last) - max(part.first_rack, first))
            moved[part.name] = moved.get(part.name, 0) + max(0, end - part.first_rack) - stay
    for name, count in moved.items():
        if count:
            yield refusal(
                "racks-moved",
                paths[name],
                f"{count} racks of the pool '{name}' would move to another cell; every rack stays in its cell",
                f"take the pool's cell_racks, and the cells' limits, from {old.name}",
            )
    if old.stack.site.zones != new.stack.site.zones:
        yield refusal(
            "racks-moved",
            "site.zones",
            f"zones {', '.join(new.stack.site.zones)} would move racks, which go over the zones in turn;"
            f" {', '.join(old.stack.site.zones)} is allowed",
            f"take zones from {old.name}",
        )


RULES: tuple[PromotionRule, ...] = (previous_named, same_site, phase_order, pools_kept, racks_kept)
