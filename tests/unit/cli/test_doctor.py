"""What `aifactory doctor` says of the nodes of a kind lab; tools and machine are tested with the toolbox."""

import json

import pytest

from aifactory.cli import doctor
from aifactory.lab.kind import node_choice
from tests.support.cli import Terminal


def rows(terminal: Terminal, part: str) -> dict[str, dict[str, object]]:
    """Rows of one part of what it says, by name."""
    found: list[dict[str, object]] = json.loads(terminal("doctor", "--json").out)[part]
    return {str(one["name"]): one for one in found}


def row(terminal: Terminal) -> dict[str, object]:
    """The row of the nodes."""
    return rows(terminal, "host")["kind nodes"]


def test_it_says_what_nodes_are_made_of(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row has the choice with its reason; a switch that is set wrongly is shown with its remedy."""
    monkeypatch.setattr(doctor, "find", lambda: None)
    monkeypatch.setenv(node_choice.SWITCH, "built")
    assert row(terminal)["found"] == "built, as AIFACTORY_KIND_NODE says"
    assert row(terminal)["ok"] is True
    monkeypatch.setenv(node_choice.SWITCH, "wrong")
    assert row(terminal)["ok"] is False
    assert "AIFACTORY_KIND_NODE is 'wrong'; auto, built, pinned" in str(row(terminal)["fix"])


def test_tools_of_a_built_image_are_missed_only_where_one_is_built(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the published image nobody builds a kubelet; the programs of the lab's own images are needed on either."""
    monkeypatch.setattr(doctor, "find", lambda: None)
    monkeypatch.setenv(node_choice.SWITCH, "built")
    assert {"kubelet", "kube-router", "etcd"} <= set(rows(terminal, "tools"))
    monkeypatch.setenv(node_choice.SWITCH, "pinned")
    shown = set(rows(terminal, "tools"))
    assert {"kube-router", "etcd"} <= shown
    assert not shown & {"kubelet", "kubeadm", "containerd", "coredns"}
