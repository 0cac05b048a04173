"""Drives the Pulumi engine: preview, up and destroy of one workspace. The only importer of pulumi.automation."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pulumi import automation
from pulumi.automation import errors as automation_errors
from pydantic import BaseModel, ConfigDict, JsonValue

from aifactory.deliver.engine_messages import failure
from aifactory.deliver.locks import release_stale
from aifactory.deliver.state import State
from aifactory.deliver.workspace import PROJECT, Workspace

PARALLEL = 64
STATE_VERSION = 3
"""Version of the form in which states are exported and imported."""
ATTEMPTS = 3
"""Runs of the engine that another one's lock may cost."""
ResultT = TypeVar("ResultT")
Notify = Callable[[str], None]


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
        self.stack = workspace.stack
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
        try:
            return self._opened(automation.create_or_select_stack)
        except (automation_errors.CommandError, RuntimeError, OSError) as error:
            raise failure("the Pulumi stack cannot be opened", error) from error

    def _opened(self, how: Callable[..., automation.Stack]) -> automation.Stack:
        root, environment = self._workspace.cli_root, self._workspace.environment
        command = automation.PulumiCommand(None if root is None else str(root))
        options = automation.LocalWorkspaceOptions(env_vars=environment, pulumi_command=command)
        return how(self._workspace.stack, work_dir=str(self._workspace.directory), opts=options)

    def stacks(self) -> tuple[str, ...]:
        """Names of the project's stacks in the backend.

        Raises:
            EngineError: If the backend cannot be asked.
        """
        try:
            return tuple(found.name.rpartition("/")[2] for found in self._stack().workspace.list_stacks())
        except (automation_errors.CommandError, RuntimeError) as error:
            raise failure("the Pulumi stacks cannot be listed", error) from error

    def state(self, stack: str | None = None) -> State:
        """What the engine knows of a stack, with secrets in plain text.

        Args:
            stack: Name of the stack; None means the workspace's own.

        Raises:
            EngineError: If the state cannot be read.
        """
        try:
            found = self._stack().workspace.export_stack(stack or self._workspace.stack).deployment
        except (automation_errors.CommandError, RuntimeError) as error:
            raise failure("the Pulumi state cannot be read", error) from error
        return dict(found or {})

    def replace_state(self, state: State, stack: str | None = None) -> None:
        """The engine knows of a stack what the state says, and nothing else.

        Args:
            state: In the form of :meth:`state`.
            stack: Name of the stack; None means the workspace's own.

        Raises:
            EngineError: If another run is at work on the stack, or the state cannot be written.
        """
        name = stack or self._workspace.stack
        if self._workspace.state is not None:
            release_stale(self._workspace.state, PROJECT, name, self._notify)
        try:
            self._stack().workspace.import_stack(name, automation.Deployment(STATE_VERSION, state))
        except (automation_errors.CommandError, RuntimeError) as error:
            raise failure("the Pulumi state cannot be written", error) from error

    def _alone(self, act: Callable[[], ResultT]) -> ResultT:
        """What the act gives; an engine of a killed run may take the lock after we looked, and is waited for."""
        for _ in range(ATTEMPTS - 1):
            try:
                return act()
            except automation_errors.ConcurrentUpdateError:
                if self._workspace.state is None:
                    raise
                self.settle()
        return act()

    def preview(
        self, *, refresh: bool = False, without: Sequence[str] = (), show: Notify | None = None
    ) -> dict[str, int] | None:
        """What an ``up`` would do, as resources by operation; None where the backend does not know the stack.

        Nothing is written, a stack in the backend included; a run that is at work is not waited for.

        Args:
            refresh: Read the live objects first; needed where some are missing.
            without: URNs, or patterns of them, that the engine leaves out.
            show: Told each line the engine prints; None for silence.

        Raises:
            EngineError: If the engine fails; the message holds its diagnostics.
        """
        try:
            stack = self._opened(automation.select_stack)
            result = stack.preview(
                PARALLEL, exclude=list(without), refresh=refresh, on_output=show, color="never"
            )
        except automation_errors.StackNotFoundError:
            return None
        except (automation_errors.CommandError, RuntimeError, OSError) as error:
            raise failure("pulumi preview failed", error) from error
        return _counts(result.change_summary)

    def up(self, *, refresh: bool = False, show: Notify | None = None) -> EngineResult:
        """The stack is as the program declares it.

        Args:
            refresh: Read the live objects first; needed where some are missing.
            show: Told each line the engine prints; None for silence.

        Raises:
            EngineError: If the engine fails; the message holds its diagnostics.
        """
        result = self._driven("up", self._stack().up, refresh=refresh, show=show)
        return EngineResult(
            changes=_counts(result.summary.resource_changes),
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
        result = self._driven("destroy", self._stack().destroy, refresh=refresh, show=show)
        return EngineResult(changes=_counts(result.summary.resource_changes), outputs={})

    def _driven(
        self, name: str, act: Callable[..., ResultT], *, refresh: bool, show: Notify | None
    ) -> ResultT:
        """What the engine's act gives, with the stack to itself."""
        try:
            return self._alone(
                lambda: act(
                    parallel=PARALLEL, refresh=refresh, on_output=show, color="never", suppress_outputs=True
                )
            )
        except (automation_errors.CommandError, RuntimeError) as error:
            raise failure(f"pulumi {name} failed", error) from error


def _counts(changes: Mapping[automation.OpType, int] | Mapping[str, int] | None) -> dict[str, int]:
    """Resources by the name of the operation."""
    return {
        str(getattr(operation, "value", operation)): count for operation, count in (changes or {}).items()
    }
