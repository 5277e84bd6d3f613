"""A cluster.yaml names no chart version.

KubeFATE's CLI refuses such a file: it needs `chartVersion` as text (v1.11.2:k8s-deploy/pkg/cli/cluster_cli.go). The
exchange samples of v1.8.0 have the key without a value. The import goes on with the release that the other files
have.

Example:

    $ invoke import --path exchange.yaml --path party-9999.yaml
    exchange.yaml:4:1: error[FED715]: exchange exchange names no chart version
      hint: write chartVersion: v1.8.0, as the other files have it
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED715", "missing_version")


def missing(site: str, place: Place, version: str) -> Diagnostic:
    """Say that a site's file names no version; `version` is the one it is read with."""
    hint = f"write chartVersion: {version}, as the other files have it"
    return Diagnostic(FAULT, f"{site} names no chart version", place, hint)
