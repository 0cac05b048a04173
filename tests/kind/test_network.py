"""Who reaches whom, tried with real connections; the lab's kube-router enforces, not a site's own network."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.kind import KIND, Kind

pytestmark = pytest.mark.kind


def _policy(pilot: Kind, namespace: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        pilot.kubectl("-n", namespace, "get", "networkpolicy", name, "-o", "json")
    )
    return {
        "apiVersion": found["apiVersion"],
        "kind": found["kind"],
        "metadata": {key: found["metadata"][key] for key in ("name", "namespace", "labels", "annotations")},
        "spec": found["spec"],
    }


@contextmanager
def _changed(pilot: Kind, *changes: tuple[str, str, Callable[[dict[str, Any]], None]]) -> Iterator[None]:
    """Policies are changed behind the stack's back, and as they were afterwards."""
    before = [_policy(pilot, namespace, name) for namespace, name, _ in changes]
    try:
        for policy, (_, _, change) in zip(json.loads(json.dumps(before)), changes, strict=True):
            change(policy["spec"])
            pilot.kubectl("replace", "-f", "-", stdin=json.dumps(policy))
        yield
    finally:
        for policy in before:
            pilot.kubectl("replace", "-f", "-", stdin=json.dumps(policy))


def _probed(pilot: Kind, code: int) -> dict[str, Any]:
    done = pilot.run("probe", pilot.stack, *KIND, "--live", "--json")
    assert done.code == code, done.text[-3000:]
    report: dict[str, Any] = json.loads(done.out)
    return report


def test_every_connection_is_as_the_flow_table_means_it(pilot: Kind) -> None:
    """All connections that should work do, all others do not, and every refusal had its positive control."""
    report = _probed(pilot, 0)
    assert report["mode"] == "live"
    assert report["differences"] == []
    found = {row["found"] for row in report["rows"]}
    assert found == {"open", "closed"}, found
    assert any("host network" in line for line in report["not_governed"])


def test_wrong_policies_are_found_out_by_real_connections(pilot: Kind) -> None:
    """A dropped rule, a widened network and a misspelt label each make a difference between their own ends."""

    def dropped(spec: dict[str, Any]) -> None:
        spec["ingress"] = []

    def widened(spec: dict[str, Any]) -> None:
        spec["egress"][0]["to"] = [{"ipBlock": {"cidr": "0.0.0.0/0"}}]

    def misspelt(spec: dict[str, Any]) -> None:
        (expression,) = spec["podSelector"]["matchExpressions"]
        expression["key"] = expression["key"].replace("component", "componnent")

    with _changed(
        pilot,
        ("digital-twin", "service-peers-ingress", dropped),
        ("inference", "service-storage", widened),
        ("nvidia-dra-driver", "dra-api", misspelt),
    ):
        report = _probed(pilot, 2)
    wrong = {(row["from"].split("/")[0], row["expected"], row["found"]) for row in report["differences"]}
    assert wrong == {
        ("digital-twin", "open", "closed"),
        ("inference", "closed", "open"),
        ("nvidia-dra-driver", "open", "closed"),
    }
