"""Progress: a line on a terminal, nothing elsewhere."""

from __future__ import annotations

import io

from renderers.progress import Line, is_watched


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_short_work_shows_nothing() -> None:
    """Within the first second nothing is written, and nothing has to be wiped."""
    stream = io.StringIO()
    line = Line(stream, clock=lambda: 0.0)
    line("proving site", 1, 2)
    line.close()
    assert stream.getvalue() == ""


def test_long_work_shows_how_far_it_is_and_leaves_no_trace() -> None:
    """Lines come at a pace, each wipes the one before, and the last is wiped too."""
    times = iter([0.0, 1.5, 1.55, 1.7])
    stream = io.StringIO()
    line = Line(stream, clock=lambda: next(times))
    line("proving site", 1_000, 2_000)
    line("proving site", 1_001, 2_000)
    line("writing site", 9, 9)
    line.close()
    shown = ["proving site 1,000 of 2,000", "writing site 9 of 9".ljust(27), " " * 19 + "\r"]
    assert stream.getvalue() == "".join(f"\r{text}" for text in shown)


def test_only_a_terminal_is_watched() -> None:
    """A pipe, a dumb terminal and CI get plain lines."""
    assert is_watched(Terminal(), {})
    assert not is_watched(io.StringIO(), {})
    assert not is_watched(Terminal(), {"TERM": "dumb"})
    assert not is_watched(Terminal(), {"CI": "true"})
