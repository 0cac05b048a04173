"""The way in without this project's command line: plain ``pulumi``. Does not prove anything about hardware."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aifactory.lab.tools import Toolbox, tools_for
from tests.support.lab import COMMAND_TIMEOUT_S, Lab, Outcome, Shell, copied_checkout, edit_stack, lab

pytestmark = pytest.mark.engine
OTHER_UID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Plain:
    """A user with the engine, a backend of files and a kubeconfig."""

    lab: Lab
    shell: Shell
    bin_dir: Path

    def run(self, *words: str, **more: str) -> Outcome:
        """How ``pulumi`` with these words, and more environment, ends."""
        environment = {
            **self.shell.environment(),
            "PATH": f"{self.bin_dir}{os.pathsep}{os.environ['PATH']}",
            **more,
        }
        done = subprocess.run(
            [str(self.bin_dir / "pulumi"), "--non-interactive", "--color", "never", *words],
            cwd=self.shell.checkout,
            env=environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def up(self) -> Outcome:
        """How ``pulumi up`` ends."""
        return self.run("up", "-s", "local", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plain]:
    """A lab without the stack, a copied checkout, and a new stack of the engine in it."""
    own = tmp_path_factory.mktemp("plain")
    checkout = copied_checkout(own / "checkout")
    (checkout / ".venv").symlink_to(sys.prefix)
    (own / "backend").mkdir()
    with lab("local", tmp_path_factory.mktemp("plain-lab"), checkout) as made:
        made.shell.run("lab", "up", "local").succeeded()
        more = {
            "PULUMI_BACKEND_URL": f"file://{own / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "right",
            "PULUMI_HOME": str(own / "pulumi-home"),
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "KUBECONFIG": str(made.kubeconfig),
        }
        tools = Toolbox.default().ensure(tools_for("engine"))
        user = Plain(made, Shell(made.shell.home, checkout, more), tools.bin_dir)
        user.run("stack", "init", "local").succeeded()
        user.run("config", "set", "-s", "local", "aifactory:target", "simulated").succeeded()
        yield user


def test_pulumi_up_makes_the_same_objects(plain: Plain) -> None:
    """Plain pulumi up makes the objects that are rendered; a second one changes nothing."""
    plain.up().succeeded()
    found = plain.lab.drift()
    assert (found.missing, found.fields, found.unwanted) == ((), {}, ())
    assert sorted(plain.lab.live()) == sorted(plain.lab.rendered())
    mark = plain.lab.audit.mark()
    assert "unchanged" in plain.up().succeeded().text
    assert plain.lab.audit.writes(mark) == []


def test_a_wrong_passphrase_is_refused(plain: Plain) -> None:
    """A wrong passphrase is named as such, by either way in, and nothing is written."""
    mark = plain.lab.audit.mark()
    wrong = {"PULUMI_CONFIG_PASSPHRASE": "wrong"}
    ours = Shell(plain.shell.home, plain.shell.checkout, {**plain.shell.more, **wrong})
    ours.run("up", "local", "--target", "cluster").refused("the passphrase is wrong", "nothing was changed")
    outcome = plain.run("up", "-s", "local", "--yes", "--skip-preview", **wrong)
    assert outcome.code != 0
    assert "incorrect passphrase" in outcome.text
    assert plain.lab.audit.writes(mark) == []


def test_another_cluster_than_the_pinned_one_is_refused(plain: Plain) -> None:
    """A stack that pins another cluster is refused by plain pulumi too, and nothing is written."""
    edit_stack(plain.shell.checkout, "local", lambda stack: stack["cluster"].update(uid=OTHER_UID))
    try:
        mark = plain.lab.audit.mark()
        outcome = plain.up()
        assert outcome.code != 0
        assert "Traceback" not in outcome.out + outcome.err
        for part in ("cluster.uid", f"not {OTHER_UID}", "nothing was written"):
            assert part in outcome.text
        assert plain.lab.audit.writes(mark) == []
    finally:
        edit_stack(plain.shell.checkout, "local", lambda stack: stack["cluster"].pop("uid"))


def test_pulumi_destroy_leaves_nothing(plain: Plain) -> None:
    """Plain pulumi destroy removes every object of the stack."""
    plain.run("destroy", "-s", "local", "--yes", "--skip-preview").succeeded()
    assert plain.lab.live() == {}
