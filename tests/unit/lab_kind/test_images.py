"""The list of images: names that kubeadm and the manifests use, and tools that there are."""

from pathlib import Path

import pytest
import yaml

from aifactory.errors import LabError
from aifactory.lab.kind.images import (
    IMAGES,
    NODE_PROGRAMS,
    LabImage,
    image_tools,
    kubeadm_references,
    own_reference,
    specs,
)
from aifactory.lab.kind.node_tree import STORAGE
from aifactory.lab.tools import default_table
from aifactory.manifests.kind_target import lab_image
from tests.unit.lab_kind.fakes import program

KUBEADM = {
    "kube-apiserver": "registry.k8s.io/kube-apiserver:v1.34.4",
    "kube-controller-manager": "registry.k8s.io/kube-controller-manager:v1.34.4",
    "kube-scheduler": "registry.k8s.io/kube-scheduler:v1.34.4",
    "kube-proxy": "registry.k8s.io/kube-proxy:v1.34.4",
    "coredns": "registry.k8s.io/coredns/coredns:v1.12.1",
    "pause": "registry.k8s.io/pause:3.10.1",
    "etcd": "registry.k8s.io/etcd:3.6.5-0",
}
"""What `kubeadm config images list` of 1.34.4 prints, by the last part of the name."""


def test_every_image_has_the_name_it_is_asked_for() -> None:
    """Kubernetes' images are named as kubeadm names them, all others by our prefix and tag."""
    names = [name for spec in specs(KUBEADM) for name in spec.references]

    assert set(KUBEADM.values()) < set(names)
    assert len(names) == len(set(names)) == len(IMAGES)
    assert {name for name in names if name not in KUBEADM.values()} == {
        f"aifactory.local/{name}:lab"
        for name in (
            "userland", "kubectl", "kube-router", "local-path-provisioner", "k8s-device-plugin",
            "node-feature-discovery", "dra-driver-nvidia-gpu",
        )
    }  # fmt: skip


def test_a_program_is_over_the_user_programs_it_needs() -> None:
    """The user programs are the lowest layer where they are wanted, and a program's layer is the same everywhere."""
    found = {spec.references[0]: spec.layers for spec in specs(KUBEADM)}

    assert found[KUBEADM["kube-apiserver"]] == ("kube-apiserver:/usr/local/bin/kube-apiserver",)
    assert found[KUBEADM["kube-proxy"]] == ("userland", "kube-proxy:/usr/local/bin/kube-proxy")
    assert found[own_reference("k8s-device-plugin")] == (
        "userland",
        "nvidia-device-plugin:/usr/bin/nvidia-device-plugin",
        "gpu-feature-discovery:/usr/bin/gpu-feature-discovery",
        "config-manager:/usr/bin/config-manager",
        "mps-control-daemon:/usr/bin/mps-control-daemon",
    )


def test_every_tool_is_in_the_table() -> None:
    """What the image is made of can be resolved, each tool once."""
    names = image_tools()

    assert len(names) == len(set(names))
    assert set(NODE_PROGRAMS) < set(names)
    assert [default_table().spec(name).name for name in names] == list(names)


@pytest.mark.parametrize(
    "names",
    [
        {name: reference for name, reference in KUBEADM.items() if name != "etcd"},
        {**KUBEADM, "new": "registry.k8s.io/new:1"},
    ],
)
def test_a_kubeadm_that_wants_other_images_is_told(names: dict[str, str]) -> None:
    """An image too many or too few would only show in a cluster that does not start; it is an error here."""
    with pytest.raises(
        LabError,
        match=r"kubeadm wants the images .* and the lab makes .*; they have to be the same; bring IMAGES",
    ):
        specs(names)


def test_names_are_asked_of_kubeadm(tmp_path: Path) -> None:
    """Kubeadm is asked for the version of Kubernetes that is built, and names are cut at the last slash and colon."""
    script = f'echo "$*" > {tmp_path}/asked\nprintf "a.test:5000/x/coredns:v1\\na.test/pause:3.10\\n"'

    found = kubeadm_references(program(tmp_path, "kubeadm", script), "1.34.4")

    assert found == {"coredns": "a.test:5000/x/coredns:v1", "pause": "a.test/pause:3.10"}
    assert (tmp_path / "asked").read_text() == "config images list --kubernetes-version v1.34.4\n"


@pytest.mark.parametrize("script", ["exit 1", None])
def test_a_kubeadm_that_fails_is_told(tmp_path: Path, script: str | None) -> None:
    """A kubeadm that fails or is not there is an error that names the version it should have."""
    file = program(tmp_path, "kubeadm", script) if script else tmp_path / "kubeadm"

    with pytest.raises(
        LabError,
        match=r"kubeadm does not list its images: .*; it has to be the kubeadm of Kubernetes 1.34.4; see",
    ):
        kubeadm_references(file, "1.34.4")


def test_objects_name_images_as_the_node_has_them() -> None:
    """The name that manifests give an image of the lab is the one under which the node image holds it."""
    for image in IMAGES:
        assert lab_image(image.name) == own_reference(image.name)


def test_the_storage_manifest_uses_images_of_the_node() -> None:
    """The provisioner and its helper are in the list and are never pulled; the class is the default one."""
    text = STORAGE.read_text("utf-8")
    objects = {document["kind"]: document for document in yaml.safe_load_all(text)}
    container = objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    helper = yaml.safe_load(objects["ConfigMap"]["data"]["helperPod.yaml"])["spec"]["containers"][0]

    ours = {own_reference(image.name) for image in IMAGES}
    assert {container["image"], helper["image"]} < ours
    assert f"--helper-image={helper['image']}" in container["args"]
    assert {container["imagePullPolicy"], helper["imagePullPolicy"]} == {"Never"}
    account = objects["ServiceAccount"]["metadata"]["name"]
    assert f"--service-account-name={account}" in container["args"]
    storage = objects["StorageClass"]
    assert (storage["metadata"]["name"], storage["provisioner"]) == ("standard", "rancher.io/local-path")
    assert storage["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}


def test_a_misspelt_field_of_an_image_is_refused() -> None:
    """A row with a field that does not exist is an error, not an image that lacks something."""
    with pytest.raises(ValueError, match="entry_point"):
        LabImage.model_validate({"name": "x", "entry_point": ["/x"]})
