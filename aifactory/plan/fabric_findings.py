"""What the plan has to say about fabrics: designs, reach, speed."""

from collections.abc import Callable, Iterator

from aifactory.catalog.models import Catalog
from aifactory.plan.models import FactoryPlan, Finding

RULES: tuple[Callable[[FactoryPlan, Catalog], Iterator[Finding]], ...] = ()
"""Every rule of this module."""
