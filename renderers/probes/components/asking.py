"""Whom of a site's own pods is asked, and how: FATE-Flow's first, where it is ready, then whoever else is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from planner.diagnostics import Place
from planner.lookup import Endpoint
from planner.wording import spoken
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference
from renderers.probes.pods.in_words import parsed
from renderers.probes.pods.inside import Dialled, HttpAnswer, Reached, Spot
from renderers.probes.sight import Sight

FATEFLOW: Final = "python"
"""What charts and manifests call FATE-Flow's workload."""
OK: Final = 200
FATEFLOW_USERS: Final = ("client", "nginx", "clustermanager", "rollsite", "osx", FATEFLOW)
"""Components that may dial FATE-Flow where a site has NetworkPolicies.

Itself comes last: not every network brings a pod back to itself by the address of its Service.
"""
_PYTHON: Final = (
    'for each in /data/projects/python/venv/bin/python python python3; do command -v "$each" >/dev/null && '
    'exec "$each" -c "$@"; done; exit 127'
)
"""The Python that FATE-Flow runs in, which has its libraries: that of its images (components.md section 1), or its own.

A program is an argument, so it can hold no secret; it finds them where it runs.
"""


def dial(sight: Sight, askers: Sequence[str], endpoint: Endpoint, deadline: Deadline) -> Dialled:
    """Dial from a pod of the first of these components that can; `NO_TOOL` where none can. Raises ApiError.

    Only components that dial there in earnest may be asked to: NetworkPolicies keep others away.
    """
    for spot in _spots(sight, askers, deadline):
        found = sight.inside.dial(spot, endpoint, deadline)
        if found.reached is not Reached.NO_TOOL:
            return found
    return _nobody(sight, askers)


def ask(
    sight: Sight,
    askers: Sequence[str],
    method: str,
    url: str,
    deadline: Deadline,
    *,
    body: str = "",
    headers: Mapping[str, str] | None = None,
) -> HttpAnswer:
    """Send a request from a pod of the first of these components that can; `NO_TOOL` where none can."""
    for spot in _spots(sight, askers, deadline):
        found = sight.inside.ask(spot, method, url, deadline, body=body, headers=headers)
        if found.dialled.reached is not Reached.NO_TOOL:
            return found
    return HttpAnswer(_nobody(sight, askers))


def _spots(sight: Sight, askers: Sequence[str], deadline: Deadline) -> Iterator[Spot]:
    """A container of each component that has one ready."""
    for component in askers:
        yield from sight.inside.spots(component, deadline)[:1]


def _nobody(sight: Sight, askers: Sequence[str]) -> Dialled:
    names = " or ".join(each for each in dict.fromkeys(askers) if each in sight.planned.modules) or askers[0]
    return Dialled(Reached.NO_TOOL, f"no container of {names} is ready that could ask")


def python(sight: Sight, program: str, arguments: Sequence[str], deadline: Deadline) -> Mapping[str, Any] | str:
    """What a program says that is run by FATE-Flow's own Python, in its pod; a clause where it cannot be run.

    It says one line of JSON. Raises ApiError.
    """
    spots = sight.inside.spots(FATEFLOW, deadline)
    if not spots:
        return f"no container of FATE-Flow is ready in namespace {sight.folder.namespaces['training']}"
    ran = sight.inside.run(spots[0], ("sh", "-c", _PYTHON, "sh", program, *arguments), deadline)
    for line in reversed(ran.output.splitlines()):
        found = parsed(line)
        if isinstance(found, dict):
            return found
    if ran.code is None:
        return f"the connection into pod {spots[0].pod} broke"
    return f"no program can be run in pod {spots[0].pod}: {last_line(ran.errors) or f'it ends with {ran.code}'}"


def last_line(text: str) -> str:
    """The last line that has something in it, as a clause: what programs complain about is said there."""
    lines = [line for line in text.splitlines() if line.strip()]
    return spoken(lines[-1]) if lines else ""


def complaint(text: str) -> str:
    """What RabbitMQ's tools say after `Error:`, as a clause; what they add ends with a hash of a secret."""
    _, _, said = text.partition("Error:")
    return next((spoken(line) for line in said.splitlines() if line.strip()), "")


def place(sight: Sight, workload: str) -> Place:
    """Where federation.yaml speaks of a workload."""
    namespace = sight.folder.namespaces["training"]
    return sight.places.of_object(Reference("apps/v1", "Deployment", namespace, workload))
