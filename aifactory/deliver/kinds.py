"""The kinds that may be ours."""

from aifactory.manifests.model import Bundle, key_of

KINDS: tuple[tuple[str, str], ...] = (
    ("v1", "ConfigMap"),
    ("v1", "Namespace"),
    ("v1", "ResourceQuota"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("argoproj.io/v1alpha1", "AppProject"),
    ("argoproj.io/v1alpha1", "ApplicationSet"),
    ("bootstrap.cluster.x-k8s.io/v1beta2", "KubeadmConfigTemplate"),
    ("cluster.x-k8s.io/v1beta2", "Cluster"),
    ("cluster.x-k8s.io/v1beta2", "MachineDeployment"),
    ("cluster.x-k8s.io/v1beta2", "MachineHealthCheck"),
    ("controlplane.cluster.x-k8s.io/v1beta2", "KubeadmControlPlane"),
    ("infrastructure.cluster.x-k8s.io/v1alpha1", "NicoCluster"),
    ("infrastructure.cluster.x-k8s.io/v1alpha1", "NicoMachineTemplate"),
    ("infrastructure.cluster.x-k8s.io/v1beta2", "Metal3Cluster"),
    ("infrastructure.cluster.x-k8s.io/v1beta2", "Metal3MachineTemplate"),
    ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("nfd.k8s-sigs.io/v1alpha1", "NodeFeatureRule"),
    ("nvidia.com/v1", "ClusterPolicy"),
    ("nvidia.com/v1alpha1", "NVIDIADriver"),
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("resource.k8s.io/v1", "DeviceClass"),
    ("resource.k8s.io/v1", "ResourceClaimTemplate"),
    ("resource.nvidia.com/v1beta1", "ComputeDomain"),
    ("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass"),
    ("source.toolkit.fluxcd.io/v1", "GitRepository"),
    ("storage.k8s.io/v1", "StorageClass"),
)
"""Every kind that a Bundle may hold, of a cell or of a management cluster; what is no longer wanted is looked for
among these."""


def kinds_of(bundle: Bundle) -> list[tuple[str, str]]:
    """Version and kind of everything that may be ours, sorted: what a Bundle may hold, and what this one holds."""
    return sorted(set(KINDS) | {(key.api_version, key.kind) for key in map(key_of, bundle.objects())})
