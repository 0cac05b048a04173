"""What the plan has to say about a stack: one small function a rule."""

import difflib
from collections.abc import Iterator

from aifactory.catalog.models import System
from aifactory.plan.base import Finding
from aifactory.plan.capacity import mig_product_labels
from aifactory.plan.models import PoolPlan, StoragePlan
from aifactory.spec.pools import DeviceStack, Pool
from aifactory.spec.provisioning import Adopt, Simulated
from aifactory.spec.stack import Stack

MAX_LABEL = 63
"""Longest value of a Kubernetes label."""
KUBERNETES_FOR_COMPUTE_DOMAINS = (1, 34)
"""ComputeDomains use resource.k8s.io/v1, which is served from Kubernetes 1.34 on."""


def mig_layout(path: str, pool: Pool, system: System) -> Iterator[Finding]:
    """The layout exists on the pool's GPU, and strategy ``single`` has a single profile."""
    mig = pool.partitioning.mig
    if mig is None:
        return
    layouts = ", ".join(sorted(system.mig)) or "none: the GPU has no MIG layout in the catalogue"
    if mig.layout not in system.mig:
        near = difflib.get_close_matches(mig.layout, list(system.mig), n=1)
        yield Finding(
            code="unknown-mig-layout",
            severity="error",
            path=f"{path}.partitioning.mig.layout",
            message=f"'{mig.layout}' is not a MIG layout of {system.gpu.name}; layouts: {layouts}",
            fix=f"did you mean '{near[0]}'?" if near else "choose one of them, or remove mig",
        )
    elif mig.strategy == "single" and len(system.mig[mig.layout]) > 1:
        yield Finding(
            code="mixed-profiles-single-strategy",
            severity="error",
            path=f"{path}.partitioning.mig.strategy",
            message=f"strategy 'single' needs one profile, '{mig.layout}' has {len(system.mig[mig.layout])}",
            fix="set strategy: mixed, or choose a layout of one profile",
        )


def label_length(path: str, planned: PoolPlan) -> Iterator[Finding]:
    """Labels have at most 63 characters; the product label grows with MIG and sharing."""
    labels = {"gpu": planned.product_label or ""}
    mixed = mig_product_labels(planned.pool, planned.system)
    labels |= {f"mig-{profile}": label for profile, label in mixed.items()}
    name, label = max(labels.items(), key=lambda item: len(item[1]))
    if len(label) > MAX_LABEL:
        yield Finding(
            code="product-label-too-long",
            severity="error",
            path=f"{path}.partitioning",
            message=(
                f"nvidia.com/{name}.product would be {len(label)} characters long ({label});"
                f" a label has at most {MAX_LABEL}"
            ),
            fix="set rename: true on the sharing, or a shorter product_label",
        )


def unknown_product(path: str, planned: PoolPlan) -> Iterator[Finding]:
    """Nodes of a system whose product label or PCI device is not published are picked by an explicit selector."""
    how, gpu = planned.pool.provisioning, planned.system.gpu
    if isinstance(how, Simulated) or (isinstance(how, Adopt) and how.selector is not None):
        return
    if planned.product_label is None and isinstance(how, Adopt):
        yield Finding(
            code="unknown-product-label",
            severity="error",
            path=f"{path}.product_label",
            message=f"the product label of {planned.system.id} is not published, and the pool is selected by it",
            fix="set product_label to what GPU feature discovery reports on a node"
            if gpu.pci_device
            else "set provisioning.selector to labels that the pool's nodes have",
        )
    elif gpu.pci_device is None:
        yield Finding(
            code="unknown-pci-device",
            severity="error",
            path=f"{path}.provisioning",
            message=f"the PCI device of {planned.system.id} is not published, and a NodeFeatureRule matches it",
            fix="adopt the nodes, with provisioning.selector set to labels that they have",
        )


