"""The APIs that a lab serves: real definitions where they are at hand and unchanged, marked stand-ins elsewhere."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.deliver.inventory import KINDS
from aifactory.errors import LabError
from aifactory.lab.crds import STAND_IN, Definition, definitions, real, served, stand_in
from aifactory.lab.places import crd_folder
from aifactory.manifests.model import key_of
from tests.support.schemas import crd_dir

ROWS = {f"{row.plural}.{row.group}": row for row in definitions()}
BUILT_IN = ("v1", "apps/", "batch/", "networking.k8s.io/", "rbac.", "resource.k8s.io/", "storage.k8s.io/")
UPSTREAM = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "status": {"x": 1}}


def with_file(folder: Path, row: Definition, content: str) -> Definition:
    """A definition whose file is in the folder with this content, and whose checksum is the content's."""
    file = folder / row.file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return row.model_copy(update={"sha256": hashlib.sha256(content.encode()).hexdigest()})


def test_the_table_names_each_definition_once() -> None:
    """Each kind and each file is named once, with a checksum and a version to take it from."""
    assert len(ROWS) == len(definitions())
    assert len({row.file for row in definitions()}) == len(definitions())
    for row in definitions():
        assert len(row.sha256) == 64
        assert row.repository.startswith("https://")
        assert row.ref
        assert row.file.endswith(f"/{row.plural}.{row.group}.yaml")


def test_every_custom_kind_of_a_bundle_is_served() -> None:
    """A lab serves each kind that a Bundle may hold and that Kubernetes itself does not bring."""
    custom = {kind for kind in KINDS if not kind[0].startswith(BUILT_IN)}

    assert custom <= {
        (f"{row.group}/{version}", row.kind) for row in definitions() for version in row.versions
    }


@pytest.mark.parametrize("name", ROWS)
def test_a_stand_in_has_the_names_of_the_real_one(name: str) -> None:
    """A stand-in serves the same names and versions, stores one of them, and says what it is."""
    row = ROWS[name]
    made: Any = stand_in(row)

    assert made["metadata"]["name"] == name
    assert made["metadata"]["labels"] == {STAND_IN: "true"}
    assert made["spec"]["names"]["kind"] == row.kind
    assert made["spec"]["scope"] == row.scope
    versions = made["spec"]["versions"]
    assert tuple(version["name"] for version in versions) == row.versions
    assert [version["storage"] for version in versions].count(True) == 1
    for version in versions:
        assert version["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] is True


@pytest.mark.parametrize("name", ROWS)
def test_a_stand_in_agrees_with_the_real_file(name: str) -> None:
    """Names, scope and versions of the table are those of the upstream definition."""
    folder = crd_dir()
    if folder is None:
        pytest.skip("no folder with real CRDs: set AIFACTORY_CRDS to one")
    row = ROWS[name]
    found: Any = real(row, folder)

    assert found is not None, f"{row.file} is not there, or is another version than {row.ref}"
    assert found["metadata"]["name"] == name
    assert found["spec"]["names"]["kind"] == row.kind
    assert found["spec"]["scope"] == row.scope
    assert set(row.versions) <= {
        version["name"] for version in found["spec"]["versions"] if version["served"]
    }
    assert "status" not in found


def test_a_file_with_the_right_checksum_is_used(tmp_path: Path) -> None:
    """The upstream file is used as it is, without the status that it may carry."""
    row = with_file(tmp_path, definitions()[0], yaml.safe_dump(UPSTREAM))

    assert real(row, tmp_path) == {key: value for key, value in UPSTREAM.items() if key != "status"}


@pytest.mark.parametrize("addition", ["\n", "# edited\n", "x: 1\n"])
def test_a_changed_file_is_not_used(addition: str, tmp_path: Path) -> None:
    """A file of another checksum is not used, whatever the change."""
    row = with_file(tmp_path, definitions()[0], yaml.safe_dump(UPSTREAM))
    file = tmp_path / row.file
    file.write_text(file.read_text() + addition)

    assert real(row, tmp_path) is None


def test_a_file_of_another_checksum_is_never_parsed(tmp_path: Path) -> None:
    """A hostile file is compared by its bytes only."""
    file = tmp_path / definitions()[0].file
    file.parent.mkdir(parents=True)
    file.write_text("!!python/object/apply:os.system ['false']\n- {")

    assert real(definitions()[0], tmp_path) is None


def test_without_a_folder_everything_stands_in(tmp_path: Path) -> None:
    """Without a folder, and with an empty one, each kind is served by a stand-in, and all are named."""
    for folder in (None, tmp_path, tmp_path / "absent"):
        made, standing = served(folder, management=True)

        assert sorted(standing) == sorted(ROWS)
        assert [item["kind"] for item in made] == ["CustomResourceDefinition"] * len(ROWS)


def test_a_cell_serves_nothing_of_a_management_cluster() -> None:
    """Clusters and GitOps engines are only of a management cluster, which serves what cells serve besides."""
    of_cells, of_all = (
        {key_of(item).name for item in served(None, management=management)[0]} for management in (False, True)
    )

    assert of_cells < of_all == set(ROWS)
    assert of_all - of_cells == {
        "applicationsets.argoproj.io",
        "appprojects.argoproj.io",
        "clusters.cluster.x-k8s.io",
        "gitrepositories.source.toolkit.fluxcd.io",
        "kubeadmcontrolplanes.controlplane.cluster.x-k8s.io",
        "kustomizations.kustomize.toolkit.fluxcd.io",
        "metal3clusters.infrastructure.cluster.x-k8s.io",
        "nicoclusters.infrastructure.cluster.x-k8s.io",
    }


def test_with_the_real_files_nothing_stands_in() -> None:
    """With the folder of the real files no kind is served by a stand-in."""
    folder = crd_dir()
    if folder is None:
        pytest.skip("no folder with real CRDs: set AIFACTORY_CRDS to one")

    made, standing = served(folder, management=True)

    assert standing == []
    assert len(made) == len(ROWS)


@pytest.mark.parametrize("named", [None, ""])
def test_the_folder_is_that_of_the_environment(
    named: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AIFACTORY_CRDS names the folder; unset and empty mean none."""
    monkeypatch.delenv("AIFACTORY_CRDS", raising=False)
    if named is not None:
        monkeypatch.setenv("AIFACTORY_CRDS", named)

    assert crd_folder() is None
    monkeypatch.setenv("AIFACTORY_CRDS", str(tmp_path))
    assert crd_folder() == tmp_path


@pytest.mark.parametrize("kind", ["absent", "a file"])
def test_a_folder_that_is_not_there_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that names no folder is not taken for unset: the variable and the path are named."""
    named = tmp_path / "crds"
    if kind == "a file":
        named.write_text("")
    monkeypatch.setenv("AIFACTORY_CRDS", str(named))

    with pytest.raises(LabError) as refused:
        crd_folder()

    assert str(refused.value) == (
        f"AIFACTORY_CRDS: there is no folder {named}; a folder with CustomResourceDefinitions is needed; correct the"
        " variable, or unset it"
    )
