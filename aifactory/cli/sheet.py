"""How a sheet of figures is laid out: headings, facts, tables and sentences, at the width that there is."""

import textwrap
from collections.abc import Iterable, Sequence

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from aifactory.cli.console import out

Fact = tuple[str, str, str]
"""Label, value and a remark."""
WIDE = 104
"""From this width on, a table may have the columns that a narrow one puts into a second line."""
_INDENT = 2
_LABEL, _VALUE = 19, 12


def wide() -> bool:
    """Whether there is room for wide tables."""
    return out.width >= WIDE


def heading(text: str) -> None:
    """The beginning of a section."""
    out.print()
    out.print(Text(text, style="bold"))


def _put(table: Table) -> None:
    padded = Padding(table, (0, 0, 0, _INDENT), expand=False)
    if out.is_terminal:
        out.print(padded)
        return
    with out.capture() as captured:
        out.print(padded)
    for line in captured.get().splitlines():
        out.print(Text(line.rstrip()))


def facts(rows: Iterable[Fact]) -> None:
    """Figures one below the other: label, value to the right, remark."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=_LABEL)
    table.add_column(justify="right", min_width=_VALUE, no_wrap=True)
    table.add_column()
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    _put(table)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, words: Iterable[str], total: bool = False
) -> None:
    """A table without rules; numbers are to the right.

    Args:
        columns: Their headings.
        rows: One cell a column.
        words: The columns that hold words, which are to the left.
        total: Whether the last row is the total of the others.
    """
    left = set(words)
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in columns:
        is_text = name in left
        made.add_column(Text(name), justify="left" if is_text else "right", no_wrap=not is_text)
    cells = list(rows)
    for index, row in enumerate(cells):
        style = "bold" if total and index == len(cells) - 1 else None
        made.add_row(*(Text(cell) for cell in row), style=style)
    _put(made)


def sentence(text: str, *, lead: str = "  ", style: str = "") -> None:
    """A sentence below its lead; it is one line where nobody looks on, so that it can be searched for.

    Args:
        text: The sentence.
        lead: What stands before its first line; further lines are as far to the right.
        style: Style of the text on a terminal.
    """
    if out.is_terminal:
        text = textwrap.fill(
            text,
            width=max(out.width, 40),
            initial_indent=lead,
            subsequent_indent=" " * len(lead),
            break_long_words=False,
            break_on_hyphens=False,
        )
    else:
        text = lead + text
    out.print(Text(text, style=style))
