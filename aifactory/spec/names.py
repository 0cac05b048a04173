"""Names that are used once."""

from collections import Counter
from collections.abc import Iterable, Iterator

from aifactory.errors import Problem


def repeated(path: str, names: Iterable[str]) -> Iterator[Problem]:
    """Every name that more than one entry has.

    Args:
        path: Dotted path of the list that holds the entries.
        names: Their names.
    """
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(
                path, f"{count} entries are named '{name}'", "names are unique", "rename all but one"
            )
