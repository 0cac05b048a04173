"""What works together: Kubernetes, operators, drivers, GPU generations, page sizes; known-bad versions."""

from collections.abc import Callable, Iterator

from aifactory.catalog.models import Catalog
from aifactory.plan.models import FactoryPlan, Finding

RULES: tuple[Callable[[FactoryPlan, Catalog], Iterator[Finding]], ...] = ()
"""Every rule of this module."""
