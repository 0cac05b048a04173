"""The words that name one cell of a stack and where it is, declared once for commands that look at it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aifactory.cli.inputs import CellOption, Chosen, OptionalStack, StackFile, TargetOption, choose_part
from aifactory.cli.lab import LabName
from aifactory.spec.stack import Target


@dataclass(frozen=True)
class CellWords:
    """What was said of the cell that is meant; None where nothing was."""

    stack: str | None
    file: Path | None
    target: Target | None
    lab: str | None
    """Name of the lab that it is in."""
    cell: str | None

    def chosen(self, cell: str | None = None) -> Chosen:
        """The cell or the management cluster, checked and planned.

        Args:
            cell: The cell where none was named; None for the management cluster where there is one, else the only
                cell, or a lab's first.

        Raises:
            AIFactoryError: If the words name no stack or no cell, or several cells could be meant.
            PlanRefused: If the plan has errors.
        """
        return choose_part(self.stack, self.file, self.target, self.cell or cell)


def with_cell_words(command: Callable[..., None], cell_option: object = CellOption) -> Callable[..., None]:
    """The command with the words before its own, as the parser reads them from its signature.

    Args:
        command: Takes :class:`CellWords` first; all else are options of its own, by name.
        cell_option: The option ``--cell``, whose help says which cell it is by default.
    """

    def called(
        stack: OptionalStack = None,
        file: StackFile = None,
        target: TargetOption = None,
        lab: LabName = None,
        cell: CellOption = None,
        **own: object,
    ) -> None:
        command(CellWords(stack, file, target, lab, cell), **own)

    words = list(inspect.signature(called).parameters.values())[:-1]
    options = list(inspect.signature(command).parameters.values())[1:]
    every = [one.replace(annotation=cell_option) if one.name == "cell" else one for one in (*words, *options)]
    # What the parser looks at: the signature, and the annotations where they stand by themselves.
    called.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in every}
    called.__name__, called.__doc__ = command.__name__, command.__doc__
    return called
