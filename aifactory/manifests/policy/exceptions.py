"""Written exceptions to the rules: who accepted what, and why."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

import yaml
from pydantic import Field

from aifactory.manifests.model import ManifestModel
from aifactory.manifests.policy.model import Violation


class PolicyException(ManifestModel):
    """What a rule does not hold for."""

    rule: str
    object: str = Field(min_length=1)
    """Identity of the object as messages have it; ``*`` stands for anything."""
    stacks: tuple[str, ...] = Field(min_length=1)
    """Names of stacks; ``*`` stands for anything."""
    reason: str = Field(min_length=20)
    """Why it is right as it is, and what would end the exception."""

    def covers(self, violation: Violation, stack: str) -> bool:
        """Whether this exception is about the violation."""
        return (
            self.rule == violation.rule
            and fnmatchcase(violation.object, self.object)
            and any(fnmatchcase(stack, name) for name in self.stacks)
        )


class Accepted(ManifestModel):
    """A violation, and the exception that it is covered by."""

    violation: Violation
    exception: PolicyException


@cache
def exceptions() -> tuple[PolicyException, ...]:
    """The project's own exceptions, from the table beside this module."""
    content = yaml.safe_load(files(__package__).joinpath("exceptions.yaml").read_text(encoding="utf-8"))
    return tuple(PolicyException.model_validate(row) for row in content["exceptions"])


def sorted_out(
    violations: Iterable[Violation], allowed: tuple[PolicyException, ...], stack: str
) -> Iterator[Violation | Accepted]:
    """Each violation as it is, or with the first exception that covers it."""
    for violation in violations:
        covering = next((one for one in allowed if one.covers(violation, stack)), None)
        yield violation if covering is None else Accepted(violation=violation, exception=covering)
