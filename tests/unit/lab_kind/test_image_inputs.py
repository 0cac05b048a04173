"""The name of the node image changes with everything it is made of."""

import ast
import json
import os
from pathlib import Path

import pytest

from aifactory.lab.kind import base_tree, image_inputs
from aifactory.lab.kind.image_inputs import SOURCES, fingerprint, image_hash
from aifactory.lab.tools import Tools


def test_a_fingerprint_is_the_files_own(tmp_path: Path) -> None:
    """The manifest is believed as long as size and age are those of the file; otherwise the file is read."""
    tool = tmp_path / "tool"
    tool.write_text("x")
    read = fingerprint(tool)
    found = tool.stat()
    manifest = {"sha256": "recorded", "size_bytes": found.st_size, "mtime_ns": found.st_mtime_ns}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert fingerprint(tool) == "recorded"

    os.utime(tool, ns=(1, 1))

    assert fingerprint(tool) == read
    assert len(read) == 64


def test_every_input_changes_the_name(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool, kind, the architecture, the machine's rights, the Debian packages and our own code are all in it."""
    here = Path(image_inputs.__file__).parent
    for name in SOURCES:
        (tmp_path / name).write_bytes((here / name).read_bytes())

    def name_of(kind: str = "0.32.0", architecture: str = "amd64", *, restricted: bool = False) -> str:
        return image_hash(tools.paths, kind, architecture, restricted=restricted, sources=tmp_path)

    found = [name_of(), name_of("0.33.0"), name_of(architecture="arm64"), name_of(restricted=True)]
    tools.path("etcd").write_text("another")
    found.append(name_of())
    monkeypatch.setattr(base_tree, "PACKAGES", ("bash",))
    found.append(name_of())
    (tmp_path / "userland.py").write_text("another")
    found.append(name_of())

    assert len(set(found)) == len(found)
    assert {len(name) for name in found} == {12}
    assert name_of() == found[-1]


def test_all_code_that_shapes_the_image_is_in_its_name() -> None:
    """What the build imports from this package is hashed, but for what only runs, logs, or is hashed as data."""
    here = Path(image_inputs.__file__).parent
    apart = {"base_tree", "logged", "machine", "workshop"}
    todo, seen = ["node_build"], set[str]()
    while todo:
        name = todo.pop()
        if name in seen | apart:
            continue
        seen.add(name)
        nodes = ast.walk(ast.parse((here / f"{name}.py").read_text("utf-8")))
        modules = [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
        todo += [module.rpartition(".")[2] for module in modules if module.startswith("aifactory.lab.kind.")]

    assert {f"{name}.py" for name in seen} == {name for name in SOURCES if name.endswith(".py")}
