"""What every part of a plan is made from: a frozen model, and the finding."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class PlanModel(BaseModel):
    """Base of the plan's parts: frozen, no unknown fields, described by docstrings."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Finding(PlanModel):
    """Something the plan noticed; an ``error`` refuses the plan."""

    code: str
    """Stable name of the rule, for example ``unknown-system``."""
    severity: Literal["error", "warning", "info"]
    path: str
    """Dotted path of the field in the stack file."""
    message: str
    """What is wrong, and what is allowed."""
    fix: str
    """The nearest valid choice."""
