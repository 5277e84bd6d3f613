"""What is kept of toy examples in `.fedplan/verify/`: the words of each job, and what to repeat."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from planner.diagnostics import Diagnostic
from planner.toy_schedule import Job
from renderers.files import read_bounded
from renderers.toy.outcomes import ToyOutcome

FOLDER: Final = Path(".fedplan") / "verify"
_LAST: Final = "last.json"
_MOST_BYTES: Final = 2**20
"""The end of a job's words is kept: that is where its fault stands."""
_MOST_SEARCHED: Final = 2**16
"""Characters of the words of a job that failed, of those that are searched for hops at the end."""
_VERSION: Final = 1
_PAIR: Final = 2
_THREE: Final = 3


class _Last(NamedTuple):
    """What the last run left to be repeated."""

    again: tuple[Job, ...]
    sites: tuple[str, ...]
    inference: int | None


class Kept:
    """The folder of one federation, beside its federation.yaml. A disk that takes nothing ends no run."""

    def __init__(self, file: Path, federation: str) -> None:
        """Keep for the federation of this name, which stands in `file`."""
        self._folder = file.parent / FOLDER
        self._federation = federation

    def log(self, outcome: ToyOutcome) -> ToyOutcome:
        """Keep what a job wrote, in place of what it wrote earlier; the outcome says where."""
        if not outcome.words:
            return outcome
        path = self._folder / f"{'-'.join(map(str, outcome.job))}.log"
        data = outcome.words.encode(errors="replace")[-_MOST_BYTES:]
        left = "" if outcome.is_proved else outcome.words[-_MOST_SEARCHED:]
        return replace(outcome, words=left, log=str(path) if self._write(path, data) else "")

    def remember(self, again: Sequence[Job], sites: Sequence[str] = (), inference: int | None = None) -> None:
        """Keep what a repetition takes up: jobs, sites (by key) to probe, and the party whose inference failed."""
        document = {
            "version": _VERSION,
            "federation": self._federation,
            "again": [list(job) for job in again],
            "sites": list(sites),
            "inference": inference,
        }
        self._write(self._folder / _LAST, json.dumps(document).encode())

    def again(self) -> tuple[Job, ...] | None:
        """The jobs that the last run left to be repeated; None when there was none."""
        last = self._last()
        return None if last is None else last.again

    def sites(self) -> tuple[str, ...]:
        """The sites, by key, of which the last run found something that is not true."""
        last = self._last()
        return () if last is None else last.sites

    def inference(self) -> int | None:
        """The party at which the last inference request got no good answer; None when there is none."""
        last = self._last()
        return None if last is None else last.inference

    def _last(self) -> _Last | None:
        """What the last run left; None when there was none, or it cannot be read."""
        data = read_bounded(self._folder / _LAST)
        if isinstance(data, Diagnostic):
            return None
        try:
            document: Any = json.loads(data)
            if document["version"] != _VERSION or document["federation"] != self._federation:
                return None
            guest = document.get("inference")
            jobs, sites = map(_job, document["again"]), map(str, document.get("sites", ()))
            return _Last(tuple(jobs), tuple(sites), None if guest is None else int(guest))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None

    def _write(self, path: Path, data: bytes) -> bool:
        """Write a whole file or none."""
        temporary = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            ignored = self._folder.parent / ".gitignore"
            if not ignored.exists():
                ignored.write_text("*\n", encoding="utf-8")
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except OSError:
            if temporary:
                with suppress(OSError):
                    Path(temporary).unlink(missing_ok=True)
            return False
        return True


def _job(parties: Sequence[Any]) -> Job:
    """A job as it was kept: a party with itself, two parties, or three."""
    job = tuple(map(int, parties))
    if len(job) not in {_PAIR, _THREE} or len(set(job)) < len(job) == _THREE:
        msg = "no job has these parties"
        raise ValueError(msg)
    return job
