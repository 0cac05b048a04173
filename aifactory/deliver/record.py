"""The file state of a stack, and the note that the engine finished with it."""

import hashlib
import json
from pathlib import Path

from pydantic import JsonValue

from aifactory.deliver.workspace import PROJECT, Workspace
from aifactory.manifests.model import Bundle


def state_in(folder: Path, stack: str) -> Path:
    """The file of a stack's state in the folder of a file backend."""
    return folder / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"


def state_file(workspace: Workspace) -> Path | None:
    """The file of the stack's state; None for a backend of the user's own."""
    return None if workspace.state is None else state_in(workspace.state, workspace.stack)


class Record:
    """That the engine finished with exactly this bundle and left exactly this state.

    With a matching record and no drift an ``up`` needs no engine. Any doubt, and the engine runs.

    Args:
        workspace: Where the engine works.
        bundle: What it is to apply.
    """

    def __init__(self, workspace: Workspace, bundle: Bundle) -> None:
        state = state_file(workspace)
        self._state = state
        self._file = (
            None if workspace.state is None else workspace.state / ".aifactory" / f"{workspace.stack}.json"
        )
        self._digest = hashlib.sha256(bundle.model_dump_json().encode()).hexdigest()

    def _state_digest(self) -> str | None:
        if self._state is None or not self._state.is_file():
            return None
        return hashlib.sha256(self._state.read_bytes()).hexdigest()

    def _content(self) -> dict[str, JsonValue]:
        if self._file is None:
            return {}
        try:
            content = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def holds(self) -> bool:
        """Whether the engine finished with this bundle and its state is the one it left."""
        content, state = self._content(), self._state_digest()
        return state is not None and content.get("bundle") == self._digest and content.get("state") == state

    def outputs(self) -> dict[str, JsonValue]:
        """The stack's outputs as of then; none where they are not known."""
        outputs = self._content().get("outputs")
        return outputs if isinstance(outputs, dict) else {}

    def write(self, outputs: dict[str, JsonValue]) -> None:
        """Note that the engine has finished with this bundle."""
        if self._file is not None:
            self._file.parent.mkdir(exist_ok=True)
            content = {"bundle": self._digest, "state": self._state_digest(), "outputs": outputs}
            self._file.write_text(json.dumps(content))

    def drop(self) -> None:
        """Forget the note: the engine is about to run."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
