"""What a cluster's administrator has to make for a site that its operator cannot: as commands of kubectl."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from math import ceil
from shlex import quote
from typing import Any, Final

from planner.prerequisites import Prerequisite
from planner.site_json import GivenSecret
from renderers.quantities import quantity

_QUOTA: Final = "fedplan"
_OPAQUE: Final = "Opaque"
_COUNTS: Final = ("replicas", "count")


def commands(
    namespace: str,
    prerequisites: Sequence[Prerequisite],
    specs: Sequence[Mapping[str, Any]],
    given: Sequence[GivenSecret] = (),
) -> tuple[str, ...]:
    """The commands that make a namespace with what must be in it; and a quota where the plan asks for resources."""
    return tuple(_commands(namespace, prerequisites, specs, given))


def _commands(
    namespace: str,
    prerequisites: Sequence[Prerequisite],
    specs: Sequence[Mapping[str, Any]],
    given: Sequence[GivenSecret],
) -> Iterator[str]:
    yield f"kubectl create namespace {quote(namespace)}"
    asked = asked_for(specs)
    if asked:
        hard = ",".join(f"requests.{name}={_spelled(name, value)}" for name, value in asked.items())
        yield f"kubectl create quota {_QUOTA} --namespace {quote(namespace)} --hard={hard}  # at least, if there is one"
    ours = [each for each in given if each.namespace == namespace]
    yield from map(given_command, ours)
    known = {each.name for each in ours}
    for each in prerequisites:
        if each.namespace == namespace and each.kind == "Secret" and each.name in known:
            continue
        if each.namespace == namespace and each.kind == "Secret":
            yield secret_command(each)
        elif each.namespace == namespace:
            yield f"# {each.kind} {each.name} must be made: {each.reason}"


def secret_command(wanted: Prerequisite) -> str:
    """The command that makes a Secret; what stands in capitals is to be filled in."""
    head = f"kubectl create secret {{}} {quote(wanted.name)} --namespace {quote(wanted.namespace)}"
    if wanted.keys:
        return head.format("generic") + "".join(f" --from-file={quote(key)}" for key in wanted.keys)
    if wanted.reason.startswith("the ingress of"):
        return head.format("tls") + " --cert=FILE --key=FILE"
    return head.format("docker-registry") + " --docker-server=HOST --docker-username=USER --docker-password=PASSWORD"


def given_command(given: GivenSecret) -> str:
    """The command that makes a Secret of federation.yaml; where a value is in no file, FILE is to be filled in."""
    kind = "" if given.type == _OPAQUE else f" --type={quote(given.type)}"
    head = f"kubectl create secret generic {quote(given.name)} --namespace {quote(given.namespace)}{kind}"
    return head + "".join(f" --from-file={quote(key)}={_file(text)}" for key, text in sorted(given.data.items()))


def _file(reference: str) -> str:
    kind, _, name = reference.partition(":")
    return quote(name) if kind == "file" else "FILE"


def asked_for(specs: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    """The resources that cluster.yaml files ask for, replicas counted; nothing where they ask for none."""
    total: dict[str, Decimal] = {}
    for spec in specs:
        for name, value in _requests(spec, 1):
            total[name] = total.get(name, Decimal(0)) + value
    return total


def _requests(node: Any, times: int) -> Iterator[tuple[str, Decimal]]:
    if isinstance(node, list):
        for each in node:
            yield from _requests(each, times)
        return
    if not isinstance(node, Mapping):
        return
    count = next((node[key] for key in _COUNTS if isinstance(node.get(key), int)), 1)
    resources = node.get("resources")
    asked = resources.get("requests") if isinstance(resources, Mapping) else None
    for name in ("cpu", "memory"):
        value = asked.get(name) if isinstance(asked, Mapping) else None
        try:
            if value is not None:
                yield name, quantity(value) * count * times
        except (ValueError, TypeError, ArithmeticError):
            continue
    for key, inner in node.items():
        if key != "resources":
            yield from _requests(inner, times * count)


def _spelled(name: str, value: Decimal) -> str:
    """An amount as Kubernetes writes it: thousandths of a CPU, or mebibytes."""
    if name == "cpu":
        return str(int(value)) if value == int(value) else f"{ceil(value * 1000)}m"
    return f"{ceil(value / 2**20)}Mi"
