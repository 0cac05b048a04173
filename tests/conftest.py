"""Options of the whole suite; they must be known before a folder's own conftest is read."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this project."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        default=False,
        help="rewrite the golden trees instead of comparing",
    )
