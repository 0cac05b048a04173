"""What the commands below `aifactory lab` say; labs themselves are in the lanes engine and kind."""

from pathlib import Path

import pytest

from aifactory.cli import lab, realise
from aifactory.lab.labs import LabStatus
from aifactory.lab.simulated import SimulatedLab
from aifactory.lab.tools import Tools
from tests.support.cli import Terminal


def test_a_lab_that_is_not_there_is_not_called_removed(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`lab down` of a lab that there never was says so, and not that it removed something."""
    monkeypatch.setattr(lab, "tools_of", lambda *_: Tools({}, Path("bin")))

    done = terminal("lab", "down", "nope")

    assert (done.code, done.out) == (0, "")
    assert "no lab of nope" in done.err


def test_the_kubeconfig_of_a_lab_is_whole(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a narrow terminal `lab status` folds the path of a kubeconfig, and cuts nothing off it."""
    (tmp_path / "state" / "aifactory" / "labs" / "simulated" / "local").mkdir(parents=True)
    monkeypatch.setattr(lab, "tools_of", lambda *_: Tools({"kwokctl": Path("kwokctl")}, Path("bin")))
    file = tmp_path / "a-folder-with-a-name-that-is-longer-than-the-column" / "kubeconfig"
    state = LabStatus(
        stack="local", state="stopped", nodes=0, processes={}, kubeconfig=file, directory=tmp_path
    )
    monkeypatch.setattr(SimulatedLab, "status", lambda _self: state)
    monkeypatch.setenv("COLUMNS", "80")

    done = terminal("lab", "status")

    assert done.code == 0
    assert "…" not in done.out
    lines = done.out.splitlines()
    start = lines[0].index("kubeconfig")
    assert "".join(line[start:].strip() for line in lines[1:]) == str(file)


@pytest.mark.parametrize("words", [["lab", "up", "local"], ["up", "local", "--target", "simulated"]])
def test_definitions_that_are_not_there_stop_a_lab_before_it_starts(
    words: list[str], terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With AIFACTORY_CRDS naming no folder no tool is fetched and no lab is made; the variable is named."""
    for module in (lab, realise):
        monkeypatch.setattr(module, "tools_of", lambda *_: pytest.fail("no tool is needed"))
    monkeypatch.setenv("AIFACTORY_CRDS", str(tmp_path / "nowhere"))

    done = terminal(*words)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(
        f"error: AIFACTORY_CRDS: there is no folder {tmp_path / 'nowhere'}; a folder with "
    )
    assert not (tmp_path / "state").exists()


def test_definitions_that_are_not_there_stop_nothing_else(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Commands that need no definitions do not look for them."""
    monkeypatch.setenv("AIFACTORY_CRDS", str(tmp_path / "nowhere"))

    assert terminal("validate", "local").code == 0
    assert terminal("lab", "status").code == 0
