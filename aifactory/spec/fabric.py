"""Fabrics: the networks between GPUs of different NVLink domains."""

from pydantic import Field

from aifactory.spec.units import DnsLabel, Section


class Fabric(Section):
    """One fabric and the pools on it; its switches are counted, not configured."""

    name: DnsLabel
    design: str
    """Row of the fabric catalogue, for example ``quantum-x800-q3400``."""
    pools: tuple[DnsLabel, ...] = ()
    """Pools on the fabric; none given means every pool."""
    whole_units: bool = Field(default=True, strict=True)
    """Build the leaf switches of whole scalable units, even where the last one is part-populated."""
