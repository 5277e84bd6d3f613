"""Commands of containers reach their programs as they are written, although Kubernetes reads them first.

It puts the container's variables where `$(NAME)` stands, and makes one `$` of two: so `$$name` of a shell script comes
out as `$name`. Nothing that we write is to be changed by that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderers.kubernetes import configure

GOLDEN = Path(__file__).parents[1] / "golden/kubernetes"
_READ = re.compile(r"\$(?:\$|\(([^)]*)\))")


def expanded(text: str, names: Collection[str]) -> str:
    """What Kubernetes makes of a command, an argument or a value, in a container with these variables."""

    def put(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return "(a value)" if found[1] in names else found[0]

    return _READ.sub(put, text)


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every container of the golden sites."""
    for file in sorted(GOLDEN.glob("*/expected/*-*/[0-9]*.yaml")):
        for document in yaml.load_all(file.read_text(encoding="utf-8"), yaml.CSafeLoader):
            pod = document.get("spec", {}).get("template", {}).get("spec", {})
            for each in (*pod.get("initContainers", ()), *pod.get("containers", ())):
                yield f"{file.relative_to(GOLDEN)}: {each['name']}", each


def texts(container: dict[str, Any]) -> Iterator[str]:
    """What Kubernetes expands: commands, arguments, values, and the commands of probes."""
    yield from (*container.get("command", ()), *container.get("args", ()))
    yield from (each["value"] for each in container.get("env", ()) if "value" in each)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        yield from container.get(probe, {}).get("exec", {}).get("command", ())


@pytest.mark.parametrize(
    ("text", "read"),
    [("$$name", "$name"), ("$(A) $(B) $A", "(a value) $(B) $A"), ("$$(A)", "$(A)"), ("$((n + 1))", "$((n + 1))")],
)
def test_kubernetes_reads_dollars(text: str, read: str) -> None:
    """The rules themselves."""
    assert expanded(text, {"A"}) == read


def test_commands_stay_as_they_are() -> None:
    """No script of ours changes on its way."""
    found = list(containers())
    assert len(found) > 20
    assert expanded(configure._SCRIPT, ()) == configure._SCRIPT
    for where, container in found:
        names = {each["name"] for each in container.get("env", ())}
        for text in texts(container):
            assert expanded(text, names) == text, where
