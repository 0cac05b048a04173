"""Throughput rows and costs made for a test, and stacks whose pools serve tokens."""

import datetime
from typing import Any

from aifactory.catalog.load import catalog
from aifactory.catalog.models import Catalog
from aifactory.catalog.programme import Cost, Throughput
from aifactory.plan.factory import plan
from aifactory.plan.models import FactoryPlan
from aifactory.plan.site_models import EconomicsPlan
from aifactory.spec.economics import EvidenceKind
from tests.support.stacks import minimal_stack, pool, stack

SERVED = [{"name": "inference", "namespace": "inference"}, {"name": "training", "namespace": "training"}]
EVERY_KIND = [kind.value for kind in EvidenceKind]


def row(system: str = "dgx-b200", tokens: float = 1000.0, **fields: object) -> Throughput:
    """A throughput row made for a test."""
    made: dict[str, object] = {
        "id": f"test-{system}",
        "system": system,
        "model": "gpt-oss-120b",
        "scenario": "server",
        "evidence": "mlperf",
        "tokens_per_second_per_gpu": tokens,
        "token_basis": "output",
        "software": "made for a test",
        "expires": datetime.date(2030, 1, 1),
        "source": "assumption",
        "as_of": datetime.date(2026, 11, 1),
        "confidence": "C",
        **fields,
    }
    return Throughput.model_validate(made)


def facts(*rows: Throughput, **costs: float) -> Catalog:
    """The catalogue with these rows of throughput alone, and these costs of a GPU hour by system."""
    hours = {
        f"gpu-hour-{system}": Cost(
            id=f"gpu-hour-{system}",
            usd=usd,
            per="gpu-hour",
            system=system,
            source="assumption",
            as_of=datetime.date(2026, 11, 1),
            confidence="C",
        )
        for system, usd in costs.items()
    }
    capex = catalog().costs["capex-per-mw"]
    return catalog().model_copy(
        update={"throughput": {one.id: one for one in rows}, "costs": {"capex-per-mw": capex, **hours}}
    )


def serving(*pools: dict[str, Any], **sections: object) -> dict[str, Any]:
    """A stack whose pools serve tokens."""
    named = [pool(**{"name": f"p{index}", "service": "inference", **one}) for index, one in enumerate(pools)]
    return minimal_stack(services=SERVED, pools=named, **sections)


def planned(raw: dict[str, Any], known: Catalog) -> FactoryPlan:
    """The plan of a stack."""
    return plan("test", stack(**raw), known)


def figures(raw: dict[str, Any], known: Catalog) -> EconomicsPlan:
    """The economics of a stack."""
    return planned(raw, known).economics
