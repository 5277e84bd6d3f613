"""Helm's commands that write: one release upgraded, rolled back or taken out.

Each is the client's own three-way merge, with Helm 4 too (`--server-side=false`): a chart of KubeFATE has ports without
a protocol, which servers of 1.20 refuse under server-side apply, and a site behaves the same whichever helm its
operators have. None waits for pods: that is done here (see `life_cycle`). Hooks are waited for by helm itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from planner.site_json import Installation
from renderers.cluster.api import Api
from renderers.cluster.clock import Deadline
from renderers.cluster.helm_releases import HelmRelease
from renderers.cluster.references import Reference
from renderers.helm.charts import Chart
from renderers.helm.program import Helm

KEPT: Final = 10
"""Revisions of a release that Helm keeps; as many as the record does."""
_GRACE: Final = 30.0


def upgrade(
    helm: Helm, chart: Chart, at: Installation, context: str, values: Mapping[str, Any], deadline: Deadline
) -> None:
    """Install a chart, or upgrade its release. Raises HelmError. Values go through standard input."""
    arguments = ["upgrade", at.name, chart.argument, "--install", "--reset-values", "--values=-"]
    arguments += [f"--history-max={KEPT}", *_where(at, context), *_merging(helm), _limit(deadline)]
    helm.run(arguments, _patient(deadline), stdin=json.dumps(values).encode(), files=chart.files)


def roll_back(helm: Helm, at: Installation, context: str, revision: int, deadline: Deadline) -> None:
    """Put a revision back. Raises HelmError."""
    arguments = ["rollback", at.name, str(revision), f"--history-max={KEPT}"]
    helm.run([*arguments, *_where(at, context), *_merging(helm), _limit(deadline)], _patient(deadline))


def uninstall(helm: Helm, at: Installation, context: str, deadline: Deadline) -> None:
    """Take a release out, with its history. Raises HelmError."""
    helm.run(["uninstall", at.name, *_where(at, context), _limit(deadline)], _patient(deadline))


def forget(api: Api, release: HelmRelease, deadline: Deadline) -> None:
    """Take away a revision that a helm which was killed has left half written.

    What it has written stays, with Helm's mark on it, so that the next upgrade takes it over: nothing is restarted.
    """
    stored = f"sh.helm.release.v1.{release.name}.v{release.revision}"
    for kind in ("Secret", "ConfigMap"):
        if api.delete(Reference("v1", kind, release.namespace, stored), deadline):
            return


def _where(at: Installation, context: str) -> list[str]:
    found = [f"--namespace={at.namespace}"]
    return [*found, f"--kube-context={context}"] if context else found


def _merging(helm: Helm) -> list[str]:
    return [] if helm.is_3 else ["--server-side=false"]


def _limit(deadline: Deadline) -> str:
    """How long helm waits for hooks, and for an answer of the cluster."""
    return f"--timeout={max(1, int(deadline.left))}s"


def _patient(deadline: Deadline) -> Deadline:
    """A little more than helm itself is given, so that it can say what was late."""
    return Deadline(deadline.left + _GRACE, deadline.clock)
