"""Layer storage: a StorageClass for each tier, snapshot classes, and what a namespace may claim."""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from aifactory.manifests.labels import Inventory
from aifactory.manifests.layers import layer
from aifactory.manifests.model import KubernetesObject, Layer, LayerName, ManifestModel
from aifactory.manifests.render import render_one
from aifactory.manifests.storage_backends import BACKENDS, secret_parameters, tier_problems
from aifactory.plan.models import StoragePlan
from aifactory.spec.storage import Backend, Checkpoint, StorageQuota, Tier, TierRole

ROLE_LABEL = "aifactory.dev/storage-role"
CHECKPOINTS_LABEL = "aifactory.dev/checkpoints"
"""Marks the class that checkpoints go to."""
QUOTA_NAME = "aifactory-storage"
_GIB_PER_TIB = 1024
_GIB_LIMIT = 8 * 2**30 - 1
"""A Kubernetes quantity holds less than 8 EiB."""


class StorageArgs(ManifestModel):
    """Arguments of the component Storage."""

    inventory: Inventory = Inventory()
    tiers: tuple[Tier, ...] = ()
    """Each becomes a StorageClass of its name."""
    quotas: tuple[StorageQuota, ...] = ()
    """Limits of namespaces that exist; several of one namespace and tier add up."""
    checkpoint: Checkpoint | None = None
    """The checkpoint to carry; its tier's class is marked."""
    figures: StoragePlan | None = None
    """The plan's checkpoint arithmetic; None means it is not reported."""


def layers(args: StorageArgs) -> tuple[Layer, ...]:
    """Storage classes, snapshot classes and quotas; no layer where there are no tiers.

    The API server refuses changes of an existing class's provisioner, parameters, reclaim policy and binding
    mode: such a class is replaced, and volumes made of it keep what they had.

    Raises:
        ValueError: If a tier cannot be offered, or a quota or the checkpoint names a tier that cannot carry
            it; every problem is named.
    """
    problems = storage_problems(args)
    if problems:
        raise ValueError("; ".join(problems))
    if not args.tiers:
        return ()
    marked = args.checkpoint.tier if args.checkpoint else None
    objects = [storage_class(tier, checkpoints=tier.name == marked) for tier in args.tiers]
    objects += [snapshot_class(tier) for tier in args.tiers if tier.snapshots]
    objects += resource_quotas(args.quotas)
    return (layer(LayerName.STORAGE, args.inventory, objects),)


def storage_problems(args: StorageArgs) -> tuple[str, ...]:
    """Why the arguments cannot be declared; empty where they can."""
    found = [problem for tier in args.tiers for problem in tier_problems(tier)]
    tiers = {tier.name: tier for tier in args.tiers}
    if len(tiers) != len(args.tiers):
        found.append("two tiers have one name")
    defaults = [tier.name for tier in args.tiers if tier.default]
    if len(defaults) > 1:
        found.append(f"at most one tier is the default, not {', '.join(defaults)}")
    for quota in args.quotas:
        if quota.tier not in tiers:
            found.append(f"the quota of namespace '{quota.namespace}' names no tier: '{quota.tier}'")
        elif tiers[quota.tier].backend is Backend.CEPH_OBJECT:
            found.append(
                f"the quota of namespace '{quota.namespace}' on tier '{quota.tier}' would not hold:"
                " Kubernetes counts volume claims, not buckets"
            )
    if args.checkpoint is not None and args.checkpoint.tier not in tiers:
        found.append(f"the checkpoint names no tier: '{args.checkpoint.tier}'")
    return tuple(found)


def class_parameters(tier: Tier) -> dict[str, str]:
    """Parameters of the tier's StorageClass: presets, then the tier's own, then references to its Secret."""
    facts = BACKENDS[tier.backend]
    preset = dict(facts.preset)
    if tier.backend is Backend.WEKA:
        # A volume is a directory of one filesystem, or a filesystem of a group.
        preset["volumeType"] = "weka/v2" if "filesystemGroupName" in tier.parameters else "dir/v1"
    secrets = secret_parameters(tier, facts.secrets)
    if tier.secret_ref is None:
        return {**preset, **secrets, **tier.parameters}
    return {**preset, **tier.parameters, **secrets}


