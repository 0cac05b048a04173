"""The command that shows the facts: kinds, rows, assumptions, for people and for machines."""

import json

import pytest

from aifactory.catalog import review
from aifactory.catalog.load import catalog
from aifactory.cli.catalog import FIGURES
from tests.support.cli import Terminal

KINDS = (
    "systems, announced, charts, images, fabrics, power_modes, throughput, costs, regions, residency,"
    " compatibility, known_bad"
)


def test_without_a_kind_the_kinds_are_listed(terminal: Terminal) -> None:
    """Each kind is a line with the number of its rows."""
    done = terminal("catalog")

    counts = dict(line.split() for line in done.out.splitlines()[1:])
    assert (done.code, done.err) == (0, "")
    assert counts == {kind: str(len(review.rows_of(catalog(), kind))) for kind in review.KINDS}
    assert json.loads(terminal("catalog", "--json").out)["kinds"] == {
        kind: int(count) for kind, count in counts.items()
    }


@pytest.mark.parametrize("kind", review.KINDS)
def test_every_row_is_one_line_with_its_provenance(kind: str, terminal: Terminal) -> None:
    """A kind is a table of plain lines, never cut: id first, then figures, day, confidence and source."""
    done = terminal("catalog", kind)

    heading, *lines = done.out.splitlines()
    rows = review.rows_of(catalog(), kind)
    names = [figure.rpartition(".")[2] for figure in FIGURES[kind]]
    assert (done.code, done.err) == (0, "")
    assert heading.split() == ["id", *names, "as_of", "confidence", "source"]
    assert [line.split()[0] for line in lines] == [row.id for row in rows]
    for line, row in zip(lines, rows, strict=True):
        assert line.split()[-3:] == [str(row.as_of), row.confidence, row.source]
    assert "\x1b" not in done.out
    assert all(line == line.rstrip() for line in done.out.splitlines())


@pytest.mark.parametrize("kind", review.KINDS)
def test_json_has_whole_rows(kind: str, terminal: Terminal) -> None:
    """With --json a kind is one object that holds every field of every row."""
    found = json.loads(terminal("catalog", kind, "--json").out)

    assert found == {kind: [row.model_dump(mode="json") for row in review.rows_of(catalog(), kind)]}


def test_figures_are_shown_as_they_are(terminal: Terminal) -> None:
    """Unknown figures are a dash, truth is yes or no, lists are joined, and large sums are not rounded."""
    announced, charts, costs, residency, versions = (
        " ".join(terminal("catalog", kind).out.split())
        for kind in ("announced", "charts", "costs", "residency", "compatibility")
    )

    assert "rubin-cpx withdrawn - " in announced
    assert "v26.7.0 yes " in charts
    assert "v0.17.0 no " in charts
    assert " 50000000 " in costs
    assert " 2.652 " in costs
    assert " KR,JP,SG,MY,ID,TH,VN,IN,TW " in residency
    assert " any " in versions


def test_assumptions_are_shown(terminal: Terminal) -> None:
    """With --assumptions each line is a field, or a whole row, that is ours; a kind narrows it down."""
    every, systems = terminal("catalog", "--assumptions"), terminal("catalog", "systems", "--assumptions")

    assert len(every.out.splitlines()) == 1 + len(review.assumptions(catalog()))
    assert "vr-nvl72             rack_power.share_kw" in systems.out
    assert {line.split()[0] for line in systems.out.splitlines()[1:]} == {"systems"}
    assert any(line.split()[:3] == ["images", "kubectl", "all"] for line in every.out.splitlines())


def test_assumptions_as_json(terminal: Terminal) -> None:
    """Machines get kind, id, field, value and notes of each assumption."""
    found = json.loads(terminal("catalog", "--assumptions", "--json").out)["assumptions"]

    assert len(found) == len(review.assumptions(catalog()))
    share = next(one for one in found if (one["id"], one["field"]) == ("vr-nvl72", "rack_power.share_kw"))
    assert (share["kind"], share["value"]) == ("systems", 20.0)
    assert next(one for one in found if one["id"] == "kubectl")["value"] is None


@pytest.mark.parametrize("more", [[], ["--json"], ["--assumptions"]])
def test_an_unknown_kind_is_refused(more: list[str], terminal: Terminal) -> None:
    """A kind that there is not ends with one line that names the kinds, and no output."""
    done = terminal("catalog", "system", *more)

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"error: the catalogue has no 'system'; kinds: {KINDS}; 'aifactory catalog' without a kind lists them\n"
    )


def test_every_kind_has_its_main_figures() -> None:
    """No kind is shown without figures, and no table is of a kind that there is not."""
    assert tuple(FIGURES) == review.KINDS
