"""Whatever happens, a user sees one message and an exit code, never a traceback."""

import errno
from pathlib import Path

import pytest

from aifactory.cli import lab, main, realise, stacks
from aifactory.errors import ClusterError, EngineError, LabError, StackInvalid, TemplateError, ToolError
from tests.support.cli import Terminal, run

COMMANDS = (
    *("validate", "show", "plan", "preview", "render", "schema", "up", "destroy", "doctor", "lab"),
    *("catalog", "gates", "evidence", "promote"),
)


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make `validate` fail."""

    def choose(*_words: object) -> None:
        raise error

    monkeypatch.setattr(stacks, "choose", choose)


@pytest.mark.parametrize("kind", [LabError, ToolError, ClusterError, EngineError, TemplateError])
def test_an_error_of_ours_is_its_message(
    kind: type[Exception], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that is raised on purpose is printed as it is, brackets too, with exit code 1."""
    failing(monkeypatch, kind("it is [bold]so[/bold]; do that"))

    done = terminal("validate", "local")

    assert (done.code, done.out, done.err) == (1, "", "error: it is [bold]so[/bold]; do that\n")


def test_a_defect_is_one_line(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody expected is called a defect, with its kind, and how to see more."""
    failing(monkeypatch, ZeroDivisionError("division by zero"))

    done = terminal("validate", "local")

    assert done.code == 1
    assert done.err == (
        "error: a defect of this tool: ZeroDivisionError: division by zero; please report it; set AIFACTORY_DEBUG=1"
        " to see where it happened\n"
    )


def test_a_defect_shows_itself_on_demand(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """With AIFACTORY_DEBUG the error is raised, so that its place is seen."""
    failing(monkeypatch, ZeroDivisionError("division by zero"))
    monkeypatch.setenv("AIFACTORY_DEBUG", "1")

    with pytest.raises(ZeroDivisionError):
        terminal("validate", "local")


def test_a_full_disk_is_not_a_defect(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk names the file and what to free or move."""
    failing(monkeypatch, OSError(errno.ENOSPC, "No space left on device", "/cache/x"))

    done = terminal("validate", "local")

    assert done.code == 1
    assert done.err.startswith("error: the disk is full (/cache/x); free space is needed; ")
    assert "run the same command again" in done.err


def test_another_error_of_the_system_is_a_defect(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system that no code expected is reported as such."""
    failing(monkeypatch, OSError(errno.EIO, "Input/output error", "/x"))

    assert terminal("validate", "local").err.startswith("error: a defect of this tool: OSError: ")


def test_an_interrupt_is_exit_code_130(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C says how to go on, and ends with the shells' code."""
    failing(monkeypatch, KeyboardInterrupt())

    done = terminal("validate", "local")

    assert (done.code, done.err) == (
        main.INTERRUPTED,
        "error: interrupted; run the same command again to go on\n",
    )


def test_many_problems_are_many_lines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every problem of a stack file is on a line of its own, after one 'error:'."""
    from aifactory.errors import Problem

    failing(monkeypatch, StackInvalid("f", [Problem("b", "x", "y", "z"), Problem("a", "x", "y", "z")]))

    assert terminal("validate", "local").err == "error: f: a: x; y; z\nf: b: x; y; z\n"


@pytest.mark.parametrize("words", [["up", "local"], ["destroy", "local"]])
def test_a_lab_of_a_real_cluster_is_refused_before_anything_is_fetched(
    words: list[str], terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`--lab` names no real cluster: it is refused, and no tool is fetched for it."""
    fetched: list[str] = []
    monkeypatch.setattr(realise, "tools_of", lambda *_: fetched.append("tools"))

    done = terminal(*words, "--target", "cluster", "--lab", "other")

    assert done.code == 1
    assert "--lab: the target is cluster, which is no lab" in done.err
    assert fetched == []
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("command", ["up", "down", "status"])
def test_a_real_cluster_has_no_lab(command: str, terminal: Terminal) -> None:
    """Every lab command refuses a target without a lab, and names those that have one."""
    done = terminal("lab", command, "--target", "cluster")

    assert done.code == 1
    assert done.err == (
        "error: target 'cluster' is a real cluster and has no lab; labs: simulated, kind; use --target simulated\n"
    )


def test_without_labs_there_is_nothing_to_do(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """`lab down` and `lab status` without a lab say so, and fetch no tool."""
    monkeypatch.setattr(lab, "tools_of", lambda *_: pytest.fail("no tool is needed"))

    assert terminal("lab", "down") == terminal("lab", "down")
    assert terminal("lab", "down").out == "no lab is there\n"
    assert terminal("lab", "status").out.startswith("no lab is there; start one with: ")
    assert terminal("lab", "status", "--json").out.strip() == "[]"


@pytest.mark.parametrize("name", ["../../x", "/etc", "A B", ""])
def test_a_lab_has_the_name_of_a_stack(
    name: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`lab down` takes away nothing outside the folder of the labs: other names are refused."""
    monkeypatch.setattr(lab, "tools_of", lambda *_: pytest.fail("no tool is needed"))

    done = terminal("lab", "down", name)

    assert done.code == 1
    assert "is not the name of a stack" in done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, terminal: Terminal) -> None:
    """Each command explains itself and ends with 0."""
    done = terminal(command, "--help")

    assert done.code == 0
    assert done.out.strip().startswith("Usage: ")


def test_output_that_nobody_reads_is_no_defect(tmp_path: Path) -> None:
    """A reader that stops early, as `head` does, causes no traceback and no report of a defect."""
    import subprocess

    from tests.support.cli import PROGRAM

    with subprocess.Popen(
        [str(PROGRAM), "validate", "korea-pilot"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        text = process.stderr.read()

    assert "Traceback" not in text
    assert "defect" not in text


def test_a_terminal_of_few_columns_does_not_break_messages(tmp_path: Path) -> None:
    """A message is one line whatever the width, so that it can be searched for."""
    done = run("validate", "nowhere", cwd=tmp_path, environment={"COLUMNS": "20"})

    assert len(done.err.splitlines()) == 1


def test_a_place_that_cannot_be_used_is_not_a_defect(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state folder below a file, or without rights, is named with what to change."""
    failing(monkeypatch, NotADirectoryError(errno.ENOTDIR, "Not a directory", "/etc/hostname/x"))

    done = terminal("validate", "local")

    assert done.code == 1
    assert done.err == (
        "error: /etc/hostname/x: cannot be used (Not a directory); a file or folder that can be read and written is"
        " needed; check its rights, or move XDG_CACHE_HOME and XDG_STATE_HOME\n"
    )