def binding_mode(tier: Tier) -> str:
    """When a volume is made: at once, or after the scheduler has chosen the node that will use it."""
    facts = BACKENDS[tier.backend]
    zoned = facts.topology_parameter is not None and facts.topology_parameter in tier.parameters
    waits = facts.waits or zoned or tier.role is TierRole.LOCAL
    return "WaitForFirstConsumer" if waits else "Immediate"


def storage_class(tier: Tier, *, checkpoints: bool = False) -> KubernetesObject:
    """The StorageClass of a tier.

    Args:
        tier: A tier without problems.
        checkpoints: Whether the class is marked as the one that checkpoints go to.
    """
    facts = BACKENDS[tier.backend]
    labels = {ROLE_LABEL: tier.role.value, **({CHECKPOINTS_LABEL: "true"} if checkpoints else {})}
    return render_one(
        "storage/storage-class.yaml.j2",
        {
            "name": tier.name,
            "labels": {**labels},
            "default": "true" if tier.default else "false",
            "provisioner": facts.provisioner,
            "parameters": {**class_parameters(tier)},
            "reclaim": tier.reclaim,
            "expandable": facts.expandable,
            "binding": binding_mode(tier),
            "mount_options": [*facts.mount_options],
        },
    )


def snapshot_class(tier: Tier) -> KubernetesObject:
    """The VolumeSnapshotClass of a tier; a snapshot outlives its object where the tier retains volumes."""
    facts = BACKENDS[tier.backend]
    copied = {name: tier.parameters[name] for name in facts.snapshot_copies or () if name in tier.parameters}
    if "provisioner" in facts.secrets:
        copied |= secret_parameters(tier, {"snapshotter": facts.secrets["provisioner"]})
    return render_one(
        "storage/snapshot-class.yaml.j2",
        {
            "name": tier.name,
            "labels": {ROLE_LABEL: tier.role.value},
            "driver": facts.provisioner,
            "reclaim": tier.reclaim,
            "parameters": {**copied},
        },
    )


def resource_quotas(quotas: Iterable[StorageQuota]) -> Iterator[KubernetesObject]:
    """One ResourceQuota a namespace, in the order of first mention."""
    by_namespace: dict[str, dict[str, list[StorageQuota]]] = {}
    for quota in quotas:
        by_namespace.setdefault(quota.namespace, {}).setdefault(quota.tier, []).append(quota)
    for namespace, by_tier in by_namespace.items():
        hard: dict[str, str] = {}
        for tier, promised in by_tier.items():
            prefix = f"{tier}.storageclass.storage.k8s.io"
            hard[f"{prefix}/requests.storage"] = capacity_quantity(quota.capacity_tib for quota in promised)
            hard[f"{prefix}/persistentvolumeclaims"] = count_quantity(sum(quota.claims for quota in promised))
        yield render_one(
            "storage/quota.yaml.j2", {"name": QUOTA_NAME, "namespace": namespace, "hard": {**hard}}
        )


def capacity_quantity(tebibytes: Iterable[float]) -> str:
    """The sum as a Kubernetes quantity, written as the API server writes it: never read back changed.

    - The sum is exact, then cut to whole gibibytes: a namespace never gets more than was promised.
    - Less than one gibibyte becomes one; more than a quantity holds becomes the most it holds.
    """
    exact = sum((Fraction(share) for share in tebibytes), Fraction())
    amount = min(max(math.floor(exact * _GIB_PER_TIB), 1), _GIB_LIMIT)
    return _canonical(amount, 1024, ("Gi", "Ti", "Pi", "Ei"))


def count_quantity(count: int) -> str:
    """A count as the API server writes it: ``1000`` is ``1k``."""
    return _canonical(count, 1000, ("", "k", "M", "G", "T"))


def _canonical(amount: int, step: int, suffixes: tuple[str, ...]) -> str:
    """The largest suffix without a fraction (apimachinery resource.Quantity); the amount is positive."""
    power = 0
    while power + 1 < len(suffixes) and amount % step == 0:
        amount, power = amount // step, power + 1
    return f"{amount}{suffixes[power]}"
