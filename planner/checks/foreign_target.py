"""What was imported is deployed with Docker Compose, and the plan is for Kubernetes.

fedplan does not write Compose files. What a parties.conf says about parties, hosts and engines is read and its routes
are proved; the federation.yaml that comes of it plans the same federation for KubeFATE on Kubernetes, where the ports
that peers dial are other ones.

Example:

    $ invoke import --path parties.conf
    parties.conf:4:1: info[FED724]: this is for Docker Compose, and the plan of federation.yaml is for Kubernetes
      hint: keep KubeFATE's scripts for these hosts, or plan their way to Kubernetes with federation.yaml
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place, Severity

FAULT = Fault("FED724", "foreign_target", Severity.INFO)


def foreign_target(place: Place) -> Diagnostic:
    """Say that a file is for a target that is not rendered."""
    message = "this is for Docker Compose, and the plan of federation.yaml is for Kubernetes"
    hint = "keep KubeFATE's scripts for these hosts, or plan their way to Kubernetes with federation.yaml"
    return Diagnostic(FAULT, message, place, hint)
