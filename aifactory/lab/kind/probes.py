"""The truth table of a stack, tried in its kind lab: connections from pod to pod, under the policies as they are.

1. Pods with the labels of the flow table start in every namespace, with listeners on the table's ports.
2. Everything is opened by one more policy a namespace (policies add up, so nothing of the stack is touched):
   every connection has to work. One that does not has no control, and is a difference whatever comes next.
3. These policies are removed again, and every connection is tried until it is as it is meant, or time is up.
   Then all are tried once more, and that is what counts.
"""

import time
from collections.abc import Mapping, Sequence

from aifactory.errors import LabError
from aifactory.lab.furnish import Notify
from aifactory.lab.kind.probe_bench import Bench
from aifactory.lab.kind.probe_exec import each
from aifactory.lab.kind.probe_script import OPEN, REFUSED, TIMED_OUT, Attempt, outcomes, script
from aifactory.lab.kind.probe_seats import Seat, left_out, seats
from aifactory.manifests.probe.intent import known_ports
from aifactory.manifests.probe.networks import NODES
from aifactory.manifests.probe.report import CLOSED, Report, Row
from aifactory.manifests.probe.table import TruthTable

SETTLE_S = 60.0
"""How long the network plugin may take until policies are in force."""
PAUSE_S = 1.0
NOT_PROVEN = (
    "the network plugin of the real site: in the lab kube-router enforces the policies, over IPv4 and iptables",
    "that operators carry the labels of the flow table: probe pods stand for them here",
    "systems behind the storage, mirror and internet addresses: addresses of the control plane's node stand for them",
)

Results = Mapping[Attempt, str]


def live_report(stack: str, table: TruthTable, bench: Bench, notify: Notify) -> Report:
    """What connections in a kind lab come to, against what is meant. Nothing of the probe is left afterwards.

    Args:
        stack: Name of the stack, which is up in the lab.
        table: Its truth table for target kind.
        bench: The lab's cluster.
        notify: Told one line for each step that is taken.

    Raises:
        LabError: If the lab has no worker or lacks policies, pods do not start, or a probe's output cannot be read.
        ClusterError: If the cluster cannot be reached.
    """
    nodes = bench.nodes()
    workers = sorted(name for name, (_, control) in nodes.items() if not control)
    control = next((name for name, (_, is_control) in nodes.items() if is_control), None)
    if not workers or control is None:
        raise LabError(
            f"the lab has {len(nodes)} nodes; a control plane and at least one worker are needed; start it again with:"
            " aifactory lab up --target kind"
        )
    missing = bench.missing(table.policies)
    if missing:
        raise LabError(
            f"the lab lacks {len(missing)} of the stack's {len(table.policies)} policies, such as {missing[0]}; all of"
            f" them are needed; apply them with: aifactory up {stack} --target kind"
        )
    seated = seats(table, workers, control)
    bench.emptied()
    try:
        bench.furnish(seated, sorted(nodes), control, nodes[control][0])
        placed = _placed(seated, bench, nodes[control][0])
        live = _live_table(table, placed)
        attempts = _attempts(live, placed)
        pods = sum(1 for seat in placed if seat.pod)
        notify(f"{pods} probe pods run; {len(attempts)} connections, first with everything opened")
        bench.open(sorted(table.args.homes()))
        controls = _settled(bench, placed, attempts, dict.fromkeys(attempts, OPEN))
        bench.close()
        notify("now under the stack's policies")
        meant = {one: _meant(live, one) for one in attempts}
        _settled(bench, placed, attempts, meant)
        found = _tried(bench, placed, attempts)
        # What is meant to be open gets a second chance on a busy machine; what is meant to be closed gets none.
        found |= _tried(bench, placed, [one for one in attempts if meant[one] == OPEN != found[one]])
    finally:
        bench.clear()
    return _report(stack, live, seated, controls, found)


def _placed(seated: Sequence[Seat], bench: Bench, control_plane: str) -> list[Seat]:
    """The seats with the addresses that they have."""
    addresses, dns = bench.addresses(), bench.dns_address()
    placed = []
    for seat in seated:
        address = seat.endpoint.address
        if seat.endpoint.name == NODES:
            address = control_plane
        elif seat.endpoint.is_pod:
            address = addresses[seat.pod_namespace, seat.pod] if seat.pod else dns
        endpoint = seat.endpoint.model_copy(update={"address": address})
        placed.append(seat.model_copy(update={"endpoint": endpoint}))
    return placed


def _live_table(table: TruthTable, placed: Sequence[Seat]) -> TruthTable:
    """The same table for the endpoints and addresses of the lab: what is meant is read anew for them."""
    ends = [seat.endpoint for seat in placed]
    return TruthTable(table.args, ends, known_ports(table.args), table.policies)


def _attempts(table: TruthTable, placed: Sequence[Seat]) -> list[Attempt]:
    """Every connection that can be opened; none between a pod and its own node, which no policy governs."""
    found = []
    for source, destination in table.pairs():
        one, other = placed[source], placed[destination]
        on_own_node = one.node == other.node and not (one.endpoint.is_pod and other.endpoint.is_pod)
        if one.pod is None or on_own_node:
            continue
        found += [
            Attempt(
                source=source,
                destination=destination,
                address=other.endpoint.address,
                port=port,
                identity=other.identity if port in other.listens else None,
            )
            for port in other.tried
        ]
    return found


def _meant(table: TruthTable, one: Attempt) -> str:
    bit = 1 << table.ports.index(one.port)
    return OPEN if table.expected.open(one.source, one.destination) & bit else CLOSED


def _as(result: str) -> str:
    """An outcome in the words of the table: a refusal closes as a time-out does, where the control was open."""
    return CLOSED if result in (REFUSED, TIMED_OUT) else result


def _tried(bench: Bench, placed: Sequence[Seat], attempts: Sequence[Attempt]) -> dict[Attempt, str]:
    by_source: dict[int, list[Attempt]] = {}
    for one in attempts:
        by_source.setdefault(one.source, []).append(one)

    def run(source: int) -> Results:
        mine = by_source[source]
        return outcomes(placed[source].endpoint.name, mine, bench.run(placed[source], script(mine)))

    return {one: result for part in each(run, list(by_source)) for one, result in part.items()}


def _settled(
    bench: Bench, placed: Sequence[Seat], attempts: Sequence[Attempt], meant: Mapping[Attempt, str]
) -> dict[Attempt, str]:
    """The last result of every connection: those that are not as meant are tried again until time is up."""
    deadline = time.monotonic() + SETTLE_S
    results = _tried(bench, placed, attempts)
    while True:
        wrong = [one for one, result in results.items() if _as(result) != meant[one]]
        if not wrong or time.monotonic() > deadline:
            return results
        time.sleep(PAUSE_S)
        results |= _tried(bench, placed, wrong)


def _report(
    stack: str, table: TruthTable, seated: Sequence[Seat], controls: Results, found: Results
) -> Report:
    rows: list[Row] = []
    for one, result in found.items():
        said = _as(result)
        if controls[one] != OPEN:
            said = f"no control: {controls[one]} with everything opened, then {result}"
        rows.append(table.row(one.source, one.destination, table.ports.index(one.port), said))
    rows.sort(key=lambda row: (row.source, row.destination, row.port, row.protocol))
    return Report(
        stack=stack,
        mode="live",
        policies=len(table.policies),
        compared=len(rows),
        rows=tuple(rows),
        differences=tuple(row for row in rows if row.expected != row.found),
        not_probed=left_out(table, seated),
        not_proven=NOT_PROVEN,
        places={one.name: one.place for one in table.endpoints},
    )
