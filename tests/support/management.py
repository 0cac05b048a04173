"""Sites with a management cluster, to start a test from."""

from functools import cache

from aifactory.catalog.load import catalog
from aifactory.manifests.management import ManagementArgs, management_of
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan
from aifactory.spec.load import load_stack, stack_file
from aifactory.spec.stack import Target
from tests.support.cli import ROOT

MANAGED = ["korea-scale-out", "malaysia-johor"]
"""Stacks with a management cluster, one for each GitOps engine; the Korean one is Flux's."""


@cache
def site_plan(stack: str, target: Target | None = None) -> FactoryPlan:
    """The plan of a whole site."""
    return plan(stack, load_stack(stack_file(ROOT / "stacks", stack)), catalog(), target)


@cache
def management(stack: str) -> ManagementArgs:
    """What the stack's management cluster holds."""
    return management_of(site_plan(stack))
