"""NVIDIA's operands and NFD in a kind lab: what is applied in the place of the charts. Pods are not run here."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.catalog.load import catalog
from aifactory.lab.kind.discovery import PCI_DEVICES, STANDS_FOR
from aifactory.lab.kind.dra_operand import DRA_PLUGIN
from aifactory.lab.kind.follow_config import CHOICE
from aifactory.lab.kind.layout import Worker, workers
from aifactory.lab.kind.operands import (
    DISCOVERY,
    LAB_OPERAND,
    PLUGIN,
    device_plugin,
    discovery_objects,
    dra_driver,
    gpu_feature_discovery,
    operand_objects,
)
from aifactory.manifests.flows import DRA_PLUGIN as DRA_PODS
from aifactory.manifests.flows import OPERANDS
from aifactory.manifests.gpu_operator_config import PLUGIN_CONFIG
from aifactory.manifests.kind_target import DRIVER_ROOT
from aifactory.manifests.parts import Parts, bundle_of, parts_of
from aifactory.plan.factory import plan as plan_of
from aifactory.plan.models import FactoryPlan
from aifactory.plan.nodes import GPU_TAINT, POOL_LABEL
from aifactory.spec.load import load_stack
from aifactory.spec.operators import Owner
from aifactory.spec.stack import Target

STACKS = Path(__file__).parents[3] / "stacks"


def planned(stack: str = "korea-pilot") -> FactoryPlan:
    """A plan on target kind."""
    return plan_of(stack, load_stack(STACKS / f"Pulumi.{stack}.yaml"), catalog(), Target.KIND)


def without_operators(parts: Parts) -> Parts:
    """The parts of a stack whose operators are absent."""
    operator = parts.gpu_operator.spec.model_copy(update={"owner": Owner.ABSENT})
    driver = parts.dra.spec.model_copy(update={"owner": Owner.ABSENT})
    return parts.model_copy(
        update={
            "gpu_operator": parts.gpu_operator.model_copy(update={"spec": operator}),
            "dra": parts.dra.model_copy(update={"spec": driver}),
        }
    )


def all_objects(stack: str = "korea-pilot") -> list[Any]:
    """Everything that the lab applies by itself."""
    plan = planned(stack)
    return [*discovery_objects(workers(stack, plan, None)), *operand_objects(plan)]


def named(kind: str, name: str, stack: str = "korea-pilot") -> Any:
    """One object."""
    found = [item for item in all_objects(stack) if item["kind"] == kind and item["metadata"]["name"] == name]
    assert len(found) == 1, f"{kind} {name}"
    return found[0]


def pools_of(daemon_set: Any) -> set[str]:
    """The pools that a DaemonSet's pods are kept on."""
    affinity = daemon_set["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    (pools,) = [one for one in term["matchExpressions"] if one["key"] == POOL_LABEL]
    assert pools["operator"] == "In"
    return set(pools["values"])


def environment(daemon_set: Any, container: str) -> dict[str, str]:
    """The plain environment of a container."""
    (found,) = [
        one for one in daemon_set["spec"]["template"]["spec"]["containers"] if one["name"] == container
    ]
    return {entry["name"]: entry["value"] for entry in found["env"] if "value" in entry}


@pytest.mark.parametrize("stack", ["korea-pilot", "local"])
def test_everything_says_what_it_stands_for(stack: str) -> None:
    """Every object, and every pod that one makes, says that it stands for something, and for what; none twice."""
    objects = all_objects(stack)
    for item in objects:
        if item["kind"] == "Namespace":
            continue
        assert item["metadata"]["annotations"][STANDS_FOR]
        assert item["metadata"]["labels"][LAB_OPERAND] in {"chart", "discovery"}
        if "template" in item.get("spec", {}):
            assert item["spec"]["template"]["metadata"]["annotations"][STANDS_FOR]
    keys = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in objects]
    assert len(set(keys)) == len(keys)


def test_images_are_the_labs_own_and_never_pulled() -> None:
    """No container has an image from a registry, or may ask for one."""
    for item in all_objects():
        spec = item.get("spec", {}).get("template", {}).get("spec", {})
        for container in [*spec.get("containers", []), *spec.get("initContainers", [])]:
            assert container["image"].startswith("aifactory.local/")
            assert container["imagePullPolicy"] == "Never"


def test_selectors_pick_the_pods_they_make() -> None:
    """Each workload's selector is among the labels of its own pods, and of no other workload's."""
    made = [item for item in all_objects() if "template" in item.get("spec", {})]
    for item in made:
        wanted = item["spec"]["selector"]["matchLabels"].items()
        picked = [one for one in made if wanted <= one["spec"]["template"]["metadata"]["labels"].items()]
        assert picked == [item]


def test_each_operand_is_on_its_own_pools() -> None:
    """Discovery is on every pool, the plugin on the operator's, the DRA driver on those of DRA: never both."""
    plan = planned()
    everywhere = {pool.name for pool in plan.pools}
    assert pools_of(named("DaemonSet", DISCOVERY)) == everywhere
    assert pools_of(named("DaemonSet", PLUGIN)) == {"infer-gb300", "infer-b300", "infer-b200-mig"}
    assert pools_of(named("DaemonSet", DRA_PLUGIN)) == {"train-gb300"}


def test_policies_of_the_stack_pick_the_operands() -> None:
    """The flow table's labels, by which the stack's policies let operands through, are on these pods."""
    labels = {
        name: named("DaemonSet", name)["spec"]["template"]["metadata"]["labels"]
        for name in (DISCOVERY, PLUGIN, DRA_PLUGIN)
    }
    assert labels[DISCOVERY]["app"] in OPERANDS.values
    assert labels[PLUGIN]["app"] in OPERANDS.values
    assert labels[DRA_PLUGIN][str(DRA_PODS.key)] in DRA_PODS.values


