"""Whether a toy example succeeded, from what it wrote: the exit code is 0 for failed jobs too (verify.md section 2)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from contextlib import suppress
from typing import Final, NamedTuple

from planner.channels import Channel
from planner.releases import Verdict
from planner.wording import duration, spoken
from renderers.cluster.api import Ran
from renderers.toy.commands import CANNOT_RUN
from renderers.toy.failure_texts import HANGS, Suspicion, of_channels, suspected
from renderers.toy.outcomes import ToyState

_JOB: Final = re.compile(r"toy test job (\S+) is (\w+)")
"""What `flow test toy` of both generations writes each second."""
_OLD_JOB: Final = re.compile(r"job status is (\w+)")
_SUBMITTED: Final = re.compile(r"\"job_?[iI]d\": \"(\w+)\"")
"""The answer to a submitted job: `run_toy_example.py` tells its id nowhere else."""
_NUMBER: Final = r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf)"
_REFUSAL: Final = re.compile(r"\"(?:retmsg|message)\":\s*\"((?:[^\"\\]|\\.){1,2000})\"")
_CODE: Final = re.compile(r"\"(?:ret)?code\": (\d+)")
_ENDED: Final = frozenset({"failed", "canceled", "cancelled", "timeout"})
_GAVE_UP: Final = ("check job status timeout", "job running time exceed", "timeout...")
_NO_COMMAND: Final = frozenset({CANNOT_RUN, 127})
_KILLED: Final = 128
"""Exit codes above this one are those of signals: the container was ended, or ran out of memory."""
_TRACE: Final = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception|Exit)): (.+)$", re.MULTILINE)
OF_THREE: Final = Verdict("status", None, None, None, "success")
"""A job of three parties, whose log nobody fetches.

It succeeds where the sum is right: the guest's component fails otherwise (FATE 1.11.2:
federatedml/toy_example/secure_add_guest.py).
"""


class Judged(NamedTuple):
    """A verdict; see `ToyOutcome`. `hanging` is the job that has not ended, and `failed` one that has failed."""

    state: ToyState
    reason: str = ""
    suspicion: Suspicion | None = None
    again: bool = True
    hanging: str = ""
    failed: str = ""


def judge(rule: Verdict, ran: Ran, channels: Collection[Channel], seconds: float, *, is_late: bool) -> Judged:
    """The verdict on what a job wrote. `is_late` says that it was left after `seconds`, its deadline."""
    words = f"{ran.output}\n{ran.errors}"
    decided = _by_number(rule, words) if rule.rule == "number" else _by_status(rule, words)
    if decided is not None:
        return decided
    job, status = _last(words)
    if status in _ENDED:
        why = "".join(f": {spoken(': '.join(each))}" for each in _TRACE.findall(words)[-1:])
        reason = f"job {job} ended as {status}{why}" if job else f"{status}{why}"
        return Judged(ToyState.FAILED, reason, suspected(words, channels), failed=job)
    unknown = _unknown(ran, words, is_late=is_late)
    if unknown:
        return Judged(ToyState.UNCHECKED, unknown)
    if is_late or any(text in words for text in _GAVE_UP):
        return _hangs(words, channels, seconds, job)
    return Judged(ToyState.FAILED, said(ran), suspected(words, channels))


def reported(ran: Ran) -> str:
    """What the tasks of a job died of: the JSON strings that a command wrote, a line each; empty ones are left out."""
    found = []
    for line in ran.output.splitlines():
        with suppress(ValueError):
            found.append(str(json.loads(line)))
    return "\n".join(filter(None, found))


def is_good(ran: Ran) -> bool:
    """Whether FATE's last answer in what a command wrote says that it was done."""
    codes = _CODE.findall(ran.output)
    return bool(codes) and codes[-1] == "0"


def _unknown(ran: Ran, words: str, *, is_late: bool) -> str:
    """Why nothing can be known from these words; empty when something can."""
    job, status = _last(words)
    what = f"job {job}" if job else "it"
    if status == "success":
        return f"{what} succeeded, but its number cannot be read"
    if ran.code is None and not is_late:
        begun = f", whose job {job} may still run" if job else ""
        return f"the connection into the container broke before the end{begun}"
    if ran.code is not None and ran.code > _KILLED:
        return f"it was ended from outside with exit code {ran.code}, before {what if job else 'its job'} had ended"
    return f"the container cannot run it: {spoken(words)}" if ran.code in _NO_COMMAND else ""


def _by_number(rule: Verdict, words: str) -> Judged | None:
    """By the number after the success line; None where there is none."""
    found = re.findall(re.escape(rule.success_line or "") + _NUMBER, words)
    if not found or rule.expected is None or rule.tolerance is None:
        return None
    if abs(float(found[-1]) - rule.expected) <= rule.tolerance:
        return Judged(ToyState.PROVED, again=False)
    return Judged(ToyState.FAILED, f"the sum is {found[-1]} instead of {rule.expected:g}")


def _by_status(rule: Verdict, words: str) -> Judged | None:
    """By the last status of the job that was submitted; None where it is another."""
    _, status = _last(words)
    return Judged(ToyState.PROVED, again=False) if status and status == rule.status else None


def _last(words: str) -> tuple[str, str]:
    """The job that was submitted, and the last status that is told of it; empty where nothing is."""
    found = _JOB.findall(words)
    if found:
        job = found[0][0]
        return spoken(job), [status for each, status in found if each == job][-1]
    old, submitted = _OLD_JOB.findall(words), _SUBMITTED.findall(words)
    return spoken(submitted[-1]) if old and submitted else "", old[-1] if old else ""


def _hangs(words: str, channels: Collection[Channel], seconds: float, job: str) -> Judged:
    what = f"job {job}" if job else "it"
    known = suspected(words, channels)
    return Judged(
        ToyState.FAILED,
        f"{what} had not ended after {duration(seconds)}",
        known if known is not None or not job else of_channels(HANGS, channels),
        hanging=job,
    )


def said(ran: Ran) -> str:
    """What FATE says of something that it did not do, in its own words: its last answer."""
    words = f"{ran.output}\n{ran.errors}"
    refusals = _REFUSAL.findall(words)
    if refusals:
        return spoken(refusals[-1])
    trace = _TRACE.findall(words)
    if trace:
        return spoken(": ".join(trace[-1]))
    last = next((line for line in reversed(words.splitlines()) if line.strip()), "")
    return spoken(last) if last else f"it ended with exit code {ran.code} and wrote nothing"
