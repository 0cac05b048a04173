"""The command ``aifactory``: errors become one message and an exit code, never a traceback."""

import errno
import os
import sys
from typing import NoReturn

import typer

from aifactory.cli import (
    catalog,
    doctor,
    drift,
    evidence,
    gates,
    lab,
    manifest_schemas,
    mirror,
    plan,
    policy,
    preview,
    probe,
    promote,
    realise,
    render,
    show,
    stacks,
)
from aifactory.cli.console import degrade_output, err
from aifactory.cli.usage import usage_line
from aifactory.errors import AIFactoryError

INTERRUPTED = 130
_NOT_USABLE = (errno.EACCES, errno.ENOTDIR, errno.EROFS)
"""What is wrong with a place of the user's, and not with this tool."""

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="AI factories as code: stacks, labs and delivery. Exit codes: 0 fine, 1 failed or not understood, 2 findings.",
)
app.command()(stacks.validate)
app.command()(show.show)
app.command()(plan.plan)
app.command()(render.render)
app.command()(stacks.schema)
app.command()(preview.preview)
app.command()(probe.probe)
app.command()(drift.drift)
app.command()(policy.policy)
app.command()(manifest_schemas.manifest_schemas)
app.command()(realise.up)
app.command()(realise.destroy)
app.command()(mirror.mirror)
app.command()(gates.gates)
app.command()(evidence.evidence)
app.command()(promote.promote)
app.command()(catalog.catalog)
app.command()(doctor.doctor)
app.add_typer(
    lab.app,
    name="lab",
    help="Local labs: a real control plane with simulated nodes, or a kind cluster with mock GPUs.",
)


def main() -> None:
    """Run the command line; the exit code is not 0 where it failed or found something."""
    degrade_output()
    try:
        # The parser would end wrong words with 2, which here means findings, and an interrupted command silently.
        code = app(prog_name="aifactory", standalone_mode=False)
    except typer.TyperException as error:
        _fail(usage_line(app, sys.argv[1:], error), 1)
    except AIFactoryError as error:
        _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _fail(
                f"the disk is full ({error.filename or 'no file named'}); free space is needed; free some, or move"
                " XDG_CACHE_HOME and XDG_STATE_HOME to another disk, then run the same command again",
                1,
            )
        if error.errno in _NOT_USABLE and error.filename is not None:
            _fail(
                f"{error.filename}: cannot be used ({error.strerror}); a file or folder that can be read and written is"
                " needed; check its rights, or move XDG_CACHE_HOME and XDG_STATE_HOME",
                1,
            )
        _unexpected(error)
    except Exception as error:  # noqa: BLE001 - the last line of defence before a user
        _unexpected(error)
    if code == INTERRUPTED:
        _fail("interrupted; run the same command again to go on", INTERRUPTED)
    if code:
        sys.exit(code)


def _unexpected(error: Exception) -> NoReturn:
    if os.environ.get("AIFACTORY_DEBUG"):
        raise error
    _fail(
        f"a defect of this tool: {type(error).__name__}: {error}; please report it;"
        " set AIFACTORY_DEBUG=1 to see where it happened",
        1,
    )


def _fail(message: str, code: int) -> NoReturn:
    err.print(f"error: {message}", markup=False)
    sys.exit(code)


if __name__ == "__main__":
    main()
