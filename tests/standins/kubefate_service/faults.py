"""What can go wrong between a client and the service; each fault strikes so many times, where it fits."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from tests.standins.kubefate_service.answers import PANIC, Answer

_ODD: Final[tuple[Any, ...]] = (
    *(None, True, 0, -1, 1e308, 10**30, "", "x", "\u001b[31m\u202e", "0001-01-01T00:00:00Z", "9999-99-99T99:99:99Z"),
    *([], [None], {}, {"a": {"b": []}}, "Running", "Deleted", "é" * 5000),
)
LOGIN_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Single sign-on</form></body></html>\n"
)


class Kind(StrEnum):
    """What happens. After `DROP`, `SHORT` and `UNANSWERED` the request has had its effect."""

    REFUSE = "refuse"
    """The connection ends before the request is read: nothing happened."""
    UNANSWERED = "unanswered"
    """The request is carried out, and the connection ends without an answer."""
    DROP = "drop"
    """The connection ends in the middle of the answer."""
    SHORT = "short"
    """The answer is shorter than it says."""
    HANG = "hang"
    """Nothing is answered for `seconds`; then the connection ends."""
    SLOW = "slow"
    """It is answered after `seconds`."""
    TRICKLE = "trickle"
    """The answer comes byte by byte, with pauses of `seconds`."""
    PANIC = "panic"
    """A 500 without a body."""
    HTML = "html"
    """An ingress answers for the service, with `status` and a page."""
    HUGE = "huge"
    """An answer of `size` bytes."""
    RAW = "raw"
    """An answer with `status` and `body`, whatever they are."""
    REDIRECT = "redirect"
    """A redirect to `body`."""
    TWIST = "twist"
    """The answer with one of its values replaced by something odd; `size` says which and by what."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and the requests that it fits: a method and a pattern of the path; by default all of them."""

    kind: Kind
    method: str = ""
    path: str = ""
    times: int = 1
    after: int = 0
    """How many fitting requests are let through first."""
    seconds: float = 0.0
    status: int = 503
    body: str = ""
    size: int = 0

    def fits(self, method: str, path: str) -> bool:
        """Whether a request is meant."""
        return self.method in ("", method) and re.search(self.path, path) is not None

    @property
    def answer(self) -> Answer | None:
        """What is answered in place of the service; None when it answers itself, or nobody does."""
        match self.kind:
            case Kind.PANIC:
                return PANIC
            case Kind.HTML:
                return Answer(self.status, text=self._page, content_type="text/html")
            case Kind.RAW:
                return Answer(self.status, text=self.body, content_type="application/json")
            case Kind.REDIRECT:
                return Answer(302, text="", headers=(("Location", self.body),))
        return None

    @property
    def _page(self) -> str:
        """The page of an ingress: nginx's for an error, a login for anything else."""
        words = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}
        if self.body or self.status not in words:
            return self.body or LOGIN_PAGE
        title = f"{self.status} {words[self.status]}"
        return (
            f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
            "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        )


def twisted(answer: Answer, seed: int) -> Answer:
    """An answer with one odd value in it."""
    if answer.text is not None:
        return answer
    dice = random.Random(seed)
    value = json.loads(json.dumps(answer.value))
    places = list(_places(value))
    if places:
        holder, key = dice.choice(places)
        holder[key] = dice.choice(_ODD)
    return replace(answer, value=value)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document: what holds it, and its key there."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield value, key
        yield from _places(item)


def fault(values: Mapping[str, Any]) -> Fault:
    """A fault from JSON."""
    return Fault(**{**values, "kind": Kind(values["kind"])})


@dataclass(slots=True)
class Faults:
    """The faults that are still to strike."""

    waiting: list[Fault] = field(default_factory=list)
    _seen: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """One more."""
        with self._lock:
            self.waiting.append(fault)

    def clear(self) -> None:
        """No more."""
        with self._lock:
            self.waiting.clear()
            self._seen.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that strikes a request."""
        with self._lock:
            for fault in self.waiting:
                if not fault.fits(method, path):
                    continue
                seen = self._seen[id(fault)] = self._seen.get(id(fault), 0) + 1
                if seen <= fault.after:
                    continue
                if seen >= fault.after + fault.times:
                    self.waiting.remove(fault)
                return fault
        return None
