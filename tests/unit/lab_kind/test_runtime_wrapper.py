"""The runtime in front of runc: what it takes out, where, and that it becomes runc with the same words."""

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from aifactory.lab.kind import runtime_wrapper as wrapper

PROCESS = {
    "args": ["sh"],
    "capabilities": {"bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"], "effective": ["CAP_SYS_RESOURCE"]},
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1048576, "soft": 1048576}],
    "oomScoreAdj": -500,
}
EDITED = {"args": ["sh"], "capabilities": {"bounding": ["CAP_CHOWN"], "effective": []}}


class Became(Exception):
    """Stands for the end of this program and the start of another."""


def bundle(folder: Path, content: dict[str, Any]) -> Path:
    """A container's folder."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("spelling", [["--bundle", "{}"], ["-b", "{}"], ["--bundle={}"]])
@pytest.mark.parametrize("name", ["create", "run"])
def test_a_new_container_asks_for_less(tmp_path: Path, name: str, spelling: list[str]) -> None:
    """On create and run, capability, limits and a lowered OOM score are out of the bundle; the rest stays."""
    folder = bundle(tmp_path / "bundle", {"process": PROCESS, "hostname": "h"})

    wrapper.prepare(
        ["--root", "/run/create", "--log-format", "json", name, *[w.format(folder) for w in spelling], "id"]
    )

    assert json.loads((folder / "config.json").read_text()) == {"process": EDITED, "hostname": "h"}
    assert [path.name for path in folder.iterdir()] == ["config.json"]


def test_the_bundle_is_the_working_folder_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an option, runc takes the working folder, and so does the wrapper."""
    folder = bundle(tmp_path / "bundle", {"process": PROCESS})
    monkeypatch.chdir(folder)

    wrapper.prepare(["create", "id"])

    assert json.loads((folder / "config.json").read_text()) == {"process": EDITED}


@pytest.mark.parametrize("spelling", [["--process", "{}"], ["-p", "{}"], ["--process={}"]])
def test_a_process_in_a_container_asks_for_less(tmp_path: Path, spelling: list[str]) -> None:
    """On exec, the same is out of the file that describes the process."""
    file = tmp_path / "process.json"
    file.write_text(json.dumps(PROCESS))

    wrapper.prepare(["--log=x", "exec", *[word.format(file) for word in spelling], "--detach", "id"])

    assert json.loads(file.read_text()) == EDITED


@pytest.mark.parametrize(
    "arguments", [["delete", "create"], ["--root", "create", "state", "id"], [], ["exec", "id"]]
)
def test_other_commands_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """A word that only looks like create, and an exec without a file, leave the folder as it is."""
    folder = bundle(tmp_path / "bundle", {"process": PROCESS})
    monkeypatch.chdir(folder)

    wrapper.prepare(arguments)

    assert json.loads((folder / "config.json").read_text()) == {"process": PROCESS}


@pytest.mark.parametrize(
    "content", [{}, {"process": None}, {"process": {"capabilities": None, "oomScoreAdj": 10}}]
)
def test_nothing_to_take_out_is_no_error(tmp_path: Path, content: dict[str, Any]) -> None:
    """A bundle without a process, without capabilities, or with a raised OOM score stays as it is."""
    folder = bundle(tmp_path / "bundle", content)

    wrapper.prepare(["create", "--bundle", str(folder), "id"])

    assert json.loads((folder / "config.json").read_text()) == content


@pytest.mark.parametrize("known", [True, False])
def test_it_becomes_runc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, known: bool) -> None:
    """The process is replaced by the first runc there is, or the one on PATH, with all words unchanged."""
    runc = tmp_path / "runc"
    if known:
        runc.touch(mode=0o755)

    def become(file: str, words: list[str]) -> None:
        raise Became(file, words)

    monkeypatch.setattr(wrapper, "RUNC", (str(tmp_path / "none"), str(runc)))
    monkeypatch.setattr("os.execvp", become)
    monkeypatch.setattr(sys, "argv", ["wrapper", "state", "id"])

    with pytest.raises(Became) as raised:
        wrapper.main()

    expected = str(runc) if known else "runc"
    assert raised.value.args == (expected, [expected, "state", "id"])


def test_it_needs_nothing_but_the_lightest_modules() -> None:
    """It is copied out of the package and starts with every container: json, os and sys are all it imports."""
    tree = ast.parse(Path(wrapper.__file__).read_text("utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in top for alias in node.names}

    assert names == {"annotations", "json", "os", "sys"}
