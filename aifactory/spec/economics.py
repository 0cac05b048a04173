"""What a stack's tokens are reckoned with: the reference workload and the evidence that counts."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from aifactory.spec.units import Section, Share


class EvidenceKind(StrEnum):
    """What a throughput figure rests on, the strongest first."""

    MEASURED = "measured"
    """Measured on this site by its operator."""
    MLPERF = "mlperf"
    """A peer-reviewed MLPerf Inference result."""
    INFERENCEX = "inferencex"
    """A published run of the open InferenceX benchmark."""
    SIMULATED = "simulated"
    """Worked out by a performance model, AIConfigurator."""
    VENDOR_CLAIM = "vendor-claim"
    """A maker's announcement without an open benchmark; counts only where it is asked for."""


DEFAULT_EVIDENCE = (EvidenceKind.MEASURED, EvidenceKind.MLPERF, EvidenceKind.INFERENCEX)


class Economics(Section):
    """The reference workload that turns GPUs into tokens and cost."""

    model: Annotated[str, Field(min_length=1, max_length=80)] = "gpt-oss-120b"
    """Model of the reference workload, as the throughput catalogue names it."""
    scenario: Annotated[str, Field(min_length=1, max_length=40)] = "server"
    """Scenario of the reference workload, for example ``server``, ``offline`` or ``8k-1k``."""
    evidence: Annotated[tuple[EvidenceKind, ...], Field(min_length=1)] = DEFAULT_EVIDENCE
    """Kinds of evidence that count."""
    derate: Share = 0.5
    """Part of the reference throughput that a real service reaches, averaged over a year (assumption)."""
    usd_per_kwh: Annotated[float, Field(gt=0, le=10, strict=True)] | None = None
    """Contract price of electricity; none means the price of the site's country in the catalogue."""
    usd_per_gpu_hour: dict[str, Annotated[float, Field(gt=0, le=1000, strict=True)]] = Field(
        default_factory=dict
    )
    """Own cost of a GPU hour by system, power included; none means the catalogue's."""
