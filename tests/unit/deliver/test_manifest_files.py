"""Objects are read from any folder of YAML, and nothing that could not be read counts as checked."""

from pathlib import Path

import pytest

from aifactory.deliver.manifest_files import objects_below
from aifactory.errors import AIFactoryError
from aifactory.manifests.model import key_of

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def names(folder: Path) -> list[str]:
    """Names of the objects below a folder."""
    return [key_of(item).name for item in objects_below(folder)]


def test_every_document_and_list_is_read(tmp_path: Path) -> None:
    """Objects come by path: of several documents, of a List, of JSON, and of folders in folders."""
    (tmp_path / "a.yaml").write_text(MAP % "one" + "---\n" + MAP % "two" + "---\n")
    (tmp_path / "b.json").write_text(
        '{"apiVersion": "v1", "kind": "List", "items": ['
        '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "three"}}]}'
    )
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "c.yml").write_text(MAP % "four")

    assert names(tmp_path) == ["one", "two", "three", "four"]


def test_what_is_no_object_is_passed_over(tmp_path: Path) -> None:
    """Values of charts, kustomize's own files, hidden files and other text are not objects."""
    (tmp_path / "a.yaml").write_text(MAP % "one")
    (tmp_path / "values.yaml").write_text("replicas: 3\n")
    (tmp_path / "README.md").write_text(MAP % "text")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "b.yaml").write_text(MAP % "hidden")
    (tmp_path / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n"
    )

    assert names(tmp_path) == ["one"]


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without any object is an error: a check of nothing would pass."""
    with pytest.raises(
        AIFactoryError, match="no Kubernetes object is in it, so nothing could be checked; a folder"
    ):
        objects_below(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "is not YAML .*; YAML documents are needed; correct it, or leave its folder out"),
        ("apiVersion: v1\nkind: ConfigMap\n", "an object lacks apiVersion, kind or metadata.name"),
        (
            "apiVersion: v1\nkind: List\nitems: [3]\n",
            "an item of a List is no object; every object names them",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """Broken YAML, an object without a name and a List of something else end the reading, with the file's name."""
    (tmp_path / "broken.yaml").write_text(text)

    with pytest.raises(AIFactoryError, match=f"broken.yaml: {said}"):
        objects_below(tmp_path)
