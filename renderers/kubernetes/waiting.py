"""Init containers that wait until a port accepts connections, for what gives up when it starts too early.

Reference components.md section 1.1. The images of eggroll and FATE-Flow have bash, which dials by itself.
"""

from __future__ import annotations

from typing import Final

from renderers.kubernetes.installation import Installation, Manifest
from renderers.kubernetes.workloads import LITTLE, container

_SCRIPT: Final = """set -u
trap 'exit 143' TERM
until (exec 3<>"/dev/tcp/$HOST/$PORT") 2>/dev/null; do
  echo "waiting for $HOST:$PORT"
  sleep 2
done
"""


def wait_for(installation: Installation, name: str, image: str, host: str, port: int) -> Manifest:
    """An init container `wait-for-<name>` in an image that has bash; host and port reach it as variables."""
    return container(
        installation,
        f"wait-for-{name}",
        image,
        {},
        command=["bash", "-c", _SCRIPT],
        env=[{"name": "HOST", "value": host}, {"name": "PORT", "value": str(port)}],
        resources=LITTLE,
    )
