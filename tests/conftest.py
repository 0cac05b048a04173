"""Options of the whole suite; they must be known before a folder's own conftest is read."""

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this project."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        default=False,
        help="rewrite the golden trees instead of comparing",
    )
