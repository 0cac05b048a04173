"""The errors a user can meet.

AIFactoryError            anything this tool says no to; exit code 1
├── StackInvalid          the stack file is wrong: every problem, once
├── PlanRefused           the plan has findings of severity error; exit code 2
├── PromotionRefused      a phase may not follow the one before it; exit code 2
├── TemplateError         a template and its values do not fit (a defect of this project)
├── ToolError             a tool cannot be found, fetched or built
├── LabError              a local lab cannot be started, found or removed
├── ClusterError          the cluster cannot be reached, or is not the one that is meant
└── EngineError           the Pulumi engine refused or failed

Messages say what is wrong, what is allowed, and how to fix it; each is matched by a test.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class AIFactoryError(Exception):
    """Base of every error this project raises on purpose."""

    exit_code = 1


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with a file.

    Attributes:
        path: Dotted path of the field, for example ``pools.1.system``; empty for the whole file.
        what: What is wrong.
        allowed: What is allowed instead.
        fix: What to change.
    """

    path: str
    what: str
    allowed: str
    fix: str

    def line(self, file: str) -> str:
        """The problem as one line: file, path, what is wrong, what is allowed, how to fix it."""
        where = f"{file}: {self.path}" if self.path else file
        return f"{where}: {self.what}; {self.allowed}; {self.fix}"


class StackInvalid(AIFactoryError):
    """A stack file cannot be used; holds every problem found, sorted by path.

    Args:
        file: The file as the user named it.
        problems: At least one problem.
    """

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(problem.line(file) for problem in self.problems))


class PlanRefused(AIFactoryError):
    """The plan has findings of severity ``error``; nothing may be applied or rendered from it."""

    exit_code = 2


class PromotionRefused(AIFactoryError):
    """A phase may not follow the one before it: gates do not stand, or it does not only grow."""

    exit_code = 2


class TemplateError(AIFactoryError):
    """A template could not be rendered to Kubernetes objects; names the template and the variable."""


class ToolError(AIFactoryError):
    """A tool cannot be resolved; says which step was tried and the remedy."""


class LabError(AIFactoryError):
    """A local lab could not be brought up, found, or taken down."""


class ClusterError(AIFactoryError):
    """The cluster is unreachable, is another one than the stack pins, or refuses the rights needed."""


class EngineError(AIFactoryError):
    """The Pulumi engine refused to start or ended with a failure."""
