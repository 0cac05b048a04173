"""``aifactory up`` and ``aifactory destroy``."""

import time
from typing import Annotated

import typer

from aifactory.cli.console import err, note, out, print_data, step
from aifactory.cli.extent import Extent
from aifactory.cli.inputs import AsJson, CellOption, Chosen, StackName, TargetOption, choose_part
from aifactory.cli.lab import LabName, Sample, lab_of, require_crds, require_name, start, tools_of
from aifactory.cli.management import DeleteClusters, require_management
from aifactory.cli.phases import EnforceGates, ask_before_lab, enter, phase_config
from aifactory.cli.summary import as_data, show
from aifactory.deliver import realise
from aifactory.deliver.cell_workspace import cell_workspace
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.engine import Notify
from aifactory.deliver.holder import one_owner
from aifactory.deliver.identity import verify, verify_rights
from aifactory.deliver.program import parts_for
from aifactory.deliver.promotion import predecessor_of
from aifactory.deliver.released import release_nodes
from aifactory.deliver.workspace import Workspace, lab_state, lab_workspace, user_workspace
from aifactory.errors import LabError
from aifactory.lab.places import state_home
from aifactory.lab.tools import Tools
from aifactory.manifests.management import bundle_for
from aifactory.manifests.parts import Parts
from aifactory.plan.cell_choice import for_management, home_of
from aifactory.spec.stack import Target

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Also print what the Pulumi engine prints.")]


def engine_lines(*, verbose: bool) -> Notify | None:
    """Where the lines that the engine prints go; None for nowhere."""
    return (lambda line: err.print(line.rstrip(), markup=False, style="dim")) if verbose else None


def up(
    stack: StackName,
    target: TargetOption = None,
    sample: Sample = None,
    lab: LabName = None,
    cell: CellOption = None,
    *,
    delete_clusters: DeleteClusters = False,
    enforce_gates: EnforceGates = False,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Make the stack, or one cell of it, real: plan, a lab if the target is one, pulumi up; safe to run again.

    Of a site whose cells GitOps delivers to, that is what its management cluster holds.
    """
    began = time.monotonic()
    chosen = realisable(stack, target, lab, cell)
    require_management(chosen, delete_clusters=delete_clusters)
    if chosen.plan.in_lab:
        require_crds()
    tools = tools_of(chosen.plan.target)
    made = lab_of(chosen.plan.target, lab or home_of(chosen.plan), tools) if chosen.plan.in_lab else None
    if made is not None:
        ask_before_lab(chosen, made, enforce=enforce_gates)
    cluster, workspace = place(chosen, tools, sample=sample, lab=lab, enforce_gates=enforce_gates)
    verify(chosen.plan.stack, cluster, str(chosen.file))
    notices = enter(chosen, cluster, workspace, enforce=enforce_gates)
    bundle = bundle_for(parts_for(chosen.plan, cluster))
    verify_rights(bundle, cluster)
    step(f"pulumi up of {stack}: {sum(1 for _ in bundle.objects())} objects in {len(bundle.layers)} layers")
    # Clusters of another phase are others; nothing of a management cluster is taken over.
    alone = for_management(chosen.plan)
    previous = None if alone else predecessor_of(chosen.site, chosen.plan, workspace.stack)
    show_engine = engine_lines(verbose=verbose)
    report = realise.up(
        bundle, cluster, workspace, note, show_engine, previous, delete_clusters=delete_clusters
    )
    if made is not None:
        made.settle(chosen.plan, cluster, note)
    took_s = time.monotonic() - began
    extent = Extent.of(chosen, sample, lab)
    if as_json:
        print_data(as_data(chosen.plan, bundle, report, cluster, took_s, notices, extent))
    else:
        show(chosen.plan, bundle, report, cluster, took_s, notices, extent)


def destroy(
    stack: StackName,
    target: TargetOption = None,
    lab: LabName = None,
    cell: CellOption = None,
    *,
    delete_clusters: DeleteClusters = False,
    verbose: Verbose = False,
) -> None:
    """Take everything of the stack, or of one cell of it, away again; nodes and lab stay."""
    chosen = realisable(stack, target, lab, cell)
    require_management(chosen, delete_clusters=delete_clusters)
    home = lab or home_of(chosen.plan)
    tools = tools_of(chosen.plan.target)
    made = lab_of(chosen.plan.target, home, tools) if chosen.plan.in_lab else None
    if made is not None and made.status().state == "absent":
        raise LabError(
            f"there is no lab of {home}: nothing to destroy; a running lab is needed;"
            f" labs are listed by 'aifactory lab status'"
        )
    cluster, workspace = place(chosen, tools, sample=None, bring_up=False, lab=lab)
    verify(chosen.plan.stack, cluster, str(chosen.file))
    parts = parts_for(chosen.plan, cluster)
    bundle = bundle_for(parts)
    if made is not None:
        made.unsettle(cluster, note)
    if for_management(chosen.plan):
        one_owner(chosen.plan, cluster)
    step(f"pulumi destroy of {chosen.plan.cell or stack}")
    show_engine = engine_lines(verbose=verbose)
    gone = realise.destroy(bundle, cluster, workspace, note, show_engine, delete_clusters=delete_clusters)
    # Simulated nodes are labelled by their lab: there no Job ran.
    if isinstance(parts, Parts) and not chosen.plan.simulated:
        released = release_nodes(cluster, parts.node_pools)
        if released:
            note(f"{released} nodes are no longer labelled and tainted for their pools")
    out.print(
        f"{chosen.plan.cell or stack}: {gone} resources removed; nothing of it is left in the cluster",
        markup=False,
    )


def realisable(stack: str, target: Target | None, lab: str | None = None, cell: str | None = None) -> Chosen:
    """The stack, or the cell of it that a run is for, if its target can be realised; asked before anything else."""
    if lab is not None:
        require_name(lab)
    chosen = choose_part(stack, None, target, cell, names_only=True)
    if lab is not None and not chosen.plan.in_lab:
        raise LabError(
            "--lab: the target is cluster, which is no lab; the lab of a simulated stack can be named;"
            " leave --lab out, or use --target simulated"
        )
    return chosen


def place(
    chosen: Chosen,
    tools: Tools,
    *,
    sample: int | None,
    bring_up: bool = True,
    lab: str | None = None,
    enforce_gates: bool = False,
) -> tuple[Cluster, Workspace]:
    """The cluster the stack goes to, and where the engine works for it."""
    plan = chosen.plan
    if plan.target is Target.CLUSTER:
        return Cluster(), _workspace_of(chosen, tools)
    made = start(plan, tools, sample, lab) if bring_up else lab_of(plan.target, lab or home_of(plan), tools)
    known = {} if plan.cell is None else {"cell": plan.cell}
    workspace = lab_workspace(
        made.directory,
        plan.name,
        chosen.raw,
        target=plan.target.value,
        kubeconfig=made.kubeconfig,
        bin_dir=tools.bin_dir,
        more={**phase_config(chosen, lab_state(made.directory), enforce=enforce_gates), **known},
    )
    return Cluster(made.kubeconfig), workspace


def _workspace_of(chosen: Chosen, tools: Tools) -> Workspace:
    """The engine's place for a real cluster: the checkout, or a project of its own for one cell of several."""
    cell, home = chosen.plan.cell, home_of(chosen.plan)
    if cell is None:
        return user_workspace(home, tools.bin_dir)
    return cell_workspace(
        state_home() / "cells" / home,
        chosen.file,
        home,
        cell=cell,
        target=chosen.plan.target.value,
        bin_dir=tools.bin_dir,
    )
