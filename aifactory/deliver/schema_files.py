"""JSON schemas of what can be applied, as files: from a folder of CRDs, and from a running API server."""

import json
from collections.abc import Iterator
from pathlib import Path

from aifactory.deliver.cluster import Cluster, at_once
from aifactory.deliver.manifest_files import objects_below
from aifactory.errors import AIFactoryError
from aifactory.manifests.disruption.model import mapping_at
from aifactory.manifests.json_schemas import Schema, of_crd, of_openapi

OPENAPI = "/openapi/v3"
"""Where an API server lists its OpenAPI documents, one a group and version."""
_NAME = "name one with --crds or AIFACTORY_CRDS"


def of_crds(folder: Path) -> Iterator[tuple[str, Schema]]:
    """File and schema of every version of the CustomResourceDefinitions below a folder.

    Raises:
        AIFactoryError: If the folder has none, or is not there.
    """
    objects = objects_below(folder, _NAME)
    found = [item for item in objects if item["kind"] == "CustomResourceDefinition"]
    if not found:
        raise AIFactoryError(
            f"{folder}: no CustomResourceDefinition is in it; a folder with those of the operators is needed;"
            f" {_NAME}"
        )
    for item in found:
        yield from of_crd(item)


def of_server(cluster: Cluster) -> Iterator[tuple[str, Schema]]:
    """File and schema of every kind that an API server has, those of its CRDs among them.

    Raises:
        ClusterError: If the API server cannot be reached.
    """
    listed = mapping_at(cluster.request("GET", OPENAPI), "paths")
    paths = [name for name in sorted(listed) if name.startswith(("api/", "apis/"))]
    for document in at_once(lambda path: cluster.request("GET", f"{OPENAPI}/{path}"), paths):
        yield from of_openapi(document)


def write_schemas(schemas: dict[str, Schema], out: Path) -> None:
    """Every schema is in its file below the folder; other files are left alone.

    Raises:
        AIFactoryError: If there is no schema, or a file cannot be written.
    """
    if not schemas:
        raise AIFactoryError(
            "no schema could be made: no definition has a served version with a schema, and no API server lists one;"
            " definitions as operators ship them, or a running API server, are needed; correct --crds or --kubeconfig"
        )
    try:
        for name, schema in schemas.items():
            file = out / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(schema, sort_keys=True) + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise AIFactoryError(
            f"{out}: the schemas cannot be written ({error.strerror or error}); a writable folder is needed;"
            " name another one with --out"
        ) from error
