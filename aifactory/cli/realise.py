"""``aifactory up`` and ``aifactory destroy``."""

import json
import time
from typing import Annotated

import typer

from aifactory.cli.console import err, note, out, step
from aifactory.cli.inputs import AsJson, Chosen, StackName, TargetOption, choose
from aifactory.cli.lab import Sample, engine_tools, require_simulated, simulated_lab, start
from aifactory.cli.summary import as_data, show
from aifactory.deliver import realise
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.engine import Notify
from aifactory.deliver.identity import verify, verify_rights
from aifactory.deliver.program import parts_for
from aifactory.deliver.workspace import Workspace, lab_workspace, user_workspace
from aifactory.errors import LabError
from aifactory.lab.tools import Tools
from aifactory.manifests.parts import bundle_of
from aifactory.spec.stack import Target

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Also print what the Pulumi engine prints.")]


def _engine_lines(*, verbose: bool) -> Notify | None:
    return (lambda line: err.print(line.rstrip(), markup=False, style="dim")) if verbose else None


def up(
    stack: StackName,
    target: TargetOption = None,
    sample: Sample = None,
    *,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Make the stack real: plan, lab if it is simulated, then pulumi up; safe to run again at any time."""
    began = time.monotonic()
    chosen = _realisable(stack, target)
    tools = engine_tools()
    cluster, workspace = _place(chosen, tools, sample=sample)
    verify(chosen.plan.stack, cluster, str(chosen.file))
    parts = parts_for(chosen.plan, cluster)
    bundle = bundle_of(parts)
    verify_rights(bundle, cluster)
    step(f"pulumi up of {stack}: {sum(1 for _ in bundle.objects())} objects in {len(bundle.layers)} layers")
    report = realise.up(bundle, cluster, workspace, note, _engine_lines(verbose=verbose))
    took_s = time.monotonic() - began
    if as_json:
        out.print_json(json.dumps(as_data(chosen.plan, bundle, report, cluster, took_s)))
    else:
        show(chosen.plan, bundle, report, cluster, took_s)


def destroy(stack: StackName, target: TargetOption = None, *, verbose: Verbose = False) -> None:
    """Take everything of the stack away again; nodes and lab stay."""
    chosen = _realisable(stack, target)
    tools = engine_tools()
    if chosen.plan.target is Target.SIMULATED:
        state = simulated_lab(chosen.name, tools).status().state
        if state == "absent":
            raise LabError(
                f"there is no lab of {stack}: nothing to destroy; a running lab is needed;"
                f" labs are listed by 'aifactory lab status'"
            )
    cluster, workspace = _place(chosen, tools, sample=None, bring_up=False)
    verify(chosen.plan.stack, cluster, str(chosen.file))
    bundle = bundle_of(parts_for(chosen.plan, cluster))
    step(f"pulumi destroy of {stack}")
    gone = realise.destroy(bundle, cluster, workspace, note, _engine_lines(verbose=verbose))
    out.print(f"{stack}: {gone} resources removed; nothing of it is left in the cluster", markup=False)


def _realisable(stack: str, target: Target | None) -> Chosen:
    """The stack, if its target is one that can be realised; asked before any tool is fetched."""
    chosen = choose(stack, None, target)
    if chosen.plan.target is not Target.CLUSTER:
        require_simulated(chosen.plan.target)
    return chosen


def _place(
    chosen: Chosen, tools: Tools, *, sample: int | None, bring_up: bool = True
) -> tuple[Cluster, Workspace]:
    """The cluster the stack goes to, and where the engine works for it."""
    plan = chosen.plan
    if plan.target is Target.CLUSTER:
        return Cluster(), user_workspace(plan.name, tools.bin_dir)
    lab = start(plan, tools, sample) if bring_up else simulated_lab(plan.name, tools)
    workspace = lab_workspace(
        lab.directory,
        plan.name,
        chosen.raw,
        target=plan.target.value,
        kubeconfig=lab.kubeconfig,
        bin_dir=tools.bin_dir,
    )
    return Cluster(lab.kubeconfig), workspace
