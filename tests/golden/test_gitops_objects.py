"""What is in the GitOps trees: all that a cell is to have, valid, and no secret."""

from pathlib import Path
from typing import Any

import pytest

from aifactory.manifests.gitops.clusters import of_cluster_api
from aifactory.manifests.model import key_of
from tests.golden.test_objects import NOT_SECRET, SECRET_NAME, SECRET_TEXT, leaves
from tests.support.gitops import ENGINES, bundles, every_object, objects
from tests.support.schemas import crd_dir, violations

SHOWN = [(stack, engine) for stack in ("korea-pilot", "malaysia-johor") for engine in ENGINES]
"""A site of one cell, and one of several."""
GROUPS = (".fluxcd.io/", "argoproj.io/", ".cluster.x-k8s.io/", "cluster.x-k8s.io/")


@pytest.mark.parametrize("shown", SHOWN, indirect=True, ids="-".join)
def test_a_cell_has_all_objects_of_its_bundle(shown: tuple[str, Path]) -> None:
    """The kustomizations of a cell's layers come to exactly the objects that direct delivery applies."""
    stack, tree = shown
    for name, bundle in bundles(stack):
        for layer in bundle.layers:
            if not layer.objects:
                continue
            (folder,) = (tree / "cells" / name).glob(f"[0-9][0-9]-{layer.name.value}")
            wanted = {str(key_of(item)): item for item in layer.objects if not of_cluster_api(item)}
            assert {str(key_of(item)): item for item in objects(folder)} == wanted, folder


@pytest.mark.parametrize("shown", SHOWN, indirect=True, ids="-".join)
def test_custom_resources_are_valid_against_the_real_crds(shown: tuple[str, Path]) -> None:
    """Every object of the engines and of Cluster API has all fields that its CRD wants, and no unknown one."""
    if crd_dir() is None:
        pytest.skip("no folder with real CRDs: set AIFACTORY_CRDS to one")
    stack, tree = shown
    custom = [
        item for _, item in every_object(tree) if any(group in f"{item['apiVersion']}" for group in GROUPS)
    ]
    kinds = {key_of(item).kind for item in custom}

    assert len(custom) > 1
    assert [problem for item in custom for problem in violations(item)] == []
    made = {"Cluster", "KubeadmControlPlane", "Metal3Cluster", "MachineDeployment", "MachineHealthCheck"}
    assert made <= kinds or stack != "malaysia-johor"


@pytest.mark.parametrize("shown", SHOWN, indirect=True, ids="-".join)
def test_nothing_secret_is_written(shown: tuple[str, Path]) -> None:
    """No file holds a Secret, a key, a password or a credential in an address; Secrets are only named."""
    _, tree = shown
    references = {"secretRef"}
    for file, item in every_object(tree):
        assert item["kind"] != "Secret", file
        names = [name for name, _ in leaves(item) if SECRET_NAME.search(name)]
        assert set(names) <= NOT_SECRET | references, file
    for path in tree.rglob("*"):
        assert not path.is_file() or not SECRET_TEXT.search(path.read_text("utf-8")), path


@pytest.mark.parametrize("shown", SHOWN, indirect=True, ids="-".join)
def test_a_cluster_is_never_pruned(shown: tuple[str, Path]) -> None:
    """A Cluster says to both engines that it stays when its file is gone."""
    _, tree = shown
    for file, item in every_object(tree):
        if item["kind"] == "Cluster":
            metadata: Any = item["metadata"]
            assert metadata["annotations"] == {
                "kustomize.toolkit.fluxcd.io/prune": "disabled",
                "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
            }, file
