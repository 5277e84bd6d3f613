"""Which API version an object is written in, by the version of the cluster it is meant for. Data: `apis.yaml`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

_TODAY: Final = (999, 0)


def api_version(kind: str, kubernetes: tuple[int, int] | None) -> str:
    """The API version of a kind on a cluster of this Kubernetes version; None stands for today's.

    Raises KeyError for a kind that is never written.
    """
    wanted = kubernetes or _TODAY
    found = ""
    for since, version in _data()["kinds"][kind].items():
        major, _, minor = since.partition(".")
        if not found or (int(major), int(minor)) <= wanted:
            found = version
    return found


@cache
def _data() -> dict[str, Any]:
    text = files("renderers.kubernetes").joinpath("apis.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded
