"""The evaluator against an independent analyzer. Does not prove enforcement; a live probe does."""

from pathlib import Path
from typing import Any

import pytest

from aifactory.manifests.probe.evaluate import Evaluator
from aifactory.manifests.probe.mutate import mutants
from aifactory.manifests.probe.table import TruthTable
from tests.support.policies import EVERYTHING
from tests.support.probes import STACKS, second_opinion, table_of, table_with

EVERY_NTH_MUTANT = 97


def disagreements(table: TruthTable, policies: list[dict[str, Any]], folder: Path) -> list[str]:
    """Pairs for which the two engines see other ports open."""
    mine = Evaluator(table.endpoints, table.ports).matrix(policies)
    theirs = second_opinion(table, policies, folder)
    return [
        f"{table.endpoints[one].name} -> {table.endpoints[other].name}"
        for one, other in mine.pairs()
        if mine.open(one, other) != theirs.get((one, other), 0)
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_both_engines_agree_on_every_stack(stack: str, tmp_path: Path) -> None:
    """An independent analyzer finds the same ports open between all endpoints of a stack."""
    table = table_of(stack)

    assert disagreements(table, list(table.policies), tmp_path) == []


def test_both_engines_agree_where_everything_is_declared(tmp_path: Path) -> None:
    """They agree on a factory with every condition of the flow table."""
    table = table_with(EVERYTHING)

    assert disagreements(table, list(table.policies), tmp_path) == []


def test_both_engines_agree_on_mistakes(tmp_path: Path) -> None:
    """They agree on what policies with a mistake let through, of every kind that a fixed sample meets."""
    table = table_of("local")
    found = {}
    pods = table.args.network.pod_cidr
    apart = (
        # Rules of a direction that policyTypes does not name: the analyzer refuses them, the API server ignores them.
        *("policyTypes is Ingress", "policyTypes is Egress"),
        # Pods in an ipBlock: none to the analyzer; the API leaves it to plugins, and ours takes it as written.
        *(f"exception {pods}", "has lost its except"),
        # A podSelector with Exists beside a namespaceSelector: the analyzer looks in the policy's own namespace.
        "peer 0 podSelector: any value",
    )
    accepted = [one for one in mutants(table.policies) if not any(words in one.what for words in apart)]
    for index, mutant in enumerate(accepted[::EVERY_NTH_MUTANT]):
        folder = tmp_path / str(index)
        folder.mkdir()
        found[mutant.what] = disagreements(table, mutant.policies, folder)

    assert {what: pairs[:3] for what, pairs in found.items() if pairs} == {}
