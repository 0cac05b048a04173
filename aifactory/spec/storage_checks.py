"""Checks of the storage section: each returns every problem it finds, none raises."""

from collections.abc import Iterator

from aifactory.errors import Problem
from aifactory.spec.stack import Stack
from aifactory.spec.storage import TierRole


def storage_names(stack: Stack) -> Iterator[Problem]:
    """Quotas and checkpoints name tiers and namespaces that exist; at most one tier is the default."""
    tiers = {tier.name: tier for tier in stack.storage.tiers}
    known = ", ".join(sorted(tiers)) or "none declared"
    spaces = {service.namespace for service in stack.services}
    for index, quota in enumerate(stack.storage.quotas):
        path = f"storage.quotas.{index}"
        if quota.tier not in tiers:
            yield Problem(
                f"{path}.tier", f"there is no tier '{quota.tier}'", f"tiers: {known}", "name one of them"
            )
        if quota.namespace not in spaces:
            yield Problem(
                f"{path}.namespace",
                f"'{quota.namespace}' is not a namespace of this stack",
                f"namespaces of services: {', '.join(sorted(spaces)) or 'none declared'}",
                "name one of them, or declare the service",
            )
    checkpoint = stack.storage.checkpoint
    if checkpoint is not None and checkpoint.tier not in tiers:
        yield Problem(
            "storage.checkpoint.tier",
            f"there is no tier '{checkpoint.tier}'",
            f"tiers: {known}",
            "name one of them",
        )
    if checkpoint is not None and checkpoint.tier in tiers and tiers[checkpoint.tier].role is TierRole.LOCAL:
        yield Problem(
            "storage.checkpoint.tier",
            f"the tier '{checkpoint.tier}' is local to a node",
            "checkpoints go to a tier that every node of the job can read",
            "name a scratch, home, block or object tier",
        )
    defaults = [tier.name for tier in stack.storage.tiers if tier.default]
    if len(defaults) > 1:
        yield Problem(
            "storage.tiers",
            f"{len(defaults)} tiers are the default: {', '.join(defaults)}",
            "at most one StorageClass is the default",
            "keep default: true on one of them",
        )
