"""Storage tiers of a site."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from aifactory.spec.units import (
    Count,
    DnsLabel,
    GigabytesPerSecond,
    Section,
    Tebibytes,
)

QuotaTebibytes = Annotated[float, Field(gt=0, le=8388, strict=True)]


class TierRole(StrEnum):
    """What a tier is for."""

    HOME = "home"
    SCRATCH = "scratch"
    OBJECT = "object"
    BLOCK = "block"
    LOCAL = "local"


class Backend(StrEnum):
    """The product behind a tier; each has its own StorageClass parameters."""

    VAST = "vast"
    WEKA = "weka"
    DDN = "ddn"
    CEPH_RBD = "ceph-rbd"
    CEPHFS = "cephfs"
    CEPH_OBJECT = "ceph-object"
    TOPOLVM = "topolvm"
    NFS = "nfs"
    LOCAL_PATH = "local-path"


class Tier(Section):
    """One storage tier, offered as one StorageClass."""

    name: DnsLabel
    """Name of the tier and of its StorageClass."""
    role: TierRole
    backend: Backend
    capacity_tib: Tebibytes
    """Usable capacity in tebibytes; for a local tier, of all nodes together."""
    write_gbps: GigabytesPerSecond
    """Aggregate write throughput in gigabytes (10^9 bytes) per second."""
    read_gbps: GigabytesPerSecond
    """Aggregate read throughput in gigabytes (10^9 bytes) per second."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """Parameters of the StorageClass that name this site's system, for example a VIP pool."""
    secret_ref: DnsLabel | None = None
    """Name of the Secret with the driver's credentials; the value never enters this file."""
    secret_namespace: DnsLabel | None = None
    """Namespace of that Secret; none means the driver's own."""
    default: bool = False
    """Whether this is the cluster's default StorageClass; at most one tier is."""
    reclaim: Literal["Delete", "Retain"] = "Retain"
    snapshots: bool = False
    """Whether a VolumeSnapshotClass is offered."""


class StorageQuota(Section):
    """The most that one namespace may claim of one tier."""

    namespace: DnsLabel
    tier: DnsLabel
    capacity_tib: QuotaTebibytes
    """Kubernetes reckons a ResourceQuota in thousandths of a byte in 64 bits: 8,388 TiB is the most it can hold."""
    claims: Count = 100
    """Most PersistentVolumeClaims."""


class Checkpoint(Section):
    """What the largest training job writes at a checkpoint."""

    tier: DnsLabel
    """The tier that checkpoints go to."""
    size_tib: Tebibytes
    """Size of one checkpoint in tebibytes: weights and optimiser state."""
    max_write_s: Annotated[int, Field(ge=1, le=86_400, strict=True)] = 300
    """Longest time in seconds that a checkpoint may take to write."""
    kept: Count = 3
    """Checkpoints kept at once; they must fit the tier."""


class Storage(Section):
    """The storage tiers, who may use how much, and the checkpoint they must carry."""

    tiers: tuple[Tier, ...] = ()
    quotas: tuple[StorageQuota, ...] = ()
    checkpoint: Checkpoint | None = None
