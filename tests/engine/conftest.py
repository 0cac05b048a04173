"""Labs that the modules of this lane share.

This lane proves nothing about GPUs, drivers, kubelets, storage systems or policy enforcement: the engine, the
provider and the control plane are real, the nodes are simulated.
"""

from collections.abc import Iterator

import pytest

from tests.support.lab import Lab, lab
from tests.support.schemas import crd_dir


@pytest.fixture(scope="session")
def real_crds() -> None:
    """Real CustomResourceDefinitions; without them a lab serves stand-ins that check no field."""
    if crd_dir() is None:
        pytest.skip("no real CustomResourceDefinitions are at hand: AIFACTORY_CRDS names no folder")


@pytest.fixture(scope="session")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The Korean pilot, brought up."""
    with lab("korea-pilot", tmp_path_factory.mktemp("pilot")) as made:
        made.up()
        yield made


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The small stack, brought up; a test that changes it brings it back."""
    with lab("local", tmp_path_factory.mktemp("local")) as made:
        made.up()
        yield made
