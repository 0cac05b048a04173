"""``aifactory manifest-schemas``: JSON schemas that check a tree of manifests where there is no cluster."""

from pathlib import Path
from typing import Annotated

import typer

from aifactory.cli.console import out
from aifactory.cli.inputs import shown
from aifactory.deliver.cluster import Cluster
from aifactory.deliver.schema_files import of_crds, of_server, write_schemas
from aifactory.errors import AIFactoryError
from aifactory.lab.places import crd_folder
from aifactory.manifests.json_schemas import Schema


def manifest_schemas(
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the schemas.")] = Path("schemas"),
    crds: Annotated[
        Path | None,
        typer.Option("--crds", help="Folder with CustomResourceDefinitions; default is AIFACTORY_CRDS."),
    ] = None,
    kubeconfig: Annotated[
        Path | None,
        typer.Option("--kubeconfig", help="Take the kinds of this cluster's API server too."),
    ] = None,
) -> None:
    """Write strict JSON schemas of custom resources, and of a cluster's own kinds, for kubeconform."""
    folder = crds or crd_folder()
    if folder is None and kubeconfig is None:
        raise AIFactoryError(
            "there is nothing to make schemas from; a folder with CustomResourceDefinitions or a cluster is needed;"
            " give --crds, --kubeconfig, or set AIFACTORY_CRDS"
        )
    found: dict[str, Schema] = {}
    if folder is not None:
        found.update(of_crds(folder))
    if kubeconfig is not None:
        # What a cluster serves is what counts there, whatever other versions the files hold.
        found.update(of_server(Cluster(kubeconfig)))
    write_schemas(found, out_dir)
    out.print(f"{shown(out_dir)}: {len(found)} schemas", markup=False)
