"""``aifactory doctor``: each tool, its version, where it is from, and what is missing for which lane."""

from dataclasses import asdict, replace

import typer
from rich.table import Table

from aifactory.cli.console import out, print_data
from aifactory.cli.inputs import AsJson
from aifactory.errors import LabError
from aifactory.lab.kind.container_engine import find
from aifactory.lab.kind.node_choice import BUILT, NODE_LANE, expected
from aifactory.lab.tools import Toolbox
from aifactory.lab.tools.doctor import Check, inspect_host, report


def doctor(*, as_json: AsJson = False) -> None:
    """Show the tools of the labs and what is missing for which lane; changes nothing, exit 2 if tools are missing."""
    box = Toolbox.default()
    nodes = _kind_nodes()
    statuses = box.status()
    # What only a built node image is made of is not missed where none is built.
    if nodes.ok and not nodes.found.startswith(BUILT):
        statuses = [status for status in statuses if status.lanes != (NODE_LANE,)]
    found = report(statuses, inspect_host(box.cache_dir), box.table.go_minimum)
    found = replace(found, host=(*found.host, nodes))
    if as_json:
        print_data(
            {
                "tools": [asdict(check) for check in found.tools],
                "host": [asdict(check) for check in found.host],
                "missing": {lane: list(names) for lane, names in found.missing.items()},
            }
        )
    else:
        out.print(_table("tool", found.tools))
        out.print(_table("machine", found.host))
        for lane, names in found.missing.items():
            out.print(f"lane {lane}: {'missing ' + ', '.join(names) if names else 'ready'}", markup=False)
    if any(not check.ok for check in found.tools):
        if not as_json:
            out.print(
                "missing tools are obtained by the first 'aifactory lab up' or 'aifactory up'", markup=False
            )
        raise typer.Exit(2)


def _kind_nodes() -> Check:
    """What nodes of a kind lab would be made of; asks a registry for three seconds at most."""
    try:
        found, problem = expected(find()), ""
    except LabError as error:
        found, problem = "unknown", str(error)
    return Check("kind nodes", not problem, found, "built, or kindest/node by digest", problem)


def _table(first: str, checks: tuple[Check, ...]) -> Table:
    table = Table(first, "found", "wanted", "remedy", box=None, pad_edge=False)
    for check in checks:
        table.add_row(check.name, check.found, check.wanted, check.fix)
    return table
