"""What the plan has to say about evidence for tokens and cost."""

from collections.abc import Callable, Iterator

from aifactory.catalog.models import Catalog
from aifactory.plan.models import FactoryPlan, Finding

RULES: tuple[Callable[[FactoryPlan, Catalog], Iterator[Finding]], ...] = ()
"""Every rule of this module."""
