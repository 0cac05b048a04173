"""Layer node-pools: the record, the rule, the patch step."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from aifactory.catalog.load import catalog
from aifactory.manifests.model import key_of
from aifactory.manifests.node_pools import GpuNodePoolArgs, settable_by_rule
from aifactory.plan.nodes import POOL_LABEL, pool_labels
from tests.support.node_pools import IMAGE, SELECTED, arguments, objects, steps
from tests.support.schemas import crd_dir, violations

CLUSTER_API: dict[str, Any] = {
    "kind": "cluster-api",
    "cluster_name": "cell",
    "namespace": "cells",
    "kubernetes_version": "v1.34.4",
    "bootstrap_template": "gpu",
    "template": {"kind": "metal3", "image_url": "https://images.example/node.raw", "image_checksum": "ab"},
}
WORDS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True)
HOSTILE = st.sampled_from(["true", "null", "1e3", "0x1F", "no", "a.-_b", "1_000", "12.30", ""])
KEYS = st.sampled_from(["--as/x", "-l/y", "team.example/z", "example.kubernetes.io/w", "x"])


def test_the_record_says_what_was_declared() -> None:
    """The ConfigMap holds the pool's size and what its nodes offer, as text, under the stack's labels."""
    record = objects(arguments())["ConfigMap"]

    assert (key_of(record).namespace, key_of(record).name) == ("aifactory-system", "pool-train")
    assert record["metadata"]["labels"]["aifactory.dev/stack"] == "lab"
    data = dict(record["data"])
    assert json.loads(data.pop("allocatable")) == {"nvidia.com/gpu": 8}
    assert json.loads(data.pop("node-selector")) == {POOL_LABEL: "train"}
    assert data == {
        "system": "hgx-b300",
        "racks": "2",
        "nodes": "8",
        "gpus": "64",
        "gpus-per-node": "8",
        "resource": "nvidia.com/gpu",
        "allocation": "device-plugin",
        "taint": "nvidia.com/gpu=present:NoSchedule",
    }


def test_simulated_pools_are_only_recorded() -> None:
    """A simulated pool is its record and nothing else."""
    assert set(objects(arguments(provisioning={"kind": "simulated"}))) == {"ConfigMap"}


def test_a_rule_labels_and_taints_by_gpu_model() -> None:
    """With NFD, one cluster-scoped rule matches the PCI ids of the GPU and sets labels and taint."""
    args = arguments(labels={"team.example/x": "y"})
    made = objects(args)

    assert set(made) == {"ConfigMap", "NodeFeatureRule"}
    assert "namespace" not in made["NodeFeatureRule"]["metadata"]
    (rule,) = made["NodeFeatureRule"]["spec"]["rules"]
    (match,) = rule["matchFeatures"]
    assert match["feature"] == "pci.device"
    assert match["matchExpressions"]["vendor"] == {"op": "In", "value": ["10de"]}
    assert match["matchExpressions"]["device"] == {"op": "In", "value": ["3182"]}
    assert rule["labels"] == pool_labels(args.pool)
    assert rule["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]


@pytest.mark.parametrize(
    "args",
    [
        arguments(nfd_present=False),
        arguments(provisioning=SELECTED),
        arguments(labels={"example.kubernetes.io/x": "y"}),
        arguments(labels={"undomained": "y"}),
    ],
    ids=["no NFD", "selector", "reserved label", "label without domain"],
)
def test_what_a_rule_cannot_do_a_job_does(args: GpuNodePoolArgs) -> None:
    """Without NFD, with a selector, or with labels NFD refuses, Jobs with their rights patch the nodes."""
    expected = {"ConfigMap", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Job", "CronJob"}
    assert set(objects(args)) == expected


def test_a_pool_that_nothing_picks_out_is_refused() -> None:
    """Without NFD, selector and product label, the arguments say what to set."""
    args = arguments()
    gpu = args.pool.system.gpu.model_copy(update={"product_label": None})
    unknown = args.pool.model_copy(
        update={"product_label": None, "system": args.pool.system.model_copy(update={"gpu": gpu})}
    )

    message = (
        "pool train: nothing picks out its nodes; Node Feature Discovery cannot, and the GPU product of "
        "hgx-b300 is not known; set provisioning.selector or product_label"
    )
    with pytest.raises(ValidationError, match=message):
        GpuNodePoolArgs(pool=unknown, nfd_present=False, kubectl_image=IMAGE)


def test_cluster_api_gets_the_rule_for_what_it_does_not_copy() -> None:
    """With NFD, a rule sets the labels that Cluster API keeps from nodes; without, there is no rule."""
    (rule,) = objects(arguments(provisioning=CLUSTER_API))["NodeFeatureRule"]["spec"]["rules"]

    assert rule["labels"] == {"nvidia.com/device-plugin.config": "train"}
    assert "NodeFeatureRule" not in objects(arguments(provisioning=CLUSTER_API, nfd_present=False))


def test_settable_labels_are_those_nfd_allows() -> None:
    """NFD sets labels with a domain outside kubernetes.io, or inside its own part of it."""
    assert settable_by_rule(POOL_LABEL)
    assert settable_by_rule("x.feature.node.kubernetes.io/a")
    assert not settable_by_rule("kubernetes.io/a")
    assert not settable_by_rule("node-restriction.kubernetes.io/a")
    assert settable_by_rule("notkubernetes.io/a")


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([None, SELECTED, {"kind": "simulated"}]), st.integers(1, 100_000), st.booleans())
def test_objects_do_not_grow_with_nodes(how: dict[str, Any] | None, nodes: int, nfd: bool) -> None:
    """Adopted and simulated pools have as many objects for one node as for a hundred thousand."""
    fields = {} if how is None else {"provisioning": how}
    many = objects(arguments(nfd_present=nfd, nodes=nodes, **fields))

    assert many.keys() == objects(arguments(nfd_present=nfd, nodes=1, **fields)).keys()
    assert all(len(key_of(manifest).name) <= 63 for manifest in many.values())


@settings(deadline=None, max_examples=40)
@given(KEYS, WORDS | HOSTILE, st.booleans())
def test_hostile_labels_stay_data(key: str, value: str, nfd: bool) -> None:
    """Whatever a label says, objects keep their structure and the value arrives as that text."""
    args = arguments(nfd_present=nfd, labels={key: value})
    made = objects(args)

    if "Job" in made:
        label = steps(args)[1]["args"]
        assert f"{key}={value}" in label[label.index("--") + 1 :]
    else:
        assert made["NodeFeatureRule"]["spec"]["rules"][0]["labels"][key] == value
    for kind, manifest in objects(arguments(nfd_present=nfd, labels={key: "plain"})).items():
        assert _shape(made[kind]) == _shape(manifest)


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    return [_shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


@pytest.mark.parametrize(
    "system", sorted(row.id for row in catalog().systems.values() if row.gpu.pci_device is not None)
)
def test_rules_fit_their_crd(system: str) -> None:
    """The rule of every system whose PCI device is known is valid against the real CRD, unknown fields included."""
    if crd_dir() is None:
        pytest.skip("the real CRDs are not at hand: set AIFACTORY_CRDS to their folder")

    assert violations(objects(arguments(system=system))["NodeFeatureRule"]) == []
