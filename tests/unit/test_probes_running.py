"""The runner of probes: order, what is not asked, tries, limits, and what a cluster's silence leaves."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest
from rich.console import Console

from planner.checks.cluster_unreachable import cluster_unreachable
from planner.diagnostics import Place
from planner.lookup import Endpoint
from planner.probes import BY_ID, PROBES
from renderers.cluster.api import Api, RefusedError, UnreachableError
from renderers.cluster.clock import Clock, Deadline
from renderers.live.display import Lines, LiveTable, Silent
from renderers.probes.probe import Probe, ProbeOutcome, Said, Truth
from renderers.probes.running import AT_ONCE, Opened, Probing, ToProbe
from tests.unit.cluster_double import Time

TRUE, FALSE, UNKNOWN = Said(), Said(Truth.FALSE, "it is not"), Said(Truth.UNKNOWN, "nobody knows")
Ask = Callable[[Deadline], Said]


@dataclass
class Server:
    """An API server as far as the runner asks it: for its version, when a request was lost."""

    is_away: bool = False
    given_up: str = ""
    clock: Clock = field(default_factory=Clock)

    def version(self, _: Deadline) -> tuple[int, int]:
        if self.is_away:
            msg = "connection refused"
            raise UnreachableError(msg)
        return 1, 27


def probe(sort: str, said: Said | Ask = TRUE, site: str = "party-1", peer: str = "", number: int = 0) -> Probe:
    """A probe that is answered so."""
    ask = said if callable(said) else lambda _: said
    endpoint = Endpoint("192.0.2.1", 30091) if peer else None
    return Probe(BY_ID[sort], site, f"{sort} {number} holds", ask, peer, endpoint)


def asked(*probes: Probe, server: Server | None = None, clock: Clock | None = None) -> list[ProbeOutcome]:
    """What comes of the probes of one site."""
    return list(run({"party-1": probes}, server=server, clock=clock).outcomes)


def run(
    sites: Mapping[str, Sequence[Probe]], parallel: int = 4, server: Server | None = None, clock: Clock | None = None
) -> Probing:
    """The probes of several sites."""
    api = cast("Api", server or Server())
    to_probe = [ToProbe(key, lambda found=found: Opened(api, lambda: found)) for key, found in sites.items()]  # type: ignore[misc]
    probing = Probing(to_probe, parallel, Silent(), clock or Time())
    probing.run()
    return probing


def truths(outcomes: Sequence[ProbeOutcome]) -> list[tuple[str, Truth]]:
    """Sort and truth."""
    return [(each.probe.sort.id, each.said.truth) for each in outcomes]


def test_outcomes_come_in_the_order_of_the_catalogue() -> None:
    """In whichever order they are given, and end."""
    found = asked(probe("peer-accepts"), probe("fateflow-answers"), probe("namespace-exists"))
    assert truths(found) == [
        ("api-answers", Truth.TRUE),
        ("namespace-exists", Truth.TRUE),
        ("fateflow-answers", Truth.TRUE),
        ("peer-accepts", Truth.TRUE),
    ]


def test_what_needs_a_false_sentence_is_not_asked() -> None:
    """Nor what needs that, in turn; the reason names the sentence. What is unknown holds nothing back."""
    calls: list[str] = []

    def counted(_: Deadline) -> Said:
        calls.append("asked")
        return TRUE

    found = asked(
        probe("namespace-exists", FALSE),
        probe("fateflow-answers", counted),
        probe("fateflow-version", counted),
        probe("nodes-labelled"),
    )
    assert truths(found) == [
        ("api-answers", Truth.TRUE),
        ("namespace-exists", Truth.FALSE),
        ("nodes-labelled", Truth.TRUE),
        ("fateflow-answers", Truth.HELD),
        ("fateflow-version", Truth.HELD),
    ]
    assert found[3].said.reason == "not asked, since it is not true that namespace-exists 0 holds"
    assert not calls
    found = asked(probe("namespace-exists", UNKNOWN), probe("fateflow-answers", counted))
    assert truths(found)[2] == ("fateflow-answers", Truth.TRUE)


def test_one_of_several_needed_sentences_suffices_to_hold() -> None:
    """A site with two namespaces, of which one is gone."""
    found = asked(
        probe("namespace-exists", TRUE, number=1), probe("namespace-exists", FALSE, number=2), probe("fateflow-answers")
    )
    assert truths(found)[-1] == ("fateflow-answers", Truth.HELD)
    assert found[-1].said.reason.endswith("namespace-exists 2 holds")


def test_a_probe_is_tried_again_as_often_as_its_sort_says() -> None:
    """Until it is true; each try has a deadline of its own."""
    answers = [FALSE, UNKNOWN, TRUE]
    left: list[float] = []

    def flaky(deadline: Deadline) -> Said:
        left.append(deadline.left)
        deadline.clock.sleep(10)
        return answers.pop(0)

    clock = Time()
    (found,) = asked(probe("fateflow-answers", flaky), clock=clock)[1:]
    assert (found.said.truth, left) == (Truth.TRUE, [30.0, 30.0, 30.0])
    assert found.seconds == 32
    (once,) = asked(probe("claims-bound", FALSE))[1:]
    assert once.said is FALSE


def _raises(error: Exception) -> Ask:
    def ask(_: Deadline) -> Said:
        raise error

    return ask


def test_a_right_that_is_missing_leaves_it_unknown() -> None:
    """It is not tried again, and the server's words name the right."""
    forbidden = RefusedError(403, "Forbidden", "nodes is forbidden")
    (found,) = asked(probe("fateflow-answers", _raises(forbidden)))[1:]
    assert found.said == Said(Truth.UNKNOWN, "the operator has no right to it: nodes is forbidden")
    assert found.seconds == 0
    (found,) = asked(probe("claims-bound", _raises(RefusedError(500, "", "etcd is away"))))[1:]
    assert found.said == Said(Truth.UNKNOWN, "etcd is away")


