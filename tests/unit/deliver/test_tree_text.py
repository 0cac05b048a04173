"""Text stays text for every reader of a rendered file, Go's among them, which read more as numbers than Python's."""

import pytest

from aifactory.deliver.tree import as_yaml


@pytest.mark.parametrize(
    "text",
    [
        "08",
        "09.5",
        "1e3",
        "12e45",
        "0o7",
        "0x1F",
        "0b1",
        "1_000",
        ".5",
        "5.",
        "-3",
        "y",
        "N",
        "true",
        "null",
        "",
    ],
)
def test_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    """A text that a YAML reader could take for a number, a truth value or nothing is in quotes."""
    assert as_yaml({"a": text}) == f"a: '{text}'\n"


@pytest.mark.parametrize("text", ["v1.2.3", "595.91.07", "10.0.0.0/8", "8Gi", "node-08", "e10", "82f027219a"])
def test_other_text_is_plain(text: str) -> None:
    """Versions, addresses, quantities and names are written as they are."""
    assert as_yaml({"a": text}) == f"a: {text}\n"
