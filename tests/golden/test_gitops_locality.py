"""A change of one pool changes the files of the cells that have it, and of no other."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from aifactory.deliver.tree import MARKER
from tests.support.cli import ROOT, Terminal
from tests.support.gitops import ENGINES, objects
from tests.support.trees import content

STACK = "korea-gigawatt"
WITH_RTX = {f"{STACK}-c{index:03d}" for index in range(4)}
"""Cells that the pool twin-rtx is laid over."""
MOST_BYTES = 4_000_000
MOST_FILES = 1000


def variant(folder: Path, replicas: int) -> Path:
    """The stack with another number of shares of the GPUs of twin-rtx."""
    read: Any = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{STACK}.yaml").read_text())
    (pool,) = [one for one in read["config"]["aifactory:stack"]["pools"] if one["name"] == "twin-rtx"]
    pool["partitioning"]["time_slicing"]["replicas"] = replicas
    folder.mkdir()
    file = folder / f"Pulumi.{STACK}.yaml"
    file.write_text(yaml.safe_dump(read))
    return file


@pytest.mark.parametrize("engine", ENGINES)
def test_a_change_of_one_pool_stays_in_its_cells(engine: str, tmp_path: Path, terminal: Terminal) -> None:
    """Outside the shared folders only files of cells with the pool differ; the others come to the same objects."""
    trees = []
    for replicas in (4, 8):
        file, out = variant(tmp_path / f"{replicas}", replicas), tmp_path / f"out-{replicas}"
        done = terminal("render", "--file", str(file), "--engine", engine, "--out", str(out))
        assert done.code == 0, done.text
        trees.append(out / STACK)
    old, new = (content(tree) for tree in trees)

    different = {name for name in {*old, *new} if old.get(name) != new.get(name)} - {MARKER}
    shared = {name for name in different if name.startswith("shared/")}
    cells = {name.split("/")[1] for name in different - shared}

    assert shared
    assert different - shared <= {name for name in {*old, *new} if name.startswith("cells/")}
    assert cells == WITH_RTX
    assert [name for name in sorted(shared) if name in old and name in new] == []
    for folder in sorted((trees[0] / "cells").glob("*/*/kustomization.yaml")):
        cell = folder.parent.parent.name
        if cell not in WITH_RTX:
            again = trees[1] / folder.parent.relative_to(trees[0])
            assert objects(again) == objects(folder.parent), folder
    assert sum(map(len, new.values())) < MOST_BYTES
    assert len(new) < MOST_FILES
