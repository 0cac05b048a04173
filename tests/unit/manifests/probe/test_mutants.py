"""Mistakes made on purpose in rendered policies, and whether the static table notices them."""

from typing import Any

import pytest

from aifactory.manifests.probe.equivalent import why_equivalent
from aifactory.manifests.probe.evaluate import Evaluator
from aifactory.manifests.probe.matrix import differing
from aifactory.manifests.probe.mutate import Mutant, mutants
from aifactory.manifests.probe.table import TruthTable
from tests.support.policies import EVERYTHING
from tests.support.probes import STACKS, policy, table_of, table_with

LEAST = 0.99
IN_FULL = ("korea-pilot", "local")
SAMPLE = 3
"""Every n-th mutant of the other stacks, whose policies are of the same kinds."""
DENY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def excluded(table: TruthTable, mutant: Mutant) -> str | None:
    """Why a mutant lets through exactly what the policies before it did."""
    gone = len(mutant.policies) < len(table.policies)
    others = [one for index, one in enumerate(table.policies) if index != mutant.index]
    after = None if gone else mutant.policies[mutant.index]
    return why_equivalent(table.policies[mutant.index], after, others)


def score(table: TruthTable, every: int = 1) -> tuple[int, list[str], list[str]]:
    """How many mutants were tried, those that nobody noticed, and those excluded that made a difference."""
    evaluator = Evaluator(table.endpoints, table.ports)
    tried, unnoticed, wronged = 0, [], []
    for mutant in list(mutants(table.policies))[::every]:
        noticed = any(True for _ in differing(table.expected, evaluator.matrix(mutant.policies)))
        if excluded(table, mutant):
            wronged += [mutant.what] if noticed else []
            continue
        tried += 1
        if not noticed:
            unnoticed.append(mutant.what)
    return tried, unnoticed, wronged


@pytest.mark.parametrize("stack", STACKS)
def test_the_table_notices_mistakes(stack: str) -> None:
    """At least 99 of 100 mistakes in a stack's policies make a difference, and none that is excluded does."""
    tried, unnoticed, wronged = score(table_of(stack), 1 if stack in IN_FULL else SAMPLE)
    noticed = tried - len(unnoticed)

    assert wronged == []
    assert tried > 40
    assert noticed >= LEAST * tried, f"{stack}: {noticed} of {tried} mistakes noticed, not: {unnoticed}"


def test_the_table_notices_mistakes_where_everything_is_declared() -> None:
    """The same for a factory with every condition of the flow table, API servers and mirrors by address."""
    tried, unnoticed, wronged = score(table_with(EVERYTHING))
    noticed = tried - len(unnoticed)

    assert wronged == []
    assert noticed >= LEAST * tried, f"{noticed} of {tried} mistakes noticed, not: {unnoticed}"


def test_every_kind_of_mistake_is_made() -> None:
    """The mutants of the pilot have every slip that a hand, a template or an address plan makes."""
    made = {mutant.what for mutant in mutants(table_of("korea-pilot").policies)}
    kinds = (
        "training/default-deny is gone",
        "training/default-deny: policyTypes is gone",
        "training/default-deny: policyTypes lacks Egress",
        "training/allow-dns: policyTypes is Ingress instead of Egress",
        "training/allow-dns: egress 0 is gone",
        "training/allow-dns: egress 0 is open to everyone",
        "training/allow-dns: egress 0 has lost its peers",
        "training/allow-dns: egress 0 is open on every port",
        "training/allow-dns: egress 0 port 0 53/UDP is TCP",
        "training/allow-dns: egress 0 port 0 53/UDP is 54",
        "training/allow-dns: egress 0 port 1 is gone",
        "training/allow-dns: egress 0 peer 0 lacks its namespaceSelector",
        "training/allow-dns: egress 0 peer 0 lacks its podSelector",
        "training/allow-dns: egress 0 peer 0 podSelector: key k8s-app is misspelt",
        "training/allow-dns: egress 0 peer 0 podSelector: value of k8s-app is misspelt",
        "training/service-storage: egress 0 peer 0 172.24.0.0/14 is twice as wide",
        "training/service-storage: egress 0 peer 0 172.24.0.0/14 has lost its upper half",
        "gpu-operator/operator-api: podSelector is empty",
        "gpu-operator/driver-mirrors: egress 0 peer 0 has lost its except",
        "gpu-operator/driver-mirrors: egress 0 peer 0 has lost the exception 169.254.0.0/16",
    )

    assert [kind for kind in kinds if kind not in made] == []


def changed(spec: dict[str, Any], others: list[dict[str, Any]], before: dict[str, Any]) -> str | None:
    """The rule that says a policy means the same with another specification."""
    return why_equivalent(policy(before), policy(spec), others)


def test_a_default_that_is_written_out_is_another_spelling() -> None:
    """Leaving out policyTypes that are the default means the same; leaving out others does not."""
    rule: dict[str, Any] = {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}

    assert changed(rule, [], {**rule, "policyTypes": ["Ingress"]}) == "another spelling"
    assert changed(rule, [], {**rule, "policyTypes": ["Ingress", "Egress"]}) is None


def test_ports_that_are_there_anyway_are_another_spelling() -> None:
    """A range over a port that is listed too means the same; a range over one that is not does not."""
    both = [{"port": 8080, "protocol": "TCP"}, {"port": 8081, "protocol": "TCP"}]
    ranged = [{**both[0], "endPort": 8081}, both[1]]

    def spec(ports: list[dict[str, Any]]) -> dict[str, Any]:
        rule = {"from": [{"podSelector": {}}], "ports": ports}
        return {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [rule]}

    assert changed(spec(ranged), [], spec(both)) == "another spelling"
    assert changed(spec(ranged[:1]), [], spec(both[:1])) is None
    assert changed(spec([]), [], spec(both)) is None


def test_blocks_that_cover_the_same_addresses_are_another_spelling() -> None:
    """A block that is widened over one that is listed too means the same; over any other address it does not."""

    def spec(*cidrs: str) -> dict[str, Any]:
        rule = {"from": [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]}
        return {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [rule]}

    before = spec("10.0.0.10/32", "10.0.0.11/32")
    assert changed(spec("10.0.0.10/31", "10.0.0.11/32"), [], before) == "another spelling"
    assert changed(spec("10.0.0.10/32", "10.0.0.10/31"), [], before) == "another spelling"
    assert changed(spec("10.0.0.8/30", "10.0.0.11/32"), [], before) is None
    assert changed(spec("10.0.0.10/32"), [], before) is None


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (policy(DENY, "other"), "closed anyway"),
        (policy({**DENY, "policyTypes": ["Ingress"]}, "other"), None),
        (policy({**DENY, "podSelector": {"matchLabels": {"app": "x"}}}, "other"), None),
        (policy(DENY, "other", "b"), None),
    ],
)
def test_a_policy_is_redundant_only_beside_one_for_every_pod(other: dict[str, Any], why: str | None) -> None:
    """A default deny may go where another policy of the namespace closes every pod in both directions."""
    assert why_equivalent(policy(DENY), None, [other]) == why


def test_what_opens_or_selects_otherwise_is_never_excluded() -> None:
    """No rule covers a policy that opens something else, or is for other pods."""
    opens = {**DENY, "ingress": [{"from": [{"podSelector": {}}]}]}
    beside = [policy(DENY, "other")]

    assert why_equivalent(policy(opens), None, beside) is None
    assert changed({**DENY, "podSelector": {"matchLabels": {"app": "x"}}}, beside, DENY) is None
