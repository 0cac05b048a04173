"""Every stack of the project is as the rules have it, or an exception says why it is not."""

from functools import cache

import pytest

from aifactory.catalog.load import catalog
from aifactory.deliver.charts import chart_skip
from aifactory.manifests.findings import checked_plan
from aifactory.manifests.parts import bundle_of, parts_of
from aifactory.manifests.policy.exceptions import PolicyException, exceptions
from aifactory.manifests.policy.judge import RULES, Verdict, judged
from aifactory.manifests.policy.model import Violation
from aifactory.plan.cells import of_cell
from aifactory.spec.load import load_stack
from tests.support.cli import ROOT
from tests.support.trees import EVERY_STACK


@cache
def verdicts(stack: str) -> tuple[Verdict, ...]:
    """What the rules have against each kind of cell of a stack."""
    file = ROOT / "stacks" / f"Pulumi.{stack}.yaml"
    plan = checked_plan(stack, load_stack(file), catalog(), None, str(file), for_one_cell=True)
    found, seen = [], set()
    for cell in plan.cells:
        one = of_cell(plan, cell)
        pools = frozenset(pool.name for pool in one.pools)
        if pools not in seen:
            seen.add(pools)
            found.append(judged(bundle_of(parts_of(one, chart_skip(one, None))).objects(), stack))
    return tuple(found)


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_a_shipped_stack_breaks_no_rule(stack: str) -> None:
    """No cell of a stack has a violation that no written exception covers, and every rule was asked."""
    assert len(verdicts(stack)) > 0
    for verdict in verdicts(stack):
        assert [violation.line() for violation in verdict.violations] == []
        assert verdict.rules == tuple(rule.name for rule in RULES)
        assert verdict.objects > 20


def test_no_exception_is_left_over() -> None:
    """Each exception names a rule that there is, covers something in each of its stacks, and is not wider."""
    used = {
        (one.exception.rule, one.exception.object, stack)
        for stack in EVERY_STACK
        for verdict in verdicts(stack)
        for one in verdict.accepted
    }
    written = {(one.rule, one.object, stack) for one in exceptions() for stack in one.stacks}

    assert written == used
    assert {rule for rule, _, _ in written} <= {rule.name for rule in RULES}


def test_an_exception_covers_what_it_names_and_nothing_else() -> None:
    """Rule, object and stack all have to fit; an asterisk stands for anything."""
    exception = PolicyException(
        rule="quota-present",
        object="v1 Namespace team-*",
        stacks=("local",),
        reason="only for this test here",
    )
    violation = Violation(object="v1 Namespace team-a", rule="quota-present", what="", allowed="", fix="")

    assert exception.covers(violation, "local")
    assert not exception.covers(violation, "korea-pilot")
    assert not exception.covers(violation.model_copy(update={"rule": "default-deny"}), "local")
    assert not exception.covers(violation.model_copy(update={"object": "v1 Namespace other"}), "local")
