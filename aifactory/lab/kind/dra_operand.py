"""The kubelet plugin of NVIDIA's DRA driver in a kind lab: the real program over the mock driver. Pure.

The hook of its CDI files is a mock: there are no driver libraries to link into a container.
"""

from pydantic import JsonValue

from aifactory.lab.kind.discovery import marked
from aifactory.manifests import dra
from aifactory.manifests.dra import DynamicResourceAllocationArgs
from aifactory.manifests.flows import DRA_COMPONENT
from aifactory.manifests.kind_target import DRIVER_ROOT, lab_image
from aifactory.manifests.model import KubernetesObject
from aifactory.manifests.render import render
from aifactory.spec.operators import Owner

DRA_PLUGIN = "dra-driver-nvidia-gpu-kubelet-plugin"
DRA_HEALTH_PORT = 51516
IN_POD = "/driver-root"
"""Where pods have the driver root of their node."""
_DRA_RULES: list[JsonValue] = [
    {
        "apiGroups": ["resource.nvidia.com"],
        "resources": ["computedomains", "computedomaincliques"],
        "verbs": ["get", "list", "watch"],
    },
    {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims"], "verbs": ["get", "list", "watch"]},
    {
        "apiGroups": ["resource.k8s.io"],
        "resources": ["resourceslices"],
        "verbs": ["get", "list", "watch", "create", "update", "delete"],
    },
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch", "update"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
]


def dra_driver(args: DynamicResourceAllocationArgs) -> tuple[KubernetesObject, ...]:
    """The kubelet plugin of the DRA driver for GPUs, with its rights and device classes, on the DRA pools only.

    Compute domains are not served: they need an IMEX daemon, which needs a real NVLink fabric.

    Args:
        args: The stack's own arguments; affinity and tolerations are those it gives the chart.
    """
    if not args.pools or args.spec.owner is Owner.ABSENT:
        return ()
    managed = args.model_copy(update={"spec": args.spec.model_copy(update={"owner": Owner.MANAGED})})
    values = dra.layers(managed)[0].releases[0].values["kubeletPlugin"]
    assert isinstance(values, dict)  # noqa: S101 - made by the layer itself
    image, account = lab_image("dra-driver-nvidia-gpu"), "dra-driver-nvidia-gpu-kubeletplugin"
    common = marked({}, "chart", "the chart dra-driver-nvidia-gpu")
    environment: dict[str, JsonValue] = {
        "NVIDIA_DRIVER_ROOT": DRIVER_ROOT,
        "DRIVER_ROOT_CTR_PATH": IN_POD,
        "CDI_ROOT": "/var/run/cdi",
        "NVIDIA_CDI_HOOK_PATH": f"{DRIVER_ROOT}/usr/bin/nvidia-cdi-hook",
        "HEALTHCHECK_PORT": str(DRA_HEALTH_PORT),
        "HTTP_ENDPOINT": ":8080",
        "IMAGE_NAME": image,
        "SERVICE_ACCOUNT_NAME": account,
    }
    access: dict[str, JsonValue] = {
        "namespace": args.spec.namespace,
        "name": account,
        "role": "aifactory-lab-dra-kubelet-plugin",
        "rules": _DRA_RULES,
    }
    plugin: dict[str, JsonValue] = {
        "name": DRA_PLUGIN,
        "namespace": args.spec.namespace,
        "pod_labels": {DRA_COMPONENT: "kubelet-plugin", "app.kubernetes.io/name": "dra-driver-nvidia-gpu"},
        "account": account,
        "affinity": values["affinity"],
        "tolerations": values["tolerations"],
        "image": image,
        "environment": entries(environment),
        "health_port": DRA_HEALTH_PORT,
        "driver_root": DRIVER_ROOT,
    }
    return (
        *render("lab-operands/access.yaml.j2", {**common, **access}),
        *render("lab-operands/dra-kubelet-plugin.yaml.j2", {**common, **plugin}),
    )


def entries(plain: dict[str, JsonValue]) -> list[JsonValue]:
    """A container's environment: the plain values, and the pod's node and namespace.

    Args:
        plain: Values by name.
    """
    entries: list[JsonValue] = [{"name": key, "value": value} for key, value in plain.items()]
    for key, path in (("NODE_NAME", "spec.nodeName"), ("NAMESPACE", "metadata.namespace")):
        entries.append({"name": key, "valueFrom": {"fieldRef": {"fieldPath": path}}})
    return entries
