"""Charts as Argo CD installs them: a Helm source with the version pinned."""

import json

from pydantic import JsonValue

from aifactory.manifests.model import Release

PATCH = """\
spec:
  source:
{{{{- if .chart }}}}
    repoURL: {{{{ .chart.repository | toJson }}}}
    chart: {{{{ .chart.name | toJson }}}}
    targetRevision: {{{{ .chart.version | toJson }}}}
    helm:
      releaseName: {{{{ .chart.release | toJson }}}}
      valuesObject: {{{{ .chart.values | toJson }}}}
{{{{- else }}}}
    repoURL: {repository}
    targetRevision: {revision}
    path: {{{{ .folder | toJson }}}}
{{{{- end }}}}
"""


def chart_source(release: Release) -> dict[str, JsonValue]:
    """What an entry of a cell's list says of a chart; Argo CD writes OCI registries without a scheme."""
    found: dict[str, JsonValue] = {
        "repository": release.repository.removeprefix("oci://"),
        "name": release.chart,
        "version": release.version,
        "release": release.name,
        "values": release.values,
    }
    return found if release.digest is None else {**found, "digest": release.digest}


def patch(repository: str, revision: str) -> str:
    """The template patch that makes an Application's source of an entry: a folder in Git, or a chart."""
    return PATCH.format(repository=json.dumps(repository), revision=json.dumps(revision))
