"""The Korean pilot, rolled out by Flux's real controllers from a real Git repository.

This lane proves nothing about hardware, charts or Argo CD. Nodes are simulated. No helm-controller runs: the tree
of the target ``simulated`` has no charts, so that no HelmRelease is waited for, and those of the target ``cluster``
are only checked against their schemas and by a dry run. Argo CD does not run either.
"""

import shutil
from collections.abc import Iterator

import pytest

from aifactory.lab.tools import Toolbox, Tools
from tests.support.fleet import STACK, Fleet
from tests.support.flux import MANAGER, TOOLS, controllers, install_apis
from tests.support.git import served_repository
from tests.support.lab import copied_checkout, lab
from tests.support.schemas import crd_dir


@pytest.fixture(scope="session")
def tools() -> Tools:
    """The tools of this lane, built where they are missing."""
    return Toolbox.default().ensure((*TOOLS, "kubeconform"))


@pytest.fixture(scope="session")
def real_crds() -> None:
    """Real CustomResourceDefinitions, Flux's own among them."""
    if crd_dir() is None:
        pytest.skip("Flux needs its CustomResourceDefinitions: AIFACTORY_CRDS names no folder with them")


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory, tools: Tools, real_crds: None) -> Iterator[Fleet]:  # noqa: ARG001
    """The pilot's tree, committed, pushed and rolled out."""
    home, engine = tmp_path_factory.mktemp("gitops"), tmp_path_factory.mktemp("engine")
    checkout = copied_checkout(tmp_path_factory.mktemp("checkout") / "main")
    with lab(STACK, home, checkout) as made, served_repository(engine) as repository:
        made.shell.run("lab", "up", STACK).succeeded()
        install_apis(made.cluster())
        with controllers(made.kubeconfig, engine, tools) as flux:
            fleet = Fleet(made, repository, flux, "", {})
            fleet.render()
            fleet.commit = repository.commit("the pilot")
            for item in fleet.bootstrap():
                made.cluster().apply(item, manager=MANAGER)
            flux.wait_ready(fleet.commit)
            fleet.first = flux.kustomizations()
            yield fleet
    shutil.rmtree(engine, ignore_errors=True)


@pytest.fixture
def steady(fleet: Fleet) -> Fleet:
    """The fleet with everything Ready at the newest commit, as a test has to find it."""
    fleet.flux.wait_ready(fleet.commit)
    return fleet
