"""An HTTP request whose body nobody may see, sent from inside a pod.

A command's arguments stand in the pod's list of processes and may stand in the API server's log. So the request is what
the command reads. Its input never ends, so serving-proxy is asked to end the connection.
"""

from __future__ import annotations

from typing import Final

from planner.lookup import Endpoint
from renderers.cluster.api import Api
from renderers.cluster.clock import Deadline
from renderers.probes.pods import http as inside_http
from renderers.probes.pods.inside import HttpAnswer, Spot
from renderers.probes.pods.talk import Dialled, Reached, Talked

_INFERENCE: Final = "/federation/v1/inference"
_POST: Final = """
command -v nc >/dev/null || exit 97
{ sleep "$1"; kill -9 -$$; } >/dev/null 2>&1 &
nc -w "$1" "$2" "$3" | head -c 1048576
kill -9 -$$
"""
"""Bounds its own time, since nc waits for ever, and leaves nothing behind: a command in a container has a session."""
_NO_TOOL: Final = 97
_MARGIN: Final = 2
"""Seconds that starting the command may take."""


def post(api: Api, spot: Spot, proxy: Endpoint, body: bytes, deadline: Deadline) -> HttpAnswer | None:
    """The answer to an inference request; None where the container has no tool for it. Raises ApiError.

    The images of FATE-Serving have BusyBox (components.md section 1), and with it nc.
    """
    headers = {"Content-Type": "application/json"}
    _, said = inside_http.request("POST", f"http://{proxy}{_INFERENCE}", body.decode(), headers)
    seconds = max(1, int(deadline.left) - _MARGIN)
    command = ("sh", "-c", _POST, "sh", str(seconds), proxy.host, str(proxy.port))
    ran = api.run(spot.namespace, spot.pod, spot.container, command, deadline, given=said)
    if ran.code == _NO_TOOL:
        return None
    reply = ran.output.encode()
    dialled = Dialled(Reached.OPEN if reply else Reached.SILENT)
    return inside_http.answer(Talked(dialled, reply, is_over=True), "POST")