def test_operands_use_what_the_stack_declares() -> None:
    """Namespaces and the ConfigMap of configurations that pods name are in the stack's own Bundle."""
    bundle: list[Any] = list(bundle_of(parts_of(planned())).objects())
    declared = {
        (item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in bundle
    }
    for name in (DISCOVERY, PLUGIN, DRA_PLUGIN):
        item = named("DaemonSet", name)
        home = item["metadata"]["namespace"]
        assert ("Namespace", None, home) in declared
        for volume in item["spec"]["template"]["spec"]["volumes"]:
            if "configMap" in volume:
                assert ("ConfigMap", home, volume["configMap"]["name"]) in declared
                assert volume["configMap"]["name"] == PLUGIN_CONFIG


def test_pods_tolerate_the_gpu_taint() -> None:
    """Every operand tolerates the taint of GPU nodes, and NFD's worker everything."""
    for name in (DISCOVERY, PLUGIN, DRA_PLUGIN):
        (toleration,) = named("DaemonSet", name)["spec"]["template"]["spec"]["tolerations"]
        assert toleration == {"key": GPU_TAINT["key"], "operator": "Exists", "effect": GPU_TAINT["effect"]}
    worker = named("DaemonSet", "nfd-worker")["spec"]["template"]["spec"]
    assert worker["tolerations"] == [{"operator": "Exists"}]


def test_the_plugin_is_told_of_the_mock() -> None:
    """The plugin finds the mock by NVML alone, hands over device nodes, and reads the mock's MIG capabilities."""
    item = named("DaemonSet", PLUGIN)
    told = environment(item, "nvidia-device-plugin")
    assert told["NVIDIA_DRIVER_ROOT"] == DRIVER_ROOT
    assert told["DEVICE_DISCOVERY_STRATEGY"] == "nvml"
    assert told["DEVICE_LIST_STRATEGY"] == "envvar"
    assert told["PASS_DEVICE_SPECS"] == "true"
    (plugin,) = [
        one for one in item["spec"]["template"]["spec"]["containers"] if one["name"] == "nvidia-device-plugin"
    ]
    assert plugin["command"][:2] == ["sh", "-c"]
    assert "mount -o bind /driver-root/proc/driver /proc/driver" in plugin["command"][2]


def test_the_manager_chooses_and_signals_nobody() -> None:
    """The config-manager follows the node's label; the process follows its choice, and is sent no signal."""
    for name, process in ((PLUGIN, "nvidia-device-plugin"), (DISCOVERY, "gpu-feature-discovery")):
        item = named("DaemonSet", name)
        manager = environment(item, "config-manager")
        assert (manager["ONESHOT"], manager["SEND_SIGNAL"]) == ("false", "false")
        assert manager["CONFIG_FILE_DST"] == CHOICE == environment(item, process)["CONFIG_FILE"]
        assert "initContainers" not in item["spec"]["template"]["spec"]


def test_pci_devices_are_the_mocks_for_both_that_read_them() -> None:
    """NFD's worker and GPU feature discovery have the mock's devices where the kernel's would be."""
    for name in ("nfd-worker", DISCOVERY):
        spec = named("DaemonSet", name)["spec"]["template"]["spec"]
        (volume,) = [one for one in spec["volumes"] if one.get("hostPath", {}).get("path") == PCI_DEVICES]
        mounts = {
            mount["name"]: mount["mountPath"]
            for container in spec["containers"]
            for mount in container["volumeMounts"]
        }
        assert mounts[volume["name"]] == "/sys/bus/pci/devices"


def test_rules_may_taint_nodes() -> None:
    """NFD's master is told to process taints of rules, which it leaves alone by default."""
    config = yaml.safe_load(named("ConfigMap", "nfd-master")["data"]["nfd-master.conf"])
    assert config["enableTaints"] is True


def test_a_changed_configuration_rolls_the_plugin() -> None:
    """The plugin's pods carry a hash of the configurations, which changes with them."""
    operator = parts_of(planned()).gpu_operator
    fewer = operator.model_copy(update={"pools": operator.pools[:-1]})
    made: list[Any] = [*device_plugin(operator), *device_plugin(fewer)]
    pods = [
        item["spec"]["template"]["metadata"]["annotations"] for item in made if item["kind"] == "DaemonSet"
    ]
    assert pods[0] != pods[1]


def test_absent_operators_have_no_operands() -> None:
    """A stack without the operator or the DRA driver has none of their operands, and workers without GPUs no NFD."""
    parts = without_operators(parts_of(planned()))
    assert device_plugin(parts.gpu_operator) == gpu_feature_discovery(parts.gpu_operator) == ()
    assert dra_driver(parts.dra) == ()
    assert dra_driver(parts_of(planned()).dra.model_copy(update={"pools": ()})) == ()
    assert discovery_objects((Worker("spare", None, None),)) == ()


@pytest.mark.parametrize("owner", [Owner.PROVIDER, Owner.EXTERNAL])
def test_operators_of_others_have_their_operands_too(owner: Owner) -> None:
    """Where the cluster came with the operators, the lab runs the same operands in their namespaces."""
    parts = parts_of(planned())
    spec = parts.dra.spec.model_copy(update={"owner": owner})
    assert dra_driver(parts.dra.model_copy(update={"spec": spec})) == dra_driver(parts.dra)
