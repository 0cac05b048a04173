"""The order in which Argo CD rolls a tree out, and what its Applications are made of."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.gitops import documents, every_object

SHOWN = [("korea-pilot", "argocd"), ("malaysia-johor", "argocd")]


def entries(tree: Path) -> list[dict[str, Any]]:
    """What the generator reads of all cells."""
    return [one for file in sorted(tree.glob("cells/*/applications.yaml")) for one in documents(file)[0]]


@pytest.mark.parametrize("shown", SHOWN, indirect=True, ids="-".join)
def test_argocd_syncs_every_application_in_some_step(shown: tuple[str, Path]) -> None:
    """Each entry of a cell matches exactly one RollingSync step, and steps go by wave and then by layer."""
    _, tree = shown
    ((_, cells),) = [
        (file, item) for file, item in every_object(tree) if file == "management/rollout/cells.yaml"
    ]
    spec: Any = cells["spec"]
    steps = [
        tuple(match["values"][0] for match in step["matchExpressions"])
        for step in spec["strategy"]["rollingSync"]["steps"]
    ]

    found = entries(tree)
    assert steps == sorted(set(steps))
    assert {(one["wave"], one["order"]) for one in found} <= set(steps)
    assert len({one["application"] for one in found}) == len(found)
    for one in found:
        assert one["chart"] or (tree.parent / one["folder"].removeprefix("clusters/")).is_dir()
    # RollingSync itself turns automated sync off; the template says only what it prunes.
    assert spec["template"]["spec"]["syncPolicy"]["automated"] == {"prune": True}


@pytest.mark.parametrize("shown", SHOWN, indirect=True, ids="-".join)
def test_charts_are_pinned(shown: tuple[str, Path]) -> None:
    """Each chart has a version and a source that is reached encrypted, and the project allows that source."""
    _, tree = shown
    charts = [one["chart"] for one in entries(tree) if one["chart"]]
    (project,) = [item for _, item in every_object(tree) if item["kind"] == "AppProject"]
    spec: Any = project["spec"]

    assert charts
    for chart in charts:
        assert chart["version"]
        assert "://" not in chart["repository"].removeprefix("https://")
        assert chart["repository"] in spec["sourceRepos"]
