"""The command ``aifactory manifest-schemas``; the kinds of an API server are in the lane gitops."""

import json
from pathlib import Path

import pytest
import yaml

from tests.support.cli import Terminal

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.dev"},
    "spec": {
        "group": "example.dev",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}},
                },
            }
        ],
    },
}


@pytest.fixture
def crds(tmp_path: Path) -> Path:
    """A folder with one definition."""
    folder = tmp_path / "crds" / "example"
    folder.mkdir(parents=True)
    (folder / "widgets.yaml").write_text(yaml.safe_dump(CRD))
    return tmp_path / "crds"


def test_a_definition_becomes_a_schema(
    terminal: Terminal, crds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schema is in the file that kubeconform asks for, from --crds or from AIFACTORY_CRDS."""
    ran = terminal("manifest-schemas", "--crds", str(crds), "--out", str(tmp_path / "one"))
    monkeypatch.setenv("AIFACTORY_CRDS", str(crds))
    again = terminal("manifest-schemas", "--out", str(tmp_path / "two"))

    assert (ran.code, again.code) == (0, 0), ran.text + again.text
    assert ran.out.endswith("one: 1 schemas\n")
    for folder in ("one", "two"):
        schema = json.loads((tmp_path / folder / "example.dev" / "widget_v1.json").read_text())
        assert set(schema["properties"]) == {"apiVersion", "kind", "metadata", "spec"}
        assert schema["additionalProperties"] is False


def test_nothing_to_make_schemas_from_is_refused(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder and without a cluster the command fails, and says what could be given."""
    monkeypatch.delenv("AIFACTORY_CRDS", raising=False)

    ran = terminal("manifest-schemas")

    assert ran.code == 1
    assert (
        "there is nothing to make schemas from; a folder with CustomResourceDefinitions or a cluster is needed;"
        " give --crds, --kubeconfig, or set AIFACTORY_CRDS"
    ) in " ".join(ran.err.split())


def test_a_folder_without_definitions_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    """Other objects do not stand for definitions."""
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")

    ran = terminal("manifest-schemas", "--crds", str(tmp_path), "--out", str(tmp_path / "out"))

    assert ran.code == 1
    assert (
        "no CustomResourceDefinition is in it; a folder with those of the operators is needed; name one with --crds or"
        " AIFACTORY_CRDS"
    ) in " ".join(ran.err.split())


def test_a_folder_that_cannot_be_written_is_refused(terminal: Terminal, crds: Path, tmp_path: Path) -> None:
    """A file in the place of the folder is told, with another way out."""
    (tmp_path / "out").write_text("a file")

    ran = terminal("manifest-schemas", "--crds", str(crds), "--out", str(tmp_path / "out"))

    assert ran.code == 1
    assert (
        "the schemas cannot be written (Not a directory); a writable folder is needed; name another one with --out"
    ) in " ".join(ran.err.split())


def test_no_schema_at_all_is_refused(terminal: Terminal, crds: Path, tmp_path: Path) -> None:
    """Definitions without a served version make no schema; that is no success, and no folder is made."""
    text = next(crds.rglob("*.yaml")).read_text()
    next(crds.rglob("*.yaml")).write_text(text.replace("served: true", "served: false"))

    ran = terminal("manifest-schemas", "--crds", str(crds), "--out", str(tmp_path / "out"))

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: no schema could be made: no definition has a served version")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_there_names_its_option(terminal: Terminal, tmp_path: Path) -> None:
    """The remedy for missing definitions is the option that names them."""
    ran = terminal("manifest-schemas", "--crds", str(tmp_path / "none"))

    assert ran.code == 1
    assert ran.err.endswith("name one with --crds or AIFACTORY_CRDS\n")


def test_a_variable_that_names_no_folder_is_refused(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, crds: Path
) -> None:
    """AIFACTORY_CRDS is named with its path, and not asked where --crds is given."""
    monkeypatch.setenv("AIFACTORY_CRDS", str(tmp_path / "none"))

    ran = terminal("manifest-schemas", "--out", str(tmp_path / "out"))

    assert ran.code == 1
    assert ran.err.startswith(
        f"error: AIFACTORY_CRDS: there is no folder {tmp_path / 'none'}; a folder with "
    )
    assert terminal("manifest-schemas", "--crds", str(crds), "--out", str(tmp_path / "out")).code == 0
