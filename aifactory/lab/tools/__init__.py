"""The tools the labs need: one table, and their resolution.

Each tool is looked for on PATH, in the cache, in a mirror folder, at its vendor's download, and is at last
built from pinned Go modules. What is downloaded or built is verified; ``table`` says what that is worth.

Example::

    tools = Toolbox.default().ensure(tools_for("engine"))
    environment = {"PATH": f"{tools.bin_dir}:{os.environ['PATH']}"}
    subprocess.run([tools.path("kubectl"), "version", "--client"], check=True)
"""

from aifactory.lab.tools.errors import (
    BuildFailedError,
    CacheUnusableError,
    GoMissingError,
    ToolUnavailableError,
    UnknownToolError,
)
from aifactory.lab.tools.progress import Progress, SilentProgress, StderrProgress
from aifactory.lab.tools.status import ToolState, ToolStatus
from aifactory.lab.tools.table import Table, default_table, load_table, tools_for
from aifactory.lab.tools.toolbox import Toolbox, Tools

__all__ = [
    "BuildFailedError",
    "CacheUnusableError",
    "GoMissingError",
    "Progress",
    "SilentProgress",
    "StderrProgress",
    "Table",
    "ToolState",
    "ToolStatus",
    "ToolUnavailableError",
    "Toolbox",
    "Tools",
    "UnknownToolError",
    "default_table",
    "load_table",
    "tools_for",
]
