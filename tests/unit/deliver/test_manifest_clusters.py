"""A folder of manifests is as many clusters as it has cells, and no object is left out."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.deliver.manifest_clusters import clusters_below
from aifactory.errors import AIFactoryError
from aifactory.manifests.model import key_of
from tests.support.cli import Terminal
from tests.support.gitops import bundles, rendered


def put(file: Path, name: str, **more: Any) -> None:
    """A file with one ConfigMap."""
    file.parent.mkdir(parents=True, exist_ok=True)
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}
    file.write_text(yaml.safe_dump(item))


def take(folder: Path, *names: str) -> None:
    """A kustomization without a kind, as kustomize allows it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"resources": list(names)}))


def seen(folder: Path) -> dict[str, list[str]]:
    """Names of the objects of each cluster, by its folder; the rest of a folder has a plus."""
    return {
        f"{one.folder.relative_to(folder)}{'+' if one.rest else ''}": [
            key_of(item).name for item in one.objects
        ]
        for one in clusters_below(folder)
    }


def test_each_cell_is_a_cluster_and_the_rest_is_another(tmp_path: Path) -> None:
    """Cells share what they both take, what none takes is with the rest of its tree, and nothing is lost."""
    for cell in ("a", "b"):
        put(tmp_path / "site" / "cells" / cell / "own.yaml", f"own-{cell}")
        take(tmp_path / "site" / "cells" / cell / "00-x", "../../../shared/both")
    put(tmp_path / "site" / "shared" / "both" / "both.yaml", "both")
    put(tmp_path / "site" / "shared" / "left" / "left.yaml", "left")
    put(tmp_path / "site" / "management" / "m.yaml", "manager")
    put(tmp_path / "other" / "o.yaml", "other")

    assert seen(tmp_path) == {
        "site/cells/a": ["own-a", "both"],
        "site/cells/b": ["own-b", "both"],
        "site+": ["manager", "left"],
        ".+": ["other"],
    }


def test_a_kustomization_takes_in_kustomizations(tmp_path: Path) -> None:
    """What is taken in takes in more, in a circle too; the address of a repository is passed over."""
    put(tmp_path / "cells" / "a" / "own.yaml", "own")
    take(
        tmp_path / "cells" / "a" / "00-x", "../../../one", "https://git.example/x", "git.example/x//y?ref=v1"
    )
    take(tmp_path / "one", "../two", "../cells/a")
    put(tmp_path / "two" / "two.yaml", "two")

    assert seen(tmp_path) == {"cells/a": ["own", "two"]}


def test_what_is_taken_in_and_not_there_is_refused(tmp_path: Path) -> None:
    """A cell of which nobody knows what it is given is not called right."""
    put(tmp_path / "cells" / "a" / "own.yaml", "own")
    take(tmp_path / "cells" / "a", "../../shared/gone")

    with pytest.raises(AIFactoryError) as refused:
        clusters_below(tmp_path)

    assert str(refused.value) == (
        f"{(tmp_path / 'cells' / 'a' / 'kustomization.yaml').resolve()}: ../../shared/gone is not there, so that nobody"
        " knows what the cluster is given; files and folders of the same tree are allowed; render the tree again, or"
        " check all of it"
    )


def test_a_folder_without_cells_is_one_cluster(tmp_path: Path) -> None:
    """Any folder of manifests is one cluster, and so is the folder of a cell."""
    put(tmp_path / "a" / "x.yaml", "x")
    put(tmp_path / "b" / "y.yaml", "y")

    assert seen(tmp_path) == {".": ["x", "y"]}


@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_a_rendered_cell_has_the_objects_of_its_bundle(
    engine: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Every object that direct delivery would apply to a cell is in the cell's cluster, under the stack's name."""
    tree = rendered(Terminal(monkeypatch, capsys), "malaysia-johor", engine, tmp_path)

    found = {one.folder.name: one for one in clusters_below(tmp_path) if not one.rest}
    for name, bundle in bundles("malaysia-johor"):
        wanted = {str(key_of(item)) for item in bundle.objects()}
        machines = {key for key in wanted if "cluster.x-k8s.io" in key}
        assert wanted - machines <= {str(key_of(item)) for item in found[name].objects}
        assert found[name].stack == "malaysia-johor"
        alone = clusters_below(tree / "cells" / name)
        assert [(one.stack, one.objects) for one in alone] == [("malaysia-johor", found[name].objects)]
