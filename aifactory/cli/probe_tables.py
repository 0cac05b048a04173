"""A probe's report for people: what is open, what is not as it is meant, and what the table is not about."""

from collections.abc import Iterable, Sequence

from aifactory.cli.console import out
from aifactory.cli.figures import count, plural
from aifactory.cli.sheet import facts, heading, sentence, table, wide
from aifactory.manifests.probe.report import NOT_GOVERNED, Report, Row

SHOWN = 40
"""Lines of a table after which the rest is counted."""
NAMES = 3
"""Endpoints of one place that are listed by name."""

Line = tuple[str, str, str, str]
"""From, to, ports and policies."""


def show(report: Report) -> None:
    """Print a report: counts, what is open by intent, differences, and the limits of the table."""
    heading(f"network of {report.stack}: {_mode(report.mode)}")
    states = len(report.differences)
    facts(
        [
            ("policies", count(report.policies), "NetworkPolicies that were read"),
            ("connections", count(report.compared), _scope(report.mode)),
            ("as meant", count(report.compared - states), ""),
            ("differences", count(states), "" if states else "the flow table and what was found agree"),
        ]
    )
    heading("Open, as the flow table means it; everything else is closed")
    _lines(_grouped(report.opened(), report.places))
    if report.differences:
        heading("Differences")
        _differences(report)
    for title, said in (
        ("Not probed", report.not_probed),
        ("Not governed by NetworkPolicy", NOT_GOVERNED),
        ("Not proven", report.not_proven),
    ):
        if said:
            heading(title)
            for text in said:
                sentence(text, lead="  - ")


def _mode(mode: str) -> str:
    return {
        "static": "rendered policies against the flow table; no connection was opened",
        "live": "connections in a kind lab, enforced by kube-router",
    }[mode]


def _scope(mode: str) -> str:
    if mode == "static":
        return "from, to, port and protocol, with near misses beside each"
    return "opened from pod to pod, each first shown to work with everything opened"


def _lines(lines: Sequence[Line]) -> None:
    shown = [line if wide() else line[:3] for line in lines[:SHOWN]]
    columns = ("from", "to", "ports", "policies")[: 4 if wide() else 3]
    table(columns, shown, words=columns)
    if len(lines) > SHOWN:
        out.print(f"  and {len(lines) - SHOWN} more; --json has all of them", markup=False)


def _differences(report: Report) -> None:
    groups: dict[tuple[str, str, str, str, tuple[str, ...]], list[str]] = {}
    for row in report.differences:
        key = (row.source, row.destination, row.expected, row.found, row.policies)
        groups.setdefault(key, []).append(f"{row.port}/{row.protocol}")
    for key, ports in list(groups.items())[:SHOWN]:
        source, destination, expected, found, policies = key
        by = f" ({', '.join(policies)})" if policies else ""
        sentence(f"{source} -> {destination} {_few(ports)}: meant {expected}, found {found}{by}", lead="  - ")
    if len(groups) > SHOWN:
        out.print(f"  and {plural(len(groups) - SHOWN, 'pair')} more; --json has all of them", markup=False)


def _few(ports: Sequence[str]) -> str:
    more = len(ports) - NAMES
    return " ".join(ports[:NAMES]) + (f" and {plural(more, 'port')} more" if more > 0 else "")


def _grouped(rows: Iterable[Row], places: dict[str, str]) -> list[Line]:
    """Open rows, joined where the same is open between the same places."""
    ports: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        ports.setdefault((row.source, row.destination), []).append(row)
    by_source: dict[tuple[str, str, str, str], list[str]] = {}
    for (source, destination), open_rows in ports.items():
        said = _ports(open_rows)
        policies = ", ".join(_short({name for row in open_rows for name in row.policies}))
        by_source.setdefault((source, places[destination], said, policies), []).append(destination)
    by_place: dict[tuple[str, str, str, str], tuple[set[str], set[str]]] = {}
    for (source, place, said, policies), destinations in by_source.items():
        sources, reached = by_place.setdefault((places[source], place, said, policies), (set(), set()))
        sources.add(source)
        reached.update(destinations)
    return [
        (_names(source, sources, places), _names(place, reached, places), said, policies)
        for (source, place, said, policies), (sources, reached) in by_place.items()
    ]


def _short(names: Iterable[str]) -> list[str]:
    return sorted({name.partition("/")[2] for name in names})


def _ports(rows: Sequence[Row]) -> str:
    numbers = {row.port for row in rows}
    if len(numbers) > NAMES + 1:
        return "every port"
    return " ".join(f"{row.port}/{row.protocol}" for row in rows)


def _names(place: str, names: set[str], places: dict[str, str]) -> str:
    """The endpoints of a place by name; the place alone where there is one, or where they are addresses."""
    everyone = {name for name, where in places.items() if where == place}
    if len(everyone) == 1 or not any(name.startswith(f"{place}/") for name in names):
        return place
    if names == everyone:
        return f"{place}: every pod"
    listed = sorted(name.removeprefix(f"{place}/") for name in names)
    if len(listed) > NAMES:
        return f"{place}: {len(listed)} of {plural(len(everyone), 'pod')}"
    return f"{place}: {', '.join(listed)}"
