"""Checks of power, fabrics, delivery and acknowledgements: each returns every problem it finds, none raises."""

from collections.abc import Iterator

from aifactory.errors import Problem
from aifactory.spec.delivery import DeliveryMode
from aifactory.spec.disruption import DisruptionKind
from aifactory.spec.names import repeated
from aifactory.spec.power import Redundancy
from aifactory.spec.provisioning import ClusterApi, NicoTemplate
from aifactory.spec.stack import Stack

FEWEST_FEEDS = 2
"""Feeds without which neither one of them nor half of them can be lost."""


def programme_names(stack: Stack) -> Iterator[Problem]:
    """Feeds and fabrics are known by name, tenants too, and a tenant has one quota of a pool."""
    if stack.power is not None:
        yield from repeated("power.feeds", (feed.name for feed in stack.power.feeds))
    yield from repeated("fabrics", (fabric.name for fabric in stack.fabrics))
    yield from repeated("tenants", (tenant.name for tenant in stack.tenants))
    for index, tenant in enumerate(stack.tenants):
        yield from repeated(f"tenants.{index}.gpu_quotas", (quota.pool for quota in tenant.gpu_quotas))
    yield from repeated("acknowledged", (f"{ack.kind.value}/{ack.subject}" for ack in stack.acknowledged))


def pools_exist(stack: Stack) -> Iterator[Problem]:
    """Fabrics and quotas name pools of the stack, a fabric each pool once."""
    pools = {pool.name for pool in stack.pools}
    named = {
        f"fabrics.{index}.pools.{number}": name
        for index, fabric in enumerate(stack.fabrics)
        for number, name in enumerate(fabric.pools)
    }
    named |= {
        f"tenants.{index}.gpu_quotas.{number}.pool": quota.pool
        for index, tenant in enumerate(stack.tenants)
        for number, quota in enumerate(tenant.gpu_quotas)
    }
    for path, name in named.items():
        if name not in pools:
            yield Problem(
                path, f"there is no pool '{name}'", f"pools: {', '.join(sorted(pools))}", "name one of them"
            )
    for index, fabric in enumerate(stack.fabrics):
        yield from repeated(f"fabrics.{index}.pools", fabric.pools)


def enough_feeds(stack: Stack) -> Iterator[Problem]:
    """Feeds that are declared are enough to lose what redundancy allows."""
    power = stack.power
    if power is None or power.redundancy is Redundancy.N or not power.feeds:
        return
    if len(power.feeds) < FEWEST_FEEDS:
        yield Problem(
            "power.feeds",
            f"one feed is declared with redundancy {power.redundancy.value}",
            f"at least {FEWEST_FEEDS} feeds, or none where they are not known yet",
            "declare the other feeds, or set redundancy: n",
        )


def delivery_repository(stack: Stack) -> Iterator[Problem]:
    """GitOps has a repository to roll out from, and no address holds a password."""
    delivery = stack.delivery
    path = "delivery.repository"
    if delivery.repository is None:
        if delivery.mode is DeliveryMode.GITOPS:
            yield Problem(
                path,
                "no repository is given for delivery by GitOps",
                "the address of the Git repository that holds the rendered tree, https:// or ssh://",
                "add repository, or set mode: direct",
            )
        return
    scheme, _, rest = delivery.repository.partition("://")
    user, at, _ = rest.partition("/")[0].rpartition("@")
    if at and (":" in user or scheme == "https"):
        yield Problem(
            path,
            "the address holds a user name or password",
            "secrets are never in a stack file; the GitOps engine has its own",
            "remove what is before the @",
        )


def cell_clusters(stack: Stack) -> Iterator[Problem]:
    """Clusters that Cluster API makes are of the version that is planned with, and all their machines are known."""
    clusters = stack.delivery.clusters
    if clusters is None:
        return
    planned = stack.cluster.kubernetes_version
    if not clusters.kubernetes_version.startswith(f"v{planned}."):
        yield Problem(
            "delivery.clusters.kubernetes_version",
            f"the cells' clusters are {clusters.kubernetes_version}, and the stack is planned for {planned}",
            f"v{planned}.0 or a later patch of it",
            "set it to one, or change cluster.kubernetes_version",
        )
    if isinstance(clusters.control_plane, NicoTemplate) and clusters.nico_site is None:
        yield Problem(
            "delivery.clusters.nico_site",
            "the control plane's machines are NICo's, and no site is named",
            "the identifier of the site at NICo",
            "add nico_site",
        )
    for pool in stack.pools:
        if pool.system not in clusters.workers and not isinstance(pool.provisioning, ClusterApi):
            yield Problem(
                "delivery.clusters.workers",
                f"the pool '{pool.name}' is of {pool.system}, for which no machines are described",
                f"systems that are: {', '.join(sorted(clusters.workers)) or 'none'}",
                f"add {pool.system}, or give the pool provisioning of kind cluster-api",
            )


def acknowledged_pools(stack: Stack) -> Iterator[Problem]:
    """A pool that shrinks is still there; only a removed one is not in the stack any more."""
    pools = {pool.name for pool in stack.pools}
    for index, ack in enumerate(stack.acknowledged):
        if ack.kind is DisruptionKind.POOL_SHRUNK and ack.subject not in {*pools, "*"}:
            yield Problem(
                f"acknowledged.{index}.subject",
                f"there is no pool '{ack.subject}' that could shrink",
                f"pools: {', '.join(sorted(pools))}, or '*' for every one",
                "name one of them, or set kind: pool-removed",
            )


CHECKS = (
    programme_names,
    pools_exist,
    enough_feeds,
    delivery_repository,
    cell_clusters,
    acknowledged_pools,
)
