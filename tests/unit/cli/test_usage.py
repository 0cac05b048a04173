"""Words that no command takes: exit code 1 and one line, so that 2 means findings and nothing else."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from aifactory.cli.main import app
from tests.support.cli import Terminal, run


def commands(group: Any, *above: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the command line, with the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *above, name)
        else:
            yield (*above, name), command


EVERY = list(commands(typer.main.get_command(app)))
IDS = [" ".join(words) for words, _ in EVERY]


def needed(command: Any) -> list[Any]:
    """Arguments and options that a command cannot do without."""
    return [one for one in command.params if one.required]


@pytest.mark.parametrize("words", [words for words, _ in EVERY], ids=IDS)
def test_an_unknown_option_is_one_line_of_every_command(words: tuple[str, ...], terminal: Terminal) -> None:
    """Each command names itself, the option that it does not have and those that it has, and fails with 1."""
    done = terminal(*words, "--zzz")

    name = " ".join(("aifactory", *words))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {name}: no such option: --zzz; options: ")
    assert done.err.endswith(f"; '{name} --help' explains it\n")
    assert "--help" in done.err.split("; ")[1]
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "first"), [(words, needed(command)[0]) for words, command in EVERY if needed(command)]
)
def test_a_missing_word_is_one_line_of_every_command(
    words: tuple[str, ...], first: Any, terminal: Terminal
) -> None:
    """A command that needs a word names the first that is missing, and fails with 1."""
    done = terminal(*words)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(
        f"error: aifactory {' '.join(words)}: missing argument '{first.name}'; usage: "
    )
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["vlidate"], "aifactory: no such command 'vlidate' (did you mean 'validate'?); commands: validate, show, "),
        (["lab", "x"], "aifactory lab: no such command 'x'; commands: up, down, status; 'aifactory lab --help' expl"),
        ([], "aifactory: missing command; commands: validate, show, "),
        (["lab"], "aifactory lab: missing command; commands: up, down, status; "),
        (["--x"], "aifactory: no such option: --x; options: --help; 'aifactory --help' explains it"),
        (
            ["up", "local", "--target", "moon"],
            "aifactory up: invalid value for '--target': 'moon' is not one of 'cluster', 'simulated', 'kind'; usage:"
            " aifactory up [OPTIONS] {stack}; 'aifactory up --help' explains it",
        ),
        (["plan", "a", "b"], "aifactory plan: got unexpected extra argument(s) (b); usage: aifactory plan [OPTIONS] "),
        (["plan", "--compare"], "aifactory plan: option '--compare' requires an argument; options: --compare, --fi"),
        (["lab", "up", "--lab"], "aifactory lab up: option '--lab' requires an argument; options: --cell, "),
        (["validate", "--jso"], "aifactory validate: no such option: --jso (possible options: --json); options: "),
        (["evidence", "a", "b"], "aifactory evidence: missing option '--tool'; options: --help, --measured, "),
        (["lab", "up", "--sample", "0"], "aifactory lab up: invalid value for '--sample': Input should be greater "),
        (["plan", "a", "b\nc\x1b[1m"], "aifactory plan: got unexpected extra argument(s) (b\\x0ac\\x1b[1m); usage: "),
    ],
)  # fmt: skip
def test_words_that_are_not_understood(words: list[str], line: str, terminal: Terminal) -> None:
    """What is wrong, what is allowed and where it is explained are in one line, with exit code 1."""
    done = terminal(*words)

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {line}")
    assert done.err.count("\n") == 1
    assert "\x1b" not in done.err


def test_findings_keep_their_code() -> None:
    """As a process of its own a mistyped option ends with 1 and a finding with 2: a pipeline can tell them apart."""
    assert run("policy", "korea-pilot", "--digest").code == 1
    assert run("policy", "korea-pilot", "--digests").code == 2
    assert run("policy", "korea-pilot").code == 0
