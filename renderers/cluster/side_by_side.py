"""The same thing done of many at once, by threads that the end of the program does not wait for.

Those of `concurrent.futures` are joined when the interpreter ends, wherever they were started: after Ctrl-C a program
whose report is written would stand there until the last cluster has answered.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

_What = TypeVar("_What")
_Found = TypeVar("_Found")


def side_by_side(do: Callable[[_What], _Found], what: Iterable[_What], at_once: int) -> list[_Found]:
    """What comes of each, in their order. Of what is raised the first in this order is raised here, at the end."""
    waiting = deque(enumerate(what))
    number = len(waiting)
    found: dict[int, _Found] = {}
    raised: dict[int, BaseException] = {}
    told: SimpleQueue[None] = SimpleQueue()

    def work() -> None:
        with suppress(IndexError):
            while True:
                place, each = waiting.popleft()
                try:
                    found[place] = do(each)
                except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
                    raised[place] = error
                told.put(None)

    for _ in range(min(at_once, number)):
        threading.Thread(target=work, name="side", daemon=True).start()
    for _ in range(number):
        told.get()
    if raised:
        raise raised[min(raised)]
    return [found[place] for place in range(number)]
