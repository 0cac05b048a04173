"""Words about cells: what is rendered, what is refused, and what is said of the part that is realised."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from aifactory.cli import drift, inputs, preview, realise
from aifactory.cli.extent import Extent, same_place
from aifactory.cli.inputs import choose_part
from aifactory.plan.cell_choice import home_of, site_of
from aifactory.spec.load import CONFIG_KEY
from aifactory.spec.stack import Target
from tests.support.cli import Terminal
from tests.support.stacks import minimal_stack, pool

NETWORK = {
    "pod_cidr": "10.0.0.0/12",
    "service_cidr": "172.16.0.0/16",
    "node_cidr": "100.64.0.0/16",
    "cells": {"pod_prefix": 16, "service_prefix": 20, "node_prefix": 22},
}


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stack ``site`` of five cells, with direct delivery; the folder of its file."""
    return written(
        tmp_path, monkeypatch, minimal_stack(pools=[pool(nodes=10, cell_racks=1)], network=NETWORK)
    )


def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stack: dict[str, Any]) -> Path:
    """A folder with the stack ``site``, which the command line reads instead of its own."""
    folder = tmp_path / "stacks"
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.site.yaml").write_text(yaml.safe_dump({"config": {CONFIG_KEY: stack}}))
    monkeypatch.setattr(inputs, "STACKS", folder)
    return folder


def policies(tree: Path) -> str:
    """The text of all rendered objects."""
    return "".join(file.read_text() for file in sorted((tree / "manifests").rglob("*.yaml")))


@pytest.mark.usefixtures("cells")
@pytest.mark.parametrize(("words", "number"), [((), 0), (("--cell", "3"), 3), (("--cell", "site-c004"), 4)])
def test_render_writes_one_cell(
    words: tuple[str, ...], number: int, terminal: Terminal, tmp_path: Path
) -> None:
    """The tree is that of the named cell, or of the first one, with its networks; what is left out is said."""
    words = words or ("--target", "simulated")
    done = terminal("render", "site", *words, "--out", str(tmp_path / "out"))

    assert done.code == 0, done.text
    assert f"cell site-c00{number}, {number + 1} of 5; the others are not rendered\n" in done.out
    text = policies(tmp_path / "out")
    assert f"100.64.{number * 4}.0/22" in text
    assert "100.64.0.0/16" not in text


def test_a_site_of_one_cell_is_rendered_without_a_word_of_cells(terminal: Terminal, tmp_path: Path) -> None:
    """A stack of one cell says nothing of cells."""
    assert len(terminal("render", "local", "--out", str(tmp_path / "out")).out.splitlines()) == 1


@pytest.mark.usefixtures("cells")
@pytest.mark.parametrize("command", [("up",), ("destroy",)])
def test_a_real_cluster_needs_a_cell(
    command: tuple[str, ...], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a real cluster a site of several cells is refused in one message, before any tool is fetched."""
    monkeypatch.setattr(realise, "tools_of", lambda *_: pytest.fail("no tool is needed"))

    done = terminal(*command, "site", "--target", "cluster")

    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    for part in (
        "delivery.mode: the site has 5 cells (site-c000, site-c001, site-c002 and 2 more)",
        "direct delivery reaches one cluster",
        "name a cell with --cell, or set delivery.mode: gitops",
    ):
        assert part in done.err


@pytest.mark.usefixtures("cells")
@pytest.mark.parametrize("command", [("up",), ("destroy",), ("lab", "up"), ("render",)])
def test_an_unknown_cell_is_refused(
    command: tuple[str, ...], terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A cell that is not there is refused in one message, before any tool is fetched."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(realise, "tools_of", lambda *_: pytest.fail("no tool is needed"))

    done = terminal(*command, "site", "--target", "simulated", "--cell", "5")

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "error: site has no cell '5'; cells: site-c000, site-c001, site-c002 and 2 more; name one of them, or its"
        " number from 0 to 4\n"
    )


@pytest.mark.usefixtures("cells")
@pytest.mark.parametrize(("cell", "home"), [("0", "site"), ("1", "site-c001"), (None, "site")])
def test_each_cell_has_a_home_of_its_own(cell: str | None, home: str) -> None:
    """The first cell keeps the lab and the state of the stack, every other one has its own."""
    chosen = choose_part("site", None, Target.SIMULATED, cell)

    assert home_of(chosen.plan) == home
    assert site_of(home, chosen.plan.cell) == "site"
    assert site_of(home, None) == home


@pytest.mark.usefixtures("cells")
def test_what_is_left_out_is_said() -> None:
    """A cell is said to be one of several, and a sample to be a part of what is planned; to machines too."""
    chosen = choose_part("site", None, Target.SIMULATED, "1")

    extent = Extent(chosen.plan, len(chosen.site.cells), 1)

    assert extent.lines() == [
        "cell site-c001, 2 of 5; the others are not realised",
        "sample: 1 of 2 planned GPU nodes are realised, at most 1 of each pool",
    ]
    assert extent.as_data() == {
        "cell": "site-c001",
        "management": False,
        "cells": 5,
        "sample": 1,
        "planned": {"nodes": 2, "gpus": 16},
        "realised": {"nodes": 1, "gpus": 8, "pools": {"train": {"nodes": 1, "gpus": 8}}},
    }
    assert extent.sample_flag() == " --sample 1"
    assert same_place(chosen.plan) == " --target simulated --cell site-c001"
    assert same_place(chosen.plan, "other") == " --target simulated --lab other --cell site-c001"


@pytest.mark.usefixtures("cells")
@pytest.mark.parametrize("command", ["preview", "drift"])
def test_a_stopped_lab_of_a_cell_is_that_cell_s(
    command: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A cell's own lab is asked, not the first cell's, and the advice starts the lab of that cell."""
    (tmp_path / "state" / "aifactory" / "labs" / "simulated" / "site-c001").mkdir(parents=True)
    stopped = SimpleNamespace(status=lambda: SimpleNamespace(state="stopped"))
    for module in (preview, drift):
        monkeypatch.setattr(module, "tools_of", lambda *_: SimpleNamespace())
        monkeypatch.setattr(module, "lab_of", lambda *_: stopped)

    done = terminal(command, "site", "--target", "simulated", "--cell", "1")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: the lab of site-c001 ")
    assert done.err.endswith("start it with: aifactory up site --target simulated --cell site-c001\n")


def test_where_nothing_is_left_out_nothing_is_said() -> None:
    """A site of one cell in full size has no such line, whether or not a larger sample is asked for."""
    chosen = choose_part("local", None, Target.SIMULATED, None)

    for sample in (None, 1000):
        assert Extent(chosen.plan, 1, sample).lines() == []
    assert Extent(chosen.plan, 1, None).as_data()["cell"] is None
