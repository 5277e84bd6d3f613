"""Many things at once, in threads that nobody waits for at the end."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from renderers.cluster.side_by_side import side_by_side


def test_what_comes_of_each_in_their_order() -> None:
    """So many at once, and no more."""
    meeting = threading.Barrier(2)

    def double(number: int) -> int:
        meeting.wait(10)
        return 2 * number

    assert side_by_side(double, range(4), 2) == [0, 2, 4, 6]
    assert side_by_side(double, (), 2) == []


def test_the_first_that_is_raised() -> None:
    """By the order of what was given, when all have been tried."""
    tried = []

    def fail(number: int) -> None:
        tried.append(number)
        if number:
            raise ValueError(number)

    with pytest.raises(ValueError, match="1"):
        side_by_side(fail, range(3), 1)
    assert tried == [0, 1, 2]


def test_the_end_of_the_program_does_not_wait_for_them() -> None:
    """After Ctrl-C a report is there at once, whatever clusters still keep a thread waiting."""
    program = (
        "import threading, time; from renderers.cluster.side_by_side import side_by_side;"
        "threading.Thread(target=side_by_side, args=(time.sleep, [60], 1), daemon=True).start();"
        "time.sleep(0.05)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
