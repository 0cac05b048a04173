"""The waves of a roll-out: one cell first, then a few, then all others; and sites by their phase."""

from aifactory.spec.stack import Phase

PHASES: tuple[tuple[Phase, ...], ...] = ((Phase.PILOT,), (Phase.REGIONAL,), (Phase.SCALE_OUT, Phase.GIGAWATT))
"""Order of the sites of a programme: pilots, regions, the rest."""


def wave_of(index: int, sizes: tuple[int, ...]) -> int:
    """Wave of a cell, from 1; it depends on the cell's place alone, so that a site that grows moves no cell.

    Args:
        index: Index of the cell, from 0.
        sizes: Cells in each wave but the last.

    Example:
        >>> [wave_of(index, (1, 3)) for index in range(6)]
        [1, 2, 2, 2, 3, 3]
    """
    beyond = 0
    for wave, size in enumerate(sizes, start=1):
        beyond += size
        if index < beyond:
            return wave
    return len(sizes) + 1


def phase_rank(phase: Phase) -> int:
    """Place of a site of this phase among those of a programme, from 0."""
    return next(rank for rank, phases in enumerate(PHASES) if phase in phases)
