"""The README and the guides: every command line in them is one that the program takes."""

import re
from pathlib import Path

import pytest

from tests.support.cli import ROOT
from tests.unit.docs.test_pipeline import commands, parsed

GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_RULES = re.findall(r"^([a-z ]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
TARGETS = {target for rule in _RULES for target in rule.split()}


def blocks(file: Path) -> list[list[str]]:
    """The commands of the blocks of a guide, and those in its text that have an argument."""
    return [
        words for words in commands(file) if len(words) > 1 or words[0] in {"doctor", "catalog", "schema"}
    ]


CASES = [
    pytest.param(words, id=f"{file.name}-{index}-{words[0]}")
    for file in GUIDES
    for index, words in enumerate(blocks(file))
]


def test_there_is_something_to_check() -> None:
    """Commands are found in the README and in each guide that has blocks of them."""
    assert len(blocks(ROOT / "README.md")) > 15
    assert len(CASES) > 40


@pytest.mark.parametrize("words", CASES)
def test_every_command_of_a_guide_parses(words: list[str]) -> None:
    """The command exists, and takes the words and options that the guide gives it."""
    assert parsed([word.strip("<>") for word in words]) == words[0]


@pytest.mark.parametrize("file", GUIDES, ids=lambda file: file.name)
def test_every_target_of_make_exists(file: Path) -> None:
    """What a guide has make do, in a block or a span of code, is a target of the Makefile."""
    named = re.findall(r"(?:^|`)(?:[A-Z_]+=\S+ )?make ([a-z]+)", file.read_text("utf-8"), re.MULTILINE)

    assert set(named) <= TARGETS
