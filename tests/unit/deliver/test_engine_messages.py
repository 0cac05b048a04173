"""What a user sees of the engine's failures: its diagnostics, without its progress."""

import pytest

from aifactory.deliver.engine_messages import diagnostics, failure

UPDATE = """ code: 255
 stdout: Updating (local):

@ updating.....
 +  aifactory:index:Foundation foundation creating (0s)
 +  kubernetes:core/v1:Namespace training creating (0s) error: timed out
Diagnostics:
  kubernetes:core/v1:Namespace (training):
    error: resource training was not successfully created by the Kubernetes API server: forbidden

  pulumi:pulumi:Stack (aifactory-local):
    error: update failed

Outputs:
    pools: []

Resources:
    + 3 created

Duration: 2s

 stderr: """
WRONG = """ code: 255
 stdout:
 stderr: error: getting stack configuration: get stack secrets manager: incorrect passphrase
"""


def test_diagnostics_are_what_went_wrong() -> None:
    """Of a failed update the resource and its error are shown; progress, outputs and counts are not."""
    assert diagnostics(UPDATE).splitlines() == [
        "kubernetes:core/v1:Namespace (training):",
        "  error: resource training was not successfully created by the Kubernetes API server: forbidden",
        "  pulumi:pulumi:Stack (aifactory-local):",
    ]


def test_a_wrong_passphrase_is_explained() -> None:
    """A refused passphrase names the variables to set, says that nothing changed, and repeats no engine text."""
    assert str(failure("pulumi up failed", RuntimeError(WRONG))) == (
        "pulumi up failed: the passphrase is wrong; the one the stack was made with is needed; set"
        " PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to it; nothing was changed"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            " code: 255\n stdout: \n stderr: error: no stack named 'x' found\n",
            "error: no stack named 'x' found",
        ),
        ("Failed to locate the Pulumi CLI", "Failed to locate the Pulumi CLI"),
        (
            " code: 137\n stdout: Updating (local):\n stderr: signal: killed\n",
            "signal: killed",
        ),
    ],
)
def test_a_failure_outside_an_update_is_its_text(text: str, shown: str) -> None:
    """Without diagnostics the engine's standard error is shown, and without that its whole text."""
    assert str(failure("the Pulumi stack cannot be opened", OSError(text))) == (
        f"the Pulumi stack cannot be opened: {shown}"
    )


def test_a_failure_is_never_empty() -> None:
    """Where the engine prints nothing but noise, the end of its text is shown."""
    assert diagnostics("Updating (local):\n@ updating....\n") == "Updating (local):\n@ updating...."


def test_long_diagnostics_are_cut() -> None:
    """At most forty lines are shown."""
    text = "Diagnostics:\n" + "\n".join(f"error {index}" for index in range(500))

    assert len(diagnostics(text).splitlines()) == 40