def compute_domain(path: str, pool: Pool, system: System, stack: Stack) -> Iterator[Finding]:
    """A compute domain needs NVLink across nodes, and Kubernetes 1.34."""
    if not pool.compute_domains:
        return
    if not system.multi_node_nvlink:
        yield Finding(
            code="no-multi-node-nvlink",
            severity="error",
            path=f"{path}.compute_domains",
            message=f"{system.id} has no NVLink across nodes; ComputeDomains need an NVL72 system",
            fix="remove compute_domains, or choose gb300-nvl72",
        )
    version = tuple(int(part) for part in stack.cluster.kubernetes_version.split("."))
    if version < KUBERNETES_FOR_COMPUTE_DOMAINS:
        yield Finding(
            code="kubernetes-too-old",
            severity="error",
            path="cluster.kubernetes_version",
            message=f"ComputeDomains need Kubernetes 1.34 or newer, the stack says {stack.cluster.kubernetes_version}",
            fix="set kubernetes_version: '1.34' once the cluster is upgraded",
        )


def driver_version(path: str, pool: Pool, system: System) -> Iterator[Finding]:
    """The driver is not older than the GPU needs."""
    wanted = pool.driver.version
    if wanted is not None and _numbers(wanted) < _numbers(system.driver_minimum):
        yield Finding(
            code="driver-too-old",
            severity="error",
            path=f"{path}.driver.version",
            message=f"driver {wanted} is older than {system.driver_minimum}, which {system.gpu.name} needs",
            fix="remove driver.version to use the catalogue's release",
        )


def mps_daemon(path: str, pool: Pool) -> Iterator[Finding]:
    """MPS needs a control daemon, which only the operator or the standalone plugin brings."""
    if pool.partitioning.mps is not None and pool.served_by is DeviceStack.STANDALONE:
        yield Finding(
            code="mps-daemon-declared",
            severity="info",
            path=f"{path}.partitioning.mps",
            message="the standalone device plugin also runs the MPS control daemon on this pool's nodes",
            fix="nothing to do",
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def storage(stack: Stack, plan: StoragePlan) -> Iterator[Finding]:
    """Checkpoints fit their tier in time and in space; quotas fit theirs."""
    tiers = {tier.name: tier for tier in stack.storage.tiers}
    checkpoint = stack.storage.checkpoint
    if (
        checkpoint is not None
        and plan.checkpoint_write_s is not None
        and plan.checkpoint_capacity_tib is not None
    ):
        tier = tiers[checkpoint.tier]
        if plan.checkpoint_write_s > checkpoint.max_write_s:
            yield Finding(
                code="checkpoint-too-slow",
                severity="error",
                path="storage.checkpoint",
                message=(
                    f"a checkpoint of {checkpoint.size_tib:g} TiB takes {plan.checkpoint_write_s:.0f} s on tier"
                    f" '{tier.name}' ({tier.write_gbps:g} GB/s); at most {checkpoint.max_write_s} s are allowed"
                ),
                fix="give the tier more write throughput, or allow more time with max_write_s",
            )
        if plan.checkpoint_capacity_tib > tier.capacity_tib:
            yield Finding(
                code="checkpoints-do-not-fit",
                severity="error",
                path="storage.checkpoint.kept",
                message=(
                    f"{checkpoint.kept} checkpoints need {plan.checkpoint_capacity_tib:g} TiB, tier '{tier.name}'"
                    f" has {tier.capacity_tib:g} TiB"
                ),
                fix="keep fewer checkpoints, or enlarge the tier",
            )
    for name, tier in tiers.items():
        promised = sum(quota.capacity_tib for quota in stack.storage.quotas if quota.tier == name)
        if promised > tier.capacity_tib:
            yield Finding(
                code="quotas-exceed-tier",
                severity="warning",
                path="storage.quotas",
                message=f"quotas promise {promised:g} TiB of tier '{name}', which has {tier.capacity_tib:g} TiB",
                fix="lower the quotas, or accept the over-commitment",
            )
