"""What may be where: dates, NVLink needs, residency of data, tenants, pools that pick the same nodes."""

from collections.abc import Callable, Iterator

from aifactory.catalog.models import Catalog
from aifactory.plan.models import FactoryPlan, Finding

RULES: tuple[Callable[[FactoryPlan, Catalog], Iterator[Finding]], ...] = ()
"""Every rule of this module."""
