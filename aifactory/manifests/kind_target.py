"""What a plan becomes on target kind: the same objects, with what a kind cluster cannot have stood in for.

Pods, tenants, sharing configurations, quotas, classes by name and policies stay as the stack declares them.
What is replaced is named by :func:`replaced`, so that a run can say it.
"""

from aifactory.manifests.model import ManifestModel
from aifactory.plan.models import FactoryPlan
from aifactory.spec.network import Network
from aifactory.spec.stack import Target
from aifactory.spec.storage import Backend, Tier

LAB_IMAGES = "aifactory.local"
"""Registry part of the images that the lab builds; nothing is ever pulled from a host of this name."""
LAB_TAG = "lab"
DRIVER_ROOT = "/var/lib/mock-nvidia"
"""Where the mock driver is on a node of the lab."""
NODE_CIDR = "198.18.0.0/17"
"""Network of the lab's nodes. RFC 2544 keeps 198.18.0.0/15 for test set-ups: no site routes it, so that a
network of the lab on a laptop shadows none of the site's."""
STORAGE_CIDR = "198.19.0.0/24"
"""Stands for the network of the storage systems."""


def lab_image(name: str) -> str:
    """Reference of an image that the lab builds.

    Args:
        name: Its last part, for example ``userland``.
    """
    return f"{LAB_IMAGES}/{name}:{LAB_TAG}"


class Surroundings(ManifestModel):
    """What a cluster of one kind has that objects name: images and the place of the driver."""

    kubectl_image: str
    plugin_image: str
    driver_root: str = "/"
    mocked: bool = False
    """Whether GPUs are a mock NVML: the plugin then hands over device nodes itself, without a runtime."""


def surroundings(plan: FactoryPlan) -> Surroundings:
    """The surroundings of a plan's target."""
    if plan.target is not Target.KIND:
        return Surroundings(
            kubectl_image=plan.images["kubectl"], plugin_image=plan.images["k8s-device-plugin"]
        )
    return Surroundings(
        kubectl_image=lab_image("kubectl"),
        plugin_image=lab_image("k8s-device-plugin"),
        driver_root=DRIVER_ROOT,
        mocked=True,
    )


def realised(plan: FactoryPlan) -> FactoryPlan:
    """The plan as its target realises it; the plan itself, but for target kind.

    On kind, volumes come from the cluster's own provisioner and nodes have the lab's addresses. Tiers of
    buckets stay as they are: nothing there can make a bucket.

    Args:
        plan: The plan of one cell.
    """
    if plan.target is not Target.KIND:
        return plan
    stack = plan.stack
    storage = stack.storage.model_copy(update={"tiers": tuple(map(_on_node, stack.storage.tiers))})
    changed = stack.model_copy(update={"storage": storage, "network": _in_lab(stack.network)})
    return plan.model_copy(update={"stack": changed})


def replaced(plan: FactoryPlan) -> tuple[str, ...]:
    """What stands for something else on the plan's target, one line each; empty for any other target than kind.

    Args:
        plan: The plan of one cell.
    """
    if plan.target is not Target.KIND:
        return ()
    before, after = plan.stack, realised(plan).stack
    lines = [
        f"node network {after.network.node_cidr} stands for {before.network.node_cidr}",
    ]
    if before.network.storage_cidr is not None:
        lines.append(f"storage network {after.network.storage_cidr} stands for {before.network.storage_cidr}")
    tiers = zip(before.storage.tiers, after.storage.tiers, strict=True)
    moved = [f"{old.name} ({old.backend.value})" for old, new in tiers if old.backend is not new.backend]
    if moved:
        lines.append(f"volumes of {', '.join(moved)} come from kind's local-path provisioner")
    lines += [
        f"tier {tier.name} ({tier.backend.value}) is declared only: nothing here makes a bucket"
        for tier in after.storage.tiers
        if tier.backend is Backend.CEPH_OBJECT
    ]
    lines += [
        f"pool {pool.name} is shared by MPS: its configuration is rendered, but its control daemon needs CUDA and does"
        " not run here, so its nodes offer no GPU"
        for pool in plan.pools
        if pool.pool.partitioning.mps is not None
    ]
    return tuple(lines)


def _on_node(tier: Tier) -> Tier:
    if tier.backend in {Backend.CEPH_OBJECT, Backend.LOCAL_PATH}:
        return tier
    return tier.model_copy(
        update={
            "backend": Backend.LOCAL_PATH,
            "parameters": {},
            "secret_ref": None,
            "secret_namespace": None,
            "snapshots": False,
        }
    )


def _in_lab(network: Network) -> Network:
    storage = STORAGE_CIDR if network.storage_cidr is not None else None
    return network.model_copy(
        update={"node_cidr": NODE_CIDR, "storage_cidr": storage, "api_servers": (), "api_server_port": 6443}
    )
