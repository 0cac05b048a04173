"""Words about a site's management cluster: which run is for it, and what is said of it."""

import pytest

from aifactory.cli import realise
from aifactory.cli.extent import Extent, same_place
from aifactory.cli.inputs import choose_part
from aifactory.plan.cell_choice import for_management, home_of
from aifactory.spec.stack import Target
from tests.support.cli import Terminal

KOREA = "korea-scale-out"


@pytest.mark.parametrize(
    ("stack", "target", "cell", "home"),
    [
        (KOREA, None, None, KOREA),
        (KOREA, Target.SIMULATED, None, KOREA),
        (KOREA, Target.SIMULATED, "0", f"{KOREA}-c000"),
        (KOREA, None, "c002", f"{KOREA}-c002"),
        (KOREA, Target.KIND, None, f"{KOREA}-c000"),
        ("korea-pilot", Target.SIMULATED, None, "korea-pilot"),
        ("korea-pilot", Target.SIMULATED, "0", "korea-pilot"),
    ],
)
def test_which_cluster_a_run_is_for(stack: str, target: Target | None, cell: str | None, home: str) -> None:
    """Without a cell GitOps stacks mean their management cluster, but in a kind lab; no two clusters share a home."""
    chosen = choose_part(stack, None, target, cell)

    assert for_management(chosen.plan) is (stack == KOREA and home == KOREA)
    assert home_of(chosen.plan) == home
    assert len(chosen.plan.cells) == (3 if for_management(chosen.plan) else 1)


def test_a_management_cluster_realises_no_node() -> None:
    """What is said of the extent names the cells, and counts no node or GPU as realised."""
    chosen = choose_part(KOREA, None, Target.SIMULATED, None)
    extent = Extent.of(chosen, 4)

    assert extent.lines() == [
        "management cluster of 3 cells; the cells themselves are other clusters (--cell)"
    ]
    data = extent.as_data()
    assert (data["cell"], data["management"], data["cells"]) == (None, True, 3)
    assert data["realised"] == {
        "nodes": 0,
        "gpus": 0,
        "pools": {pool.name: {"nodes": 0, "gpus": 0} for pool in chosen.plan.pools},
    }
    assert (same_place(chosen.plan), extent.sample_flag()) == (" --target simulated", "")


@pytest.mark.parametrize("command", ["up", "destroy"])
@pytest.mark.parametrize(
    ("words", "what"),
    [(("korea-pilot",), "korea-pilot"), ((KOREA, "--cell", "1"), f"{KOREA}-c001")],
)
def test_clusters_are_deleted_from_a_management_cluster_only(
    command: str, words: tuple[str, ...], what: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere the word is refused in one message, before any tool is fetched."""
    monkeypatch.setattr(realise, "tools_of", lambda *_: pytest.fail("no tool is needed"))

    done = terminal(command, *words, "--target", "simulated", "--delete-clusters")

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"error: --delete-clusters: this run is for {what}, which holds no clusters of cells; a management cluster"
        " does, where GitOps delivers to several cells; leave it out\n"
    )


def test_a_preview_without_a_lab_counts_everything(terminal: Terminal) -> None:
    """Where there is no lab yet, a preview of the management cluster names what an up would make."""
    done = terminal("preview", KOREA, "--target", "simulated")

    assert done.code == 0, done.text
    assert "created, 0 changed, 0 made anew, 0 deleted" in done.out
    assert f"there is no lab of {KOREA}, nothing runs" in done.out
