"""A stack that pulls from a registry of its site is accepted by a real API server, and stays as declared.

Does not prove that anything can be pulled from there: nothing is pulled in this lane.
"""

from pathlib import Path
from typing import Any

import pytest

from aifactory.manifests.image_names import images_in
from tests.support.lab import SIMULATED, copied_checkout, edit_stack, lab

pytestmark = pytest.mark.engine
MIRROR = "registry.example:5000/site"


def test_a_mirrored_stack_comes_up(tmp_path: Path) -> None:
    """Every image of the live objects is one of the mirror, and drift finds nothing."""
    checkout = copied_checkout(tmp_path / "checkout")

    def change(stack: dict[str, Any]) -> None:
        stack["registry"] = {"mirror": MIRROR}

    edit_stack(checkout, "local", change)
    with lab("local", tmp_path / "home", checkout) as made:
        made.up()
        images = {named.reference for item in made.live().values() for named in images_in(item)}
        assert len(images) > 5
        assert {image for image in images if not image.startswith(f"{MIRROR}/")} == set()
        made.shell.run("drift", made.stack, *SIMULATED).succeeded()
