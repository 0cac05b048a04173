"""What `aifactory doctor` says of the nodes of a kind lab; tools and machine are tested with the toolbox."""

import json

import pytest

from aifactory.cli import doctor
from aifactory.lab.kind import node_choice
from tests.support.cli import Terminal


def row(terminal: Terminal) -> dict[str, object]:
    """The row of the nodes."""
    rows: list[dict[str, object]] = json.loads(terminal("doctor", "--json").out)["host"]
    return next(one for one in rows if one["name"] == "kind nodes")


def test_it_says_what_nodes_are_made_of(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row has the choice with its reason; a switch that is set wrongly is shown with its remedy."""
    monkeypatch.setattr(doctor, "find", lambda: None)
    monkeypatch.setenv(node_choice.SWITCH, "built")
    assert row(terminal)["found"] == "built, as AIFACTORY_KIND_NODE says"
    assert row(terminal)["ok"] is True
    monkeypatch.setenv(node_choice.SWITCH, "wrong")
    assert row(terminal)["ok"] is False
    assert "AIFACTORY_KIND_NODE is 'wrong'; auto, built, pinned" in str(row(terminal)["fix"])
