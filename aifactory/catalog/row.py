"""What every row of the catalogue carries: its source, date and confidence."""

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints


class Row(BaseModel):
    """A row of facts with its provenance."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str
    """Name of the row, unique in its kind."""
    source: Annotated[str, StringConstraints(pattern=r"^(https://\S+|assumption)$")]
    """Where the figures are from; ``assumption`` where they are ours."""
    as_of: datetime.date
    """When the source said so."""
    confidence: Literal["A", "B", "C"]
    """A primary document, B third party, C derived or assumed; the lowest of the row."""
    notes: str = ""
    assumed: tuple[str, ...] = ()
    """Fields of this row that are assumptions of ours, dotted where nested (``rack_power.share_kw``)."""
