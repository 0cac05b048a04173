"""What every row of the catalogue carries: its source, date and confidence."""

import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator


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
    """A primary document, B third party, C derived or assumed; the lowest of what is not in ``assumed``."""
    notes: str = ""
    assumed: tuple[str, ...] = ()
    """Fields of this row that are assumptions of ours, dotted where nested (``rack_power.share_kw``)."""

    @model_validator(mode="after")
    def _assumed_fields_exist(self) -> Self:
        for path in self.assumed:
            place: object = self
            for name in path.split("."):
                if not isinstance(place, BaseModel) or name not in type(place).model_fields:
                    raise ValueError(f"row {self.id}: assumed names '{path}', which is no field of the row")
                place = getattr(place, name)
        return self

    def value(self, path: str) -> object:
        """The value of a field, dotted where nested.

        Raises:
            AttributeError: If the row has no such field.
        """
        place: object = self
        for name in path.split("."):
            place = getattr(place, name)
        return place