def test_an_api_server_that_is_gone_is_given_up() -> None:
    """The rest of its sites is unknown without waiting; a container that is lost alone changes nothing."""
    lost = _raises(UnreachableError("the connection was closed"))
    server = Server()
    found = asked(probe("namespace-exists"), probe("fateflow-answers", lost), probe("peer-accepts"), server=server)
    assert [truth for _, truth in truths(found)] == [Truth.TRUE, Truth.TRUE, Truth.UNKNOWN, Truth.TRUE]
    server = Server(is_away=True)
    found = asked(probe("namespace-exists", lost), probe("peer-accepts"), probe("fateflow-version"), server=server)
    assert [truth for _, truth in truths(found)] == [Truth.TRUE, *[Truth.UNKNOWN] * 3]
    assert found[-1].said.reason == "the API server was given up: the connection was closed"
    assert server.given_up == "the connection was closed"


def test_a_cluster_that_cannot_be_used_ends_its_sites_and_no_others() -> None:
    """The finding says why; that nothing can be listed is told as well."""
    away = cluster_unreachable(Place(), "bank", "https://bank:6443", "nobody answers")

    def makes() -> Sequence[Probe]:
        raise RefusedError(403, "Forbidden", "pods is forbidden")

    api = cast("Api", Server())
    sites = [
        ToProbe("party-1", lambda: away),
        ToProbe("party-2", lambda: Opened(api, makes)),
        ToProbe("party-3", lambda: Opened(api, lambda: [probe("claims-bound", site="party-3")])),
    ]
    probing = Probing(sites, 2, Silent(), Time())
    probing.run()
    first, second, *third = probing.outcomes
    assert (first.said.truth, first.said.diagnostics) == (Truth.UNKNOWN, (away,))
    assert second.said.reason == "nothing could be asked: the operator has no right to it: pods is forbidden"
    assert [each.said.truth for each in third] == [Truth.TRUE, Truth.TRUE]


