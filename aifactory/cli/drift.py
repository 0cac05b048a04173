"""``aifactory drift``: how a cluster differs from what the stack declares, field by field."""

import time

import typer

from aifactory.cli.console import print_data, step
from aifactory.cli.drift_tables import as_data, show
from aifactory.cli.extent import same_place
from aifactory.cli.inputs import (
    AsJson,
    CellOption,
    Chosen,
    OptionalStack,
    StackFile,
    TargetOption,
    choose_part,
)
from aifactory.cli.lab import WHAT, LabName, lab_of, require_name, tools_of
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.drift_report import drift_report
from aifactory.deliver.identity import verify
from aifactory.deliver.program import parts_for
from aifactory.errors import LabError
from aifactory.lab.places import labs
from aifactory.manifests.management import bundle_for
from aifactory.plan.cell_choice import home_of

DRIFTED = 2
"""Exit code where something is not as declared."""


def drift(
    stack: OptionalStack = None,
    file: StackFile = None,
    target: TargetOption = None,
    lab: LabName = None,
    cell: CellOption = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what in the cluster is not as declared, and who changed it; nothing is written.

    Exit code 2 where there is drift.
    """
    began = time.monotonic()
    chosen = choose_part(stack, file, target, cell)
    cluster = _cluster(chosen, lab)
    verify(chosen.plan.stack, cluster, str(chosen.file))
    bundle = bundle_for(parts_for(chosen.plan, cluster))
    step(f"drift of {chosen.name}: {sum(1 for _ in bundle.objects())} objects; nothing is written")
    report = drift_report(cluster, bundle)
    took_s = time.monotonic() - began
    if as_json:
        print_data(as_data(chosen, bundle, report, took_s))
    else:
        show(chosen, bundle, report, took_s, lab)
    if report.drift:
        raise typer.Exit(DRIFTED)


def _cluster(chosen: Chosen, lab: str | None) -> Cluster:
    """The cluster the stack is in: the one of the kubeconfig, or the running lab.

    Raises:
        LabError: If the lab does not run, or one is named for a real cluster.
    """
    plan = chosen.plan
    if lab is not None:
        require_name(lab)
    if not plan.in_lab:
        if lab is not None:
            raise LabError(
                "--lab: the target is cluster, which is no lab; the lab of a simulated stack can be named;"
                " leave --lab out, or use --target simulated"
            )
        return Cluster()
    name = lab or home_of(plan)
    if not (labs(plan.target.value) / name).is_dir():
        raise _not_there(chosen, name, "absent", lab)
    made = lab_of(plan.target, name, tools_of(plan.target))
    state = made.status().state
    if state != "running":
        raise _not_there(chosen, name, state, lab)
    return Cluster(made.kubeconfig)


def _not_there(chosen: Chosen, name: str, state: str, lab: str | None) -> LabError:
    return LabError(
        f"the lab of {name} ({WHAT[chosen.plan.target]}) is {state}: there is nothing to compare with; a running lab"
        f" is needed; start it with: aifactory up {chosen.name}{same_place(chosen.plan, lab)}"
    )
