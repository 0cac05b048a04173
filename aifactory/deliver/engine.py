"""Drives the Pulumi engine: up and destroy of one workspace. The only importer of pulumi.automation."""

import re
from collections.abc import Callable

from pulumi import automation
from pulumi.automation import errors as automation_errors
from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.deliver.locks import release_stale
from aifactory.deliver.workspace import PROJECT, Workspace
from aifactory.errors import EngineError

PARALLEL = 64
Notify = Callable[[str], None]
_NOISE = re.compile(
    r"^(Updating|Destroying|View |@ |error: update failed$|error: destroy failed$|Resources:|Duration:|\s*$)"
)
_WRONG_KEY = "incorrect passphrase"


class EngineResult(BaseModel):
    """What a run of the engine did."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    changes: dict[str, int]
    """Resources by operation: create, update, delete, same, replace."""
    outputs: dict[str, JsonValue]
    """The stack's outputs after the run."""


class Engine:
    """The engine on one workspace.

    Args:
        workspace: Where it works.
        notify: Told one line for each noteworthy thing.
    """

    def __init__(self, workspace: Workspace, notify: Notify) -> None:
        self._workspace = workspace
        self._notify = notify

    def settle(self) -> None:
        """No engine of a killed run is at work on the stack, and no lock of a dead one is left.

        Raises:
            EngineError: If another run is at work.
        """
        if self._workspace.state is not None:
            release_stale(self._workspace.state, PROJECT, self._workspace.stack, self._notify)

    def _stack(self) -> automation.Stack:
        self.settle()
        root = self._workspace.cli_root
        try:
            command = automation.PulumiCommand(None if root is None else str(root))
            options = automation.LocalWorkspaceOptions(
                env_vars=self._workspace.environment, pulumi_command=command
            )
            return automation.create_or_select_stack(
                self._workspace.stack, work_dir=str(self._workspace.directory), opts=options
            )
        except (automation_errors.CommandError, RuntimeError, OSError) as error:
            raise _failure("the Pulumi stack cannot be opened", error) from error

    def up(self, *, refresh: bool = False, show: Notify | None = None) -> EngineResult:
        """The stack is as the program declares it.

        Args:
            refresh: Read the live objects first; needed where some are missing.
            show: Told each line the engine prints; None for silence.

        Raises:
            EngineError: If the engine fails; the message holds its diagnostics.
        """
        stack = self._stack()
        try:
            result = stack.up(
                parallel=PARALLEL, refresh=refresh, on_output=show, color="never", suppress_outputs=True
            )
        except (automation_errors.CommandError, RuntimeError) as error:
            raise _failure("pulumi up failed", error) from error
        summary = result.summary.resource_changes or {}
        return EngineResult(
            changes={str(operation): count for operation, count in summary.items()},
            outputs={name: output.value for name, output in result.outputs.items()},
        )

    def destroy(self, *, refresh: bool = False, show: Notify | None = None) -> EngineResult:
        """Nothing that the stack's state names is left in the cluster.

        Args:
            refresh: Read the live objects first.
            show: Told each line the engine prints; None for silence.

        Raises:
            EngineError: If the engine fails; the message holds its diagnostics.
        """
        stack = self._stack()
        try:
            result = stack.destroy(
                parallel=PARALLEL, refresh=refresh, on_output=show, color="never", suppress_outputs=True
            )
        except (automation_errors.CommandError, RuntimeError) as error:
            raise _failure("pulumi destroy failed", error) from error
        summary = result.summary.resource_changes or {}
        return EngineResult(changes={str(op): count for op, count in summary.items()}, outputs={})


def _failure(what: str, error: Exception) -> EngineError:
    text = str(error)
    if _WRONG_KEY in text:
        return EngineError(
            f"{what}: the passphrase is wrong; the one the stack was made with is needed;"
            " set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to it; nothing was changed"
        )
    return EngineError(f"{what}: {_diagnostics(text)}")


def _diagnostics(text: str) -> str:
    """The engine's own errors without its progress lines."""
    wanted = text.partition("Diagnostics:")[2] or text.rpartition("stderr:")[2] or text
    wanted = wanted.partition("\nOutputs:")[0].partition("\nResources:")[0]
    lines = [line.strip() for line in wanted.splitlines() if not _NOISE.match(line.strip())]
    return "\n  ".join(lines[:40]) or text.strip()[-400:]