def test_no_more_is_asked_at_once_than_allowed() -> None:
    """Of one site so many, and so many sites."""
    changed, busy, most, sites = threading.Condition(), list[str](), list[int](), list[int]()
    deadline = Deadline(20)

    def slow(site: str) -> Ask:
        def ask(_: Deadline) -> Said:
            with changed:
                busy.append(site)
                most.append(busy.count(site))
                sites.append(len(set(busy)))
                changed.notify_all()
                changed.wait_for(lambda: max(most) >= AT_ONCE and max(sites) >= 2, deadline.left)
                changed.wait_for(lambda: max(most) > AT_ONCE or max(sites) > 2, 0.005)
                busy.remove(site)
            return TRUE

        return ask

    keys = [f"party-{number}" for number in range(4)]
    probes = {key: [probe("peer-accepts", slow(key), key, "party-9", number) for number in range(20)] for key in keys}
    found = run(probes, parallel=2, clock=Clock())
    assert len(found.outcomes) == 84
    assert (max(most), max(sites)) == (AT_ONCE, 2)


def test_a_bug_is_not_taken_for_an_answer() -> None:
    """What is no word of a cluster is raised."""
    with pytest.raises(ZeroDivisionError):
        asked(probe("claims-bound", _raises(ZeroDivisionError())))


def test_ctrl_c_reports_what_was_heard() -> None:
    """What was being asked is unknown, and sites that were not finished are told."""
    gate = threading.Event()

    class Pressed(Silent):
        def answered(self, outcome: ProbeOutcome) -> None:
            if outcome.probe.sort.id == "claims-bound":
                raise KeyboardInterrupt

    def waits(_: Deadline) -> Said:
        gate.wait(20)
        return TRUE

    api = cast("Api", Server())
    probes = [probe("namespace-exists"), probe("nodes-labelled", waits), probe("claims-bound")]
    sites = [
        ToProbe("party-1", lambda: Opened(api, lambda: probes)),
        ToProbe("party-2", lambda: Opened(api, lambda: probes)),
    ]
    probing = Probing(sites, 1, Pressed())
    probing.run()
    gate.set()
    assert probing.is_interrupted
    assert truths(probing.outcomes) == [
        ("api-answers", Truth.TRUE),
        ("namespace-exists", Truth.TRUE),
        ("claims-bound", Truth.TRUE),
        ("nodes-labelled", Truth.UNKNOWN),
    ]
    assert probing.outcomes[-1].said.reason == "interrupted"
    assert probing.left == ("party-1", "party-2")


def test_every_sort_needs_sorts_that_come_before_it() -> None:
    """Else a probe would wait for ever."""
    seen: set[str] = set()
    for sort in PROBES:
        assert set(sort.needs) <= seen
        seen.add(sort.id)
    assert len(seen) == len(PROBES)


def test_displays_tell_what_is_not_true() -> None:
    """A line for each site, with a few sentences; a table on a terminal."""
    stream = io.StringIO()
    lines = Lines(stream, 0)
    lines.probing(2)
    outcomes = [ProbeOutcome(probe("peer-accepts", number=number), FALSE) for number in range(7)]
    lines.probed("party-1", [*outcomes, ProbeOutcome(probe("claims-bound"), TRUE)])
    told = stream.getvalue().splitlines()
    assert told[:3] == [
        "probing 2 sites",
        "1 of 2: party 1  1 of 8 probes true",
        "  false: peer-accepts 0 holds: it is not",
    ]
    assert told[-1] == "  and 2 more"
    table = LiveTable(io.StringIO(), 0, Time())
    table.probing(2)
    table.asked(probe("claims-bound"))
    closed, read = probe("peer-accepts"), [probe("table-read", number=number) for number in range(30)]
    for each in (closed, *read):
        table.asked(each)
    for each in (closed, *read[:20]):
        table.answered(ProbeOutcome(each, FALSE if each is closed else TRUE))
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(table)
    shown = console.export_text()
    assert "probes, 0 of 2 sites, 20 true, 1 false, 1 second" in shown
    assert "peer-accepts 0 holds: it is not" in shown
    assert "for 1 second: claims-bound 0 holds" in shown
    assert "and 3 more" in shown
    assert len(shown.splitlines()) == 22
    table.done()
