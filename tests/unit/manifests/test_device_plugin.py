"""Layer device-plugin: where it runs, what it may do, and what makes it roll."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aifactory.catalog.load import catalog
from aifactory.manifests import device_plugin
from aifactory.manifests.device_plugin import CONFIG_HASH, MPS, PLUGIN, DevicePluginArgs
from aifactory.manifests.model import KubernetesObject, key_of
from aifactory.plan.capacity import pool_plan
from aifactory.plan.models import PoolPlan
from aifactory.plan.nodes import POOL_LABEL
from aifactory.spec.pools import Pool

IMAGE = "registry.example/k8s-device-plugin:v0.20.0"
SHARED = {"replicas": 4}
Tree = dict[str, Any]
"""Part of a Kubernetes object."""


def pool(name: str = "infer", **fields: object) -> PoolPlan:
    """A pool that the standalone plugin serves, unless told otherwise."""
    mine = {
        "name": name,
        "system": "dgx-b200",
        "nodes": 2,
        "service": "inference",
        "device_stack": "standalone",
    }
    return pool_plan(Pool.model_validate({**mine, **fields}), catalog().systems["dgx-b200"])


def objects(*pools: PoolPlan, **options: object) -> dict[str, KubernetesObject]:
    """The layer's objects by kind and name."""
    args = DevicePluginArgs.model_validate({"pools": pools, "image": IMAGE, **options})
    (layer,) = device_plugin.layers(args)
    return {f"{key_of(found).kind}/{key_of(found).name}": found for found in layer.objects}


def daemon(*pools: PoolPlan, name: str = PLUGIN, **options: object) -> Tree:
    """The pod template of a DaemonSet."""
    found: Any = objects(*pools, **options)[f"DaemonSet/{name}"]
    template: Tree = found["spec"]["template"]
    return template


def container(template: Tree, name: str) -> Tree:
    """A container of a pod template, an init container included."""
    every: list[Tree] = [*template["spec"]["initContainers"], *template["spec"]["containers"]]
    (wanted,) = [found for found in every if found["name"] == name]
    return wanted


def environment(template: Tree, name: str) -> dict[str, str]:
    """Environment of a container, without references."""
    return {entry["name"]: entry["value"] for entry in container(template, name)["env"] if "value" in entry}


def pool_names(template: Tree) -> list[str]:
    """Pools that the node affinity admits."""
    required = template["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = required["nodeSelectorTerms"]
    (expression,) = term["matchExpressions"]
    assert (expression["key"], expression["operator"]) == (POOL_LABEL, "In")
    names: list[str] = expression["values"]
    return names


def test_no_pools_no_layer() -> None:
    """Without pools nothing is declared."""
    assert device_plugin.layers(DevicePluginArgs(image=IMAGE)) == ()


@given(st.sets(st.from_regex(r"[a-z]{1,8}", fullmatch=True).filter(lambda n: n != "default"), min_size=1))
def test_the_plugin_lands_on_the_served_pools_only(names: set[str]) -> None:
    """The node affinity admits exactly the pools that are served, in a stable order."""
    assert pool_names(daemon(*map(pool, names))) == sorted(names)


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (pool(allocation="dra"), "pool 'infer' allocates through DRA: never a device plugin on a node"),
        (pool(allocation="dra", device_stack=None), "pool 'infer' allocates through DRA"),
        (pool(device_stack="operator"), "pool 'infer' has device_stack 'operator', and only 'standalone'"),
        (pool("default"), "a pool cannot be named 'default'"),
    ],
)
def test_pools_of_others_are_refused(refused: PoolPlan, message: str) -> None:
    """A pool that has another way to its GPUs is refused by name."""
    with pytest.raises(ValueError, match=message):
        objects(pool("good"), refused)


def test_every_refused_pool_is_named() -> None:
    """Two refused pools give one message with both."""
    with pytest.raises(ValueError, match=r"'one'.*; .*'two'"):
        objects(pool("one", allocation="dra"), pool("two", device_stack="none"))


def test_each_pool_has_a_configuration() -> None:
    """The ConfigMap has a key for each pool and one for nodes that choose none."""
    found: Any = objects(pool("a"), pool("b", partitioning={"time_slicing": SHARED}))[f"ConfigMap/{PLUGIN}"]

    assert sorted(found["data"]) == ["a", "b", "default"]
    assert "timeSlicing" in found["data"]["b"]


def test_a_changed_configuration_rolls_the_pods() -> None:
    """The hash in the pods changes with a configuration, and with nothing else."""

    def hashed(template: Tree) -> str:
        return str(template["metadata"]["annotations"][CONFIG_HASH])

    plain = hashed(daemon(pool()))

    assert plain == hashed(daemon(pool(nodes=3), driver_root="/run/nvidia/driver"))
    assert plain != hashed(daemon(pool(partitioning={"time_slicing": SHARED})))


