"""The pipelines that people copy: every command of them exists, with the options they use."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
import yaml

from aifactory.cli.main import app
from aifactory.lab.places import labs
from tests.support.cli import ROOT

DOCS = ROOT / "docs"
EXAMPLES = sorted((DOCS / "examples").glob("*.yaml"))
FILES = [DOCS / "pipeline.md", *EXAMPLES]
STEPS = {
    "validate",
    "plan",
    "policy",
    "probe",
    "preview",
    "up",
    "render",
    "manifest-schemas",
    "evidence",
    "drift",
}
USAGE = typer.BadParameter.__bases__[0]
"""Every error of words on a command line."""
_ENDS = {"&&", "||", ";", "|", ">", ">>"}


def scripts(value: Any) -> Iterator[str]:
    """Every text of a YAML document."""
    if isinstance(value, dict):
        for item in value.values():
            yield from scripts(item)
    elif isinstance(value, list):
        for item in value:
            yield from scripts(item)
    elif isinstance(value, str):
        yield value


def texts(file: Path) -> Iterator[str]:
    """What a file would have a shell run: blocks and spans of code in Markdown, any text in YAML."""
    content = file.read_text("utf-8")
    if file.suffix == ".md":
        yield from re.findall(r"```sh\n(.*?)```", content, re.DOTALL)
        yield from re.findall(r"`(aifactory [^`\n]+)`", content)
    else:
        yield from scripts(yaml.safe_load(content))


def commands(file: Path) -> Iterator[list[str]]:
    """The words after ``aifactory`` of every command line of a file."""
    for text in texts(file):
        for line in text.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;>")
            lexer.whitespace_split = True
            words = list(lexer)
            for index, word in enumerate(words):
                begins = index == 0 or words[index - 1] in {*_ENDS, "run:"}
                rest = words[index + 1 :]
                if begins and rest and (word == "aifactory" or word.endswith("/bin/aifactory")):
                    ends = [place for place, one in enumerate(rest) if one in _ENDS]
                    yield rest[: ends[0]] if ends else rest


def parsed(words: list[str]) -> str:
    """Name of the command that the words call; fails where it does not take them."""
    known = {"$STACK": "korea-pilot", "$ENGINE": "flux"}
    group = typer.main.get_command(app)
    args = [known.get(word, word) for word in words]
    with group.make_context("aifactory", args[:1], resilient_parsing=True) as context:
        command: Any = group
        while hasattr(command, "commands"):
            assert args[0] in command.commands, f"there is no command {args[0]}"
            name, *args = args
            command = command.commands[name]
        command.make_context(name, args, parent=context)
    return words[0]


CASES = [
    pytest.param(words, id=f"{file.name}-{index}-{words[0]}")
    for file in FILES
    for index, words in enumerate(commands(file))
]


@pytest.mark.parametrize("words", CASES)
def test_every_command_line_parses(words: list[str]) -> None:
    """The command exists, and takes the words and options that the line gives it."""
    assert parsed(words) == words[0]


@pytest.mark.parametrize(
    "words", [["plan", "--no-such-option"], ["lab", "sideways"], ["render", "--engine", "x"]]
)
def test_a_wrong_command_line_would_be_found(words: list[str]) -> None:
    """An option, a command or a value that is not there is refused by the same check."""
    with pytest.raises((USAGE, AssertionError)):
        parsed(words)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_step_is_left_out(file: Path) -> None:
    """Each pipeline has every step, the check that the tree is fresh, and kubeconform in its strict mode."""
    found = list(commands(file))

    assert {words[0] for words in found} >= STEPS
    assert any(words[0] == "render" and "--check" in words for words in found)
    assert "kubeconform" in file.read_text("utf-8")
    if file.suffix == ".yaml":
        assert "kubeconform -strict" in file.read_text("utf-8")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_the_kubeconfig_of_the_lab_is_where_the_pipelines_look(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path that schemas are made from is that of the lab of the stack."""
    monkeypatch.setenv("XDG_STATE_HOME", "$XDG_STATE_HOME")
    wanted = str(labs("simulated") / "$STACK" / "kubeconfig")

    assert [
        words[words.index("--kubeconfig") + 1] for words in commands(file) if "--kubeconfig" in words
    ] == [wanted]
