"""What is in the golden trees: valid against real CRDs, known to the inventory, and free of secrets."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from pydantic import JsonValue

from aifactory.deliver.inventory import KINDS
from aifactory.lab.crds import definitions
from aifactory.manifests.labels import LAYER, MANAGED_BY, STACK, TOOL
from aifactory.manifests.model import KubernetesObject, key_of
from tests.support.schemas import crd_dir, violations
from tests.support.trees import STACKS, TREES

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CUSTOM = {(f"{row.group}/{version}", row.kind): row for row in definitions() for version in row.versions}
CLUSTER_WIDE = {
    ("v1", "Namespace"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("resource.k8s.io/v1", "DeviceClass"),
    ("storage.k8s.io/v1", "StorageClass"),
} | {kind for kind, row in CUSTOM.items() if row.scope == "Cluster"}
SECRET_NAME = re.compile(r"(passw|passphrase|token|api_?key|private_?key|access_?key|client_?secret)", re.I)
SECRET_TEXT = re.compile(
    r"-----BEGIN|\beyJ[\w-]{10,}\.|\bAKIA[0-9A-Z]{16}|\bgh[pousr]_\w{20,}|\bnvapi-|//[^/\s:]+:[^/\s@]+@"
)
NOT_SECRET = {"automountServiceAccountToken"}
"""Fields whose name looks like a secret's and whose value is a switch."""


def manifests(stack: str) -> dict[str, KubernetesObject]:
    """The objects of a tree, by file."""
    files = sorted((TREES / stack / "manifests").rglob("*.yaml"))
    return {
        file.relative_to(TREES).as_posix(): yaml.load(file.read_text("utf-8"), LOADER)  # noqa: S506 - safe
        for file in files
    }


def leaves(value: JsonValue, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar of a value, with the name of the field it is in."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, name)
    else:
        yield name, value


@pytest.mark.parametrize("stack", STACKS)
def test_custom_resources_are_valid_against_the_real_crds(stack: str) -> None:
    """Every object with a CRD has all the fields the CRD wants, and none that it does not know."""
    if crd_dir() is None:
        pytest.skip("no folder with real CRDs: set AIFACTORY_CRDS to one")
    custom = [item for item in manifests(stack).values() if _kind(item) in CUSTOM]

    assert {_kind(item)[1] for item in custom} >= {"ClusterPolicy", "NVIDIADriver", "NodeFeatureRule"}
    assert [problem for item in custom for problem in violations(item)] == []


@pytest.mark.parametrize("stack", STACKS)
def test_every_kind_is_known_to_the_inventory(stack: str) -> None:
    """What is not in the inventory's kinds would never be pruned, so nothing else is in a tree."""
    assert {_kind(item) for item in manifests(stack).values()} <= set(KINDS)


@pytest.mark.parametrize("stack", STACKS)
def test_every_namespaced_object_names_its_namespace(stack: str) -> None:
    """A namespace is written where the kind has one, is declared in the tree, and is absent elsewhere."""
    objects = manifests(stack)
    spaces = {key_of(item).name for item in objects.values() if item["kind"] == "Namespace"}

    for file, item in objects.items():
        if _kind(item) in CLUSTER_WIDE:
            assert key_of(item).namespace is None, file
        else:
            assert key_of(item).namespace in spaces, file


@pytest.mark.parametrize("stack", STACKS)
def test_every_object_has_the_inventory_label(stack: str) -> None:
    """Each object says which stack and which layer it belongs to, and its layer is that of its folder."""
    for file, item in manifests(stack).items():
        metadata: Any = item["metadata"]
        folder = file.split("/")[2]
        assert metadata["labels"][STACK] == stack, file
        assert metadata["labels"][MANAGED_BY] == TOOL, file
        assert folder.endswith(f"-{metadata['labels'][LAYER]}"), file


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_secret_is_written(stack: str) -> None:
    """No file holds a Secret, a key, a password or a credential in an address."""
    for file in sorted((TREES / stack).rglob("*.yaml")):
        text = file.read_text("utf-8")
        document = yaml.load(text, LOADER)  # noqa: S506 - safe
        assert document.get("kind") != "Secret", file
        assert not SECRET_TEXT.search(text), file
        named = [name for name, _ in leaves(document) if SECRET_NAME.search(name) and name not in NOT_SECRET]
        assert named == [], file


@pytest.mark.parametrize("stack", STACKS)
def test_charts_are_pinned(stack: str) -> None:
    """Each chart file names its version, and a source that is reached encrypted."""
    for file in sorted((TREES / stack / "charts").rglob("*.yaml")):
        release = yaml.load(file.read_text("utf-8"), LOADER)  # noqa: S506 - safe
        assert re.fullmatch(r"v?[0-9]+\.[0-9]+\.[0-9]+", release["version"]), file
        assert release["repository"].startswith(("https://", "oci://")), file


def _kind(item: KubernetesObject) -> tuple[str, str]:
    key = key_of(item)
    return key.api_version, key.kind