def test_the_config_manager_follows_the_node_label() -> None:
    """A configuration is chosen before the plugin starts, and the plugin is signalled after a change."""
    template = daemon(pool())

    first, later = environment(template, "config-init"), environment(template, "config-manager")

    assert first["NODE_LABEL"] == later["NODE_LABEL"] == "nvidia.com/device-plugin.config"
    assert (first["ONESHOT"], first["SEND_SIGNAL"]) == ("true", "false")
    assert (later["ONESHOT"], later["SEND_SIGNAL"], later["SIGNAL"]) == ("false", "true", "1")
    assert [later["PROCESS_TO_SIGNAL"]] == container(template, "device-plugin")["command"]
    assert template["spec"]["shareProcessNamespace"] is True


def test_the_only_configuration_is_the_default_too() -> None:
    """One pool's plugin never takes another configuration first; with several, nodes without a label get none's."""

    def default(*pools: PoolPlan) -> set[str]:
        template = daemon(*pools)
        return {environment(template, one)["DEFAULT_CONFIG"] for one in ("config-init", "config-manager")}

    assert default(pool("a")) == {"a"}
    assert default(pool("a"), pool("b")) == {"default"}


def test_the_plugin_has_no_capabilities() -> None:
    """No container of a pool of whole GPUs has a capability or can gain one."""
    template = daemon(pool())

    for name in ("config-init", "config-manager", "device-plugin"):
        security = container(template, name)["securityContext"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["allowPrivilegeEscalation"] is False


def test_mig_adds_one_capability() -> None:
    """A pool cut by MIG gives the plugin what reading the MIG configuration takes."""
    template = daemon(pool(partitioning={"mig": {"layout": "all-1g.23gb"}}))

    security = container(template, "device-plugin")["securityContext"]

    assert security == {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}
    assert environment(template, "device-plugin")["NVIDIA_MIG_MONITOR_DEVICES"] == "all"


def test_options_of_the_hosts_reach_the_plugin() -> None:
    """Driver root, discovery, device passing, pull policy and runtime class are as given."""
    options: Tree = {
        "driver_root": "/var/lib/mock-nvidia",
        "discovery": "nvml",
        "pass_device_specs": True,
        "image_pull_policy": "Never",
        "runtime_class": "nvidia",
        "privileged": True,
    }
    template = daemon(pool(), **options)
    told, plugin = environment(template, "device-plugin"), container(template, "device-plugin")
    volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}

    assert volumes["driver-root"]["hostPath"]["path"] == told["NVIDIA_DRIVER_ROOT"] == "/var/lib/mock-nvidia"
    assert (told["DEVICE_DISCOVERY_STRATEGY"], told["PASS_DEVICE_SPECS"]) == ("nvml", "true")
    assert (plugin["imagePullPolicy"], plugin["securityContext"]) == ("Never", {"privileged": True})
    assert template["spec"]["runtimeClassName"] == "nvidia"


def test_the_mps_daemon_runs_where_mps_is_used() -> None:
    """The MPS daemon lands on MPS pools only, sees the host's processes and meets the plugin on the host."""
    pools = (pool("plain"), pool("mps", partitioning={"mps": SHARED}))
    template = daemon(*pools, name=MPS)

    assert pool_names(template) == ["mps"]
    assert template["spec"]["nodeSelector"] == {"nvidia.com/mps.capable": "true"}
    assert template["spec"]["hostPID"] is True
    assert "shareProcessNamespace" not in template["spec"]  # the API server refuses both
    assert environment(daemon(*pools), "device-plugin")["MPS_ROOT"] == "/run/nvidia/mps"


def test_without_mps_there_is_no_trace_of_it() -> None:
    """Without an MPS pool there is no daemon, and the plugin mounts nothing of it."""
    template = daemon(pool())

    assert f"DaemonSet/{MPS}" not in objects(pool())
    assert not [volume for volume in template["spec"]["volumes"] if "mps" in volume["name"]]
    assert "MPS_ROOT" not in environment(template, "device-plugin")


@pytest.mark.parametrize("name", [PLUGIN, MPS])
def test_every_mount_has_its_volume(name: str) -> None:
    """Each container mounts only volumes of its pod, requests resources, and each volume is mounted."""
    template = daemon(pool(partitioning={"mps": SHARED}), name=name)
    every = [*template["spec"]["initContainers"], *template["spec"]["containers"]]

    mounted = {mount["name"] for found in every for mount in found["volumeMounts"]}

    assert mounted == {volume["name"] for volume in template["spec"]["volumes"]}
    assert all("requests" in found["resources"] for found in every)


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])))
def test_hostile_values_stay_values(hostile: str) -> None:
    """No driver root changes anything but the paths it names."""
    root = f"/{hostile}"
    template = daemon(pool(), driver_root=root)

    assert environment(template, "device-plugin")["NVIDIA_DRIVER_ROOT"] == root
    assert len(template["spec"]["volumes"]) == 5
