"""The display of an apply: lines where nobody watches, a table where somebody does."""

from __future__ import annotations

import io

from renderers.cluster.display import Lines, LiveTable, Silent, display_for
from renderers.cluster.references import Reference
from renderers.cluster.rollout import Phase, Trouble, WorkloadState
from tests.unit.cluster_double import Time
from tests.unit.test_progress import Terminal


def state(
    name: str, phase: Phase = Phase.WAITING, reason: str = "", heard: str = "", restarts: int = 0
) -> WorkloadState:
    """A workload of one pod."""
    ready = int(phase is Phase.READY)
    trouble = Trouble("x", reason, None) if reason else None
    place = Reference("apps/v1", "Deployment", "n", name)
    return WorkloadState(place, ready, 1, 1, restarts, phase, trouble, heard)


def test_lines_tell_only_what_is_new() -> None:
    """Another event alone is no news; control characters and markup of others do nothing."""
    stream, clock = io.StringIO(), Time()
    lines = Lines(stream, "party 9999", clock)
    lines.step("2 objects to write")
    lines.workloads([state("mysql", heard="pod a: Pulling"), state("web")])
    clock.sleep(5)
    lines.workloads([state("mysql", heard="pod a: Pulled"), state("web", reason="it\x1b[2J broke\nhere", restarts=1)])
    lines.workloads([state("mysql", Phase.READY), state("web", Phase.FAILED, "gone", restarts=2)])
    lines.done()
    assert stream.getvalue().splitlines() == [
        "party 9999: 2 objects to write",
        "party 9999: mysql 0 of 1 ready: pod a: Pulling",
        "party 9999: web 0 of 1 ready",
        "party 9999: web 0 of 1 ready, 1 restart: it\\x1b[2J broke here",
        "party 9999: mysql 1 of 1 ready after 5 seconds",
        "party 9999: web 0 of 1 ready, 2 restarts, failed: gone",
    ]


def test_lines_give_a_sign_of_life() -> None:
    """Once a minute, with what is waited for."""
    stream, clock = io.StringIO(), Time()
    lines = Lines(stream, "party 9999", clock)
    many = [state(f"w{number}", heard="pulling" if number == 0 else "") for number in range(5)]
    for _ in range(13):
        lines.workloads(many)
        clock.sleep(10)
    told = [line for line in stream.getvalue().splitlines() if "still" in line]
    assert told == [
        f"party 9999: still waiting after {time} for w0 (0 of 1, pulling); w1 (0 of 1); w2 (0 of 1) and 2 more"
        for time in ("1 minute", "2 minutes")
    ]


def test_the_table_stays_at_the_end() -> None:
    """Names are never cut, texts of others are, and their markup is text."""
    stream, clock = Terminal(), Time()
    table = LiveTable(stream, "party 9999", clock)
    table.step("writing")
    table.workloads([state("serving-zookeeper", Phase.READY), state("web", heard="[bold]x[/] " + "y" * 200)])
    clock.sleep(61)
    table.workloads([state("serving-zookeeper", Phase.READY), state("web", Phase.FAILED, "[red]no[/]")])
    table.done()
    table.done()
    text = stream.getvalue()
    assert "party 9999, 1 second: writing" in text
    assert "serving-zookeeper" in text
    assert "[bold]x[/]" in text
    assert "failed: [red]no[/]" in text.rpartition("party 9999, 1 minute")[2]


def test_the_display_suits_the_stream() -> None:
    """A table is for somebody who looks at it."""
    assert isinstance(display_for(None, "x"), Silent)
    assert isinstance(display_for(io.StringIO(), "x"), Lines)
    assert isinstance(display_for(Terminal(), "x", {"CI": "1"}), Lines)
    assert isinstance(display_for(Terminal(), "x", {}), LiveTable)
    quiet = Silent()
    quiet.step("x")
    quiet.workloads(())
    quiet.done()
