"""federation.lock: one line per site, read back as written, and refused when it is not what plan wrote."""

from __future__ import annotations

import json

import pytest

from planner.lock import MAX_CHARACTERS, Lock, LockedSite, dump, parse

SITE = '{"cluster": "bank", "namespace": "fate-1", "target": "kubefate", "ports": {"rollsite": 30091}}'
LOCK = Lock(
    {
        "party-10000": LockedSite("shop", "fate-10000", "kubefate", {"rollsite": 30091, "fateflowHttp": 30097}),
        "party-9999": LockedSite("bank", "fate-9999", "kubefate", {}, removed=True),
        "party-9999@shop": LockedSite("shop", "fate-9999", "helm", {"rollsite": 30101}, removed=True),
        "exchange-hub": LockedSite("bank", "fate-hub", "kubefate", {"rollsite": 30000}, id=1),
    }
)


def lines(*entries: str) -> str:
    """The text of a lock with these entries from line 4 on."""
    return '{\n  "version": 1,\n  "sites": {\n    ' + ",\n    ".join(entries) + "\n  }\n}\n"


def test_dump() -> None:
    """One line per site, exchanges first, parties by number, ports by name."""
    assert dump(LOCK) == (
        "{\n"
        '  "version": 1,\n'
        '  "sites": {\n'
        '    "exchange-hub": {"cluster": "bank", "namespace": "fate-hub", "target": "kubefate", "id": 1, '
        '"ports": {"rollsite": 30000}},\n'
        '    "party-9999@shop": {"cluster": "shop", "namespace": "fate-9999", "target": "helm", '
        '"ports": {"rollsite": 30101}, "removed": true},\n'
        '    "party-9999": {"cluster": "bank", "namespace": "fate-9999", "target": "kubefate", "ports": {}, '
        '"removed": true},\n'
        '    "party-10000": {"cluster": "shop", "namespace": "fate-10000", "target": "kubefate", '
        '"ports": {"fateflowHttp": 30097, "rollsite": 30091}}\n'
        "  }\n"
        "}\n"
    )


def test_round_trip() -> None:
    """What was dumped is parsed to the same lock, each site with its line, and dumped to the same bytes."""
    text = dump(LOCK)
    lock, found = parse(text)
    assert found == ()
    assert lock == LOCK
    assert {key: site.line for key, site in lock.sites.items()} == {
        "exchange-hub": 4,
        "party-9999@shop": 5,
        "party-9999": 6,
        "party-10000": 7,
    }
    assert dump(lock) == text


def test_empty_lock() -> None:
    """A lock without sites is one."""
    assert parse(dump(Lock())) == (Lock(), ())


def test_trailing_comma() -> None:
    """Whoever deletes the last site's line leaves a comma, which is no mistake."""
    lock, found = parse(lines(f'"party-1": {SITE},'))
    assert found == ()
    assert list(lock.sites) == ["party-1"]


def entry(**changes: object) -> str:
    """Party 1's entry with other values; a value of None is left out."""
    value = {**json.loads(SITE), **changes}
    return '"party-1": ' + json.dumps({key: item for key, item in value.items() if item is not None})


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "is not JSON"),
        ("\ufeff{}", 1, "is not JSON"),
        ("null", 1, "not a lock"),
        ("[]", 1, "not a lock"),
        ("{}", 1, "not a lock"),
        ('{"version": 2, "sites": {}}', 1, "not a lock"),
        ('{"version": 1, "sites": []}', 1, "not a lock"),
        ("[" * 100_000, 1, "not"),
        ("9" * 5_000, 1, "not a lock"),
        (lines('"party-1": {').replace("}", ""), 4, "is not JSON"),
        (lines(f'"party-1": {SITE}', f'"party-1": {SITE}'), 5, "party-1 stands twice"),
        (
            lines(f'"party-2": {SITE}', f'"party-1": {SITE[:-1]}, "cluster": "a"}}', f'"party-3": {SITE}'),
            5,
            "cluster stands twice",
        ),
        (lines("<<<<<<< HEAD"), 4, "is not JSON"),
        ("{\n<<<<<<< HEAD\n=======\n>>>>>>> b\n}", 2, "unresolved merge"),
        (lines(f'"party-1": {SITE}', '"party-2": null'), 5, "the entry of party-2"),
        (lines(entry(ports={"rollsite": 0})), 4, "the entry of party-1"),
        (lines(entry(ports={"rollsite": 65536})), 4, "the entry of party-1"),
        (lines(entry(ports={"rollsite": True})), 4, "the entry of party-1"),
        (lines(entry(ports={"rollsite": 30091.0})), 4, "the entry of party-1"),
        (lines(entry(ports={"roll site": 30091})), 4, "the entry of party-1"),
        (lines(entry(ports=[30091])), 4, "the entry of party-1"),
        (lines(entry(ports=None)), 4, "the entry of party-1"),
        (lines(entry(cluster=1)), 4, "the entry of party-1"),
        (lines(entry(namespace="../../etc")), 4, "the entry of party-1"),
        (lines(entry(target="")), 4, "the entry of party-1"),
        (lines(entry(id="1")), 4, "the entry of party-1"),
        (lines(entry(id=10**50)), 4, "the entry of party-1"),
        (lines(entry(id=0)), 4, "the entry of party-1"),
        (lines(entry(removed="yes")), 4, "the entry of party-1"),
        (lines(f'"../x": {SITE}'), 4, 'the entry of "../x"'),
        (lines(f'"party-{"9" * 5000}": {SITE}'), 4, 'the entry of "party-9'),
        (lines(f'"party-1\\ud800\\u001b[2J": {SITE}'), 1, '\\ud800\\u001b[2J"'),
        (" " * (MAX_CHARACTERS + 1), 1, "too long"),
    ],
)
def test_what_plan_did_not_write(text: str, line: int, words: str) -> None:
    """Anything else is one finding with its line, and no lock; nothing of it reaches a terminal unescaped."""
    lock, [found] = parse(text)
    assert lock == Lock()
    assert found.fault.code == "FED313"
    assert found.place.span is not None
    assert found.place.span.line == line
    assert words in found.message
    assert found.message.isprintable()
    assert len(found.message) < 400
