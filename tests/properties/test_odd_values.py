"""One value of a good federation replaced by an odd one: that gives findings or a plan, never an exception."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.pipeline import check
from tests.quick_yaml import loaded

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*/*/federation.yaml"))
FEDERATIONS = [loaded(file.read_text(encoding="utf-8")) for file in GOLDEN]
ODD = [None, 3, -1, 1e9, True, "", "x y-", "9999", [], [None], [["x"]], {}, {"a": None}]


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document."""
    if path:
        yield path
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in below:
        yield from places(value, (*path, key))


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> bytes:
    """The document with another value at one place."""
    made = copy.deepcopy(data)
    node = made
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return yaml.safe_dump(made, sort_keys=False).encode()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_one_odd_value(data: st.DataObject) -> None:
    """Anywhere in any of the sample federations."""
    federation = data.draw(st.sampled_from(FEDERATIONS))
    path = data.draw(st.sampled_from(list(places(federation))))
    checked = check(replaced(federation, path, data.draw(st.sampled_from(ODD))))
    assert checked.plan is not None or checked.diagnostics


@pytest.mark.parametrize("key", ["modules", "imagePullSecrets"])
def test_one_odd_item(key: str) -> None:
    """In a list of names the rest of which is right."""
    text = f"""version: 1
name: demo
release: v1.11.2
topology: mesh
clusters: [{{name: bank, address: 192.168.9.1}}, {{name: shop, address: 192.168.10.1}}]
parties: [{{id: 9999, cluster: bank, {key}: [rollsite, 3]}}, {{id: 10000, cluster: shop}}]
"""
    checked = check(text.encode())
    assert [each.fault.code for each in checked.diagnostics if each.is_error] == ["FED112"]
