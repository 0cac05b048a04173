"""Answers about tokens: kept whole or not at all, and one clear message where there is none.

AIConfigurator itself is not run here: a FAKE library of the same name, or a FAKE program, stands for it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aifactory.catalog.load import catalog
from aifactory.errors import ToolError
from aifactory.lab import token_model
from aifactory.lab.token_answers import NotModelledError, cache_folder
from aifactory.lab.token_model import simulate

GB300 = catalog().systems["gb300-nvl72"]


def fake(code: str) -> tuple[str, ...]:
    """A FAKE program in place of the real one."""
    return (sys.executable, "-c", code)


def test_an_answer_is_kept(calls: Path, told: list[str]) -> None:
    """The same question is asked once, below the user's cache folder, and nothing else is left there."""
    first = simulate("gpt-oss-120b", GB300, "server", told.append)
    again = simulate("gpt-oss-120b", GB300, "server", told.append)

    assert again == first
    assert len(calls.read_text().splitlines()) == len(told) == 1
    assert [file.suffix for file in cache_folder().iterdir()] == [".json"]


def test_another_question_or_version_is_asked_anew(
    calls: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other lengths, another model or another version of the library has an answer of its own."""
    simulate("gpt-oss-120b", GB300, "server", told.append)
    simulate("gpt-oss-120b", GB300, "8k-1k", told.append)
    simulate("llama-3.1-405b", GB300, "server", told.append)
    monkeypatch.setattr(token_model, "installed_version", lambda: "0.13.0")
    newer = simulate("gpt-oss-120b", GB300, "server", told.append)

    assert len(calls.read_text().splitlines()) == 4
    assert newer.software == "aiconfigurator 0.13.0, trtllm 1.0"


@pytest.mark.parametrize("torn", ["", "{", "{}", '{"answer": {}, "as_of": "2026-01-01"}', "\x00"])
def test_a_torn_answer_is_asked_again(calls: Path, told: list[str], torn: str) -> None:
    """A kept answer that cannot be read is replaced, not trusted."""
    first = simulate("gpt-oss-120b", GB300, "server", told.append)
    (file,) = cache_folder().iterdir()
    file.write_text(torn)

    assert simulate("gpt-oss-120b", GB300, "server", told.append) == first
    assert len(calls.read_text().splitlines()) == 2
    assert json.loads(file.read_text())["answer"]["tokens_per_second_per_gpu"] == 1234.5


@pytest.mark.usefixtures("calls")
def test_an_answer_that_cannot_be_kept_is_given(told: list[str]) -> None:
    """A cache folder that cannot be written is told, and the answer is there all the same."""
    cache_folder().parent.parent.mkdir()
    cache_folder().parent.write_text("a file where a folder is to be")

    assert simulate("gpt-oss-120b", GB300, "server", told.append).tokens_per_second_per_gpu == 1234.5
    assert told[1].startswith(f"the simulated tokens cannot be kept in {cache_folder()}: ")


REFUSALS = [
    (
        "hgx-b300",
        NotModelledError,
        "has no figure for W: RuntimeError: No feasible configurations found; choose",
    ),
    (
        "gb200-nvl72",
        NotModelledError,
        "has no figure for W: no configuration keeps the latency targets; choose",
    ),
    (
        "dgx-b200",
        ToolError,
        "failed for W (exit code 1): KeyError: 'torn data'; plan without simulated tokens",
    ),
    (
        "rtx-pro-6000-server",
        ToolError,
        "failed for W (exit code 1): Backend trtllm is not supported; plan without",
    ),
]


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(("system", "kind", "message"), REFUSALS, ids=[case[0] for case in REFUSALS])
def test_a_refusal_of_the_library_is_told(
    told: list[str], system: str, kind: type[ToolError], message: str
) -> None:
    """No feasible configuration is told apart from a failure; neither leaves an answer behind."""
    with pytest.raises(kind) as caught:
        simulate("gpt-oss-120b", catalog().systems[system], "server", told.append)

    assert type(caught.value) is kind
    assert f"AIConfigurator {message.replace('W', f'gpt-oss-120b on {system}')}" in str(caught.value)
    assert not cache_folder().exists()


BAD_PROGRAMS = [
    (
        "print('no answer')",
        "answered for gpt-oss-120b on gb300-nvl72 in a form that is not understood: 'no answer",
    ),
    ("pass", "answered for gpt-oss-120b on gb300-nvl72 in a form that is not understood: ''"),
    ("print('{\"tokens_per_second_per_gpu\": -1}')", "in a form that is not understood"),
    ("raise SystemExit(3)", "failed for gpt-oss-120b on gb300-nvl72 (exit code 3): it said nothing;"),
    (
        "import os; os.kill(os.getpid(), 9)",
        "failed for gpt-oss-120b on gb300-nvl72 (exit code -9): it said nothing;",
    ),
]


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(("code", "message"), BAD_PROGRAMS, ids=[case[0][:20] for case in BAD_PROGRAMS])
def test_a_program_that_misbehaves_gives_one_message(told: list[str], code: str, message: str) -> None:
    """Noise, silence, a wrong figure, an exit code or a kill of the FAKE program is one ToolError."""
    with pytest.raises(ToolError) as caught:
        simulate("gpt-oss-120b", GB300, "server", told.append, program=fake(code))

    assert f"AIConfigurator {message}" in str(caught.value) or message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not cache_folder().exists()


@pytest.mark.usefixtures("calls")
def test_a_program_that_cannot_start_is_told(told: list[str]) -> None:
    """A Python that is gone is a ToolError, no traceback."""
    with pytest.raises(
        ToolError, match=r"^/no/such/python cannot be started: .*; install Python and the extra"
    ):
        simulate("gpt-oss-120b", GB300, "server", told.append, program=("/no/such/python",))


@pytest.mark.usefixtures("calls")
def test_a_slow_program_is_ended_with_all_its_children(told: list[str], tmp_path: Path) -> None:
    """What takes too long is refused, and no process of the FAKE program lives on."""
    noted = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"open({str(noted)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}');"
        "time.sleep(600)"
    )
    with pytest.raises(
        ToolError, match=r"takes more than 5 s for gpt-oss-120b on gb300-nvl72; try again on a mach"
    ):
        simulate("gpt-oss-120b", GB300, "server", told.append, program=fake(code), timeout_s=5)

    for pid in noted.read_text().split():
        assert not _runs(int(pid))


def _runs(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet reaped by its foster parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(listed.stdout.strip()) and not listed.stdout.strip().startswith("Z")
