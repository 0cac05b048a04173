"""Gates: conditions with evidence that stand between one phase and the next."""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints

from aifactory.spec.units import DnsLabel, Section, StackName

Measure = Annotated[float, Field(allow_inf_nan=False)]
"""A measured value; the gate names its unit."""
_UNSEALED = "sha256:" + "0" * 64


class GateKind(StrEnum):
    """What a gate is about."""

    BURN_IN = "burn-in"
    FABRIC_BANDWIDTH = "fabric-bandwidth"
    NETWORK_ISOLATION = "network-isolation"
    STORAGE_THROUGHPUT = "storage-throughput"
    POWER_ACCEPTANCE = "power-acceptance"
    CONFORMANCE = "conformance"
    """One of NVIDIA's numbered requirements for cloud partners."""
    APPROVAL = "approval"
    """A person with a role signs, with a date."""


class Gate(Section):
    """A condition that evidence has to meet."""

    name: DnsLabel
    """Name of the gate, unique in the phase; part of the evidence's file name."""
    kind: GateKind
    at_least: Measure | None = None
    """The measured value is at least this; give this, ``at_most``, or neither for pass or fail."""
    at_most: Measure | None = None
    """The measured value is at most this."""
    unit: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    """Unit of the threshold, for example ``GB/s``; needed with a threshold."""
    requirement: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3}[0-9]{2}$")] | None = None
    """Number of the requirement, for example ``K8S01``; needed for kind ``conformance``."""
    role: Annotated[str, StringConstraints(min_length=2, max_length=80)] | None = None
    """Who signs; needed for kind ``approval``."""
    max_age_days: Annotated[int, Field(ge=1, le=3650, strict=True)] = 90
    """Older evidence is stale."""

    @property
    def threshold(self) -> float | None:
        """What the measured value is held against; None for pass or fail."""
        return self.at_least if self.at_least is not None else self.at_most

    def met_by(self, measured: float) -> bool:
        """Whether a measured value, in the gate's unit, meets the threshold."""
        low = self.at_least is None or measured >= self.at_least
        return low and (self.at_most is None or measured <= self.at_most)


class Gates(Section):
    """What a phase needs before it may be entered, and before it may be left."""

    entry: tuple[Gate, ...] = ()
    exit: tuple[Gate, ...] = ()


class Evidence(Section):
    """What was found when a gate was tried: one file below ``evidence/<stack>/``."""

    gate: DnsLabel
    stack: StackName
    result: Literal["pass", "fail"]
    measured: Measure | None = None
    """The measured value, in ``unit``; none where the gate has no threshold."""
    threshold: Measure | None = None
    """The threshold it was held against; that of the gate has to be the same when it is read."""
    unit: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    tool: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    """What measured, or how an approval was given."""
    tool_version: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    simulated: bool = Field(strict=True)
    """Whether nodes or GPUs were simulated; such evidence never opens a gate of a real site."""
    time: AwareDatetime
    """When it was found, with a time zone."""
    who: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    """Who ran it, or who approved."""
    report: Annotated[str, StringConstraints(pattern=r"^(https://\S+|[A-Za-z0-9._/-]+)$")] | None = None
    """Where the full report is."""
    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    """SHA-256 of all other fields, so that an edit after the fact is seen."""

    @property
    def seal(self) -> str:
        """What ``digest`` has to be: SHA-256 over the other fields, as JSON with sorted keys and UTC time."""
        content = self.model_dump(mode="json", exclude={"digest", "time"})
        content["time"] = self.time.timestamp()
        return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @classmethod
    def sealed(cls, **fields: object) -> Self:
        """Evidence of these fields with the digest that belongs to them.

        Raises:
            ValidationError: If a field is wrong.
        """
        unsealed = cls.model_validate({**fields, "digest": _UNSEALED})
        return unsealed.model_copy(update={"digest": unsealed.seal})
