"""The component DevicePlugin under mocks."""

from aifactory.catalog.load import catalog
from aifactory.plan.capacity import pool_plan
from aifactory.plan.models import PoolPlan
from aifactory.spec.pools import DeviceStack, Partitioning, Pool, Service, Sharing
from components.device_plugin import DevicePlugin, DevicePluginArgs
from tests.support.deployment import deploy

IMAGE = "registry.example/k8s-device-plugin:v0.20.0"


def _pool(name: str, partitioning: Partitioning) -> PoolPlan:
    declared = Pool(
        name=name,
        system="dgx-b200",
        nodes=2,
        service=Service.INFERENCE,
        device_stack=DeviceStack.STANDALONE,
        partitioning=partitioning,
    )
    return pool_plan(declared, catalog().systems["dgx-b200"])


PLAIN = _pool("whole", Partitioning())
MPS = _pool("mps", Partitioning(mps=Sharing(replicas=4)))


def test_every_child_has_the_component_as_parent() -> None:
    """Every object is a child of the component, has its type, and nothing else is registered."""
    deployed = deploy(lambda: DevicePlugin("plugin", DevicePluginArgs(pools=(PLAIN, MPS), image=IMAGE)))

    children = deployed.children_of(deployed.component("DevicePlugin").urn)

    home = "nvidia-device-plugin"
    assert sorted((child.type, child.name) for child in children) == [
        ("kubernetes:apps/v1:DaemonSet", f"{home}/nvidia-device-plugin"),
        ("kubernetes:apps/v1:DaemonSet", f"{home}/nvidia-mps-control-daemon"),
        ("kubernetes:core/v1:ConfigMap", f"{home}/nvidia-device-plugin"),
        ("kubernetes:core/v1:Namespace", home),
        ("kubernetes:core/v1:ServiceAccount", f"{home}/nvidia-device-plugin"),
        ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "aifactory-nvidia-device-plugin"),
        ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "aifactory-nvidia-device-plugin"),
    ]
    others = {found.type for found in deployed.resources if found not in children}
    assert others <= {"pulumi:pulumi:Stack", "aifactory:index:DevicePlugin"}


def test_the_plugin_waits_for_its_namespace() -> None:
    """Every object of the namespace depends on it; the MPS daemon is there only with MPS."""
    deployed = deploy(lambda: DevicePlugin("plugin", DevicePluginArgs(pools=(PLAIN,), image=IMAGE)))
    (home,) = deployed.of_kind("Namespace")

    (daemon,) = deployed.of_kind("DaemonSet")

    assert daemon.name == "nvidia-device-plugin/nvidia-device-plugin"
    assert home.urn in daemon.dependencies
    assert home.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"


def test_outputs() -> None:
    """Every output has its value."""
    deployed = deploy(lambda: DevicePlugin("plugin", DevicePluginArgs(pools=(PLAIN, MPS), image=IMAGE)))

    assert deployed.outputs[deployed.component("DevicePlugin").urn] == {
        "namespace": "nvidia-device-plugin",
        "configs": ["default", "mps", "whole"],
        "node_pools": ["mps", "whole"],
    }


def test_no_pools_no_objects() -> None:
    """Without pools the component stands alone, and its lists are empty."""
    deployed = deploy(lambda: DevicePlugin("plugin", DevicePluginArgs(image=IMAGE)))
    component = deployed.component("DevicePlugin")

    assert deployed.children_of(component.urn) == []
    assert deployed.outputs[component.urn] == {
        "namespace": "nvidia-device-plugin",
        "configs": [],
        "node_pools": [],
    }
