"""By which command the toy example is started in a container, and by which its job is stopped.

Commands are scripts for `sh`, which dash, bash and busybox run alike. They leave no file behind.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

from planner.releases import Toy, ToyPlace
from planner.toy_schedule import Job

_MARGIN: Final = 5
"""The tool's own time-out is this part of the deadline earlier, so that it can still fetch its log."""
_AFTER: Final = 60
"""Seconds after the deadline until a tool that stops its job by itself does so.

With the job goes what there is to see of it, such as a broker's broken links; and nobody else may be there to stop it.
"""
_PAIR: Final = 2
_WATCHED: Final = """\
export PYTHONUNBUFFERED=1
{program} &
program=$!
(
  left={seconds}
  while [ "$left" -gt 0 ]; do sleep 1; kill -0 "$program" || exit; left=$((left - 1)); done
  kill "$program"; sleep 5; kill -9 "$program"
) > /dev/null 2>&1 &
wait "$program"
code=$?
wait
exit "$code"
"""
"""Ends a program at its deadline: that nobody listens to an exec any more does not end what it has started.

The program's lines come as they are written, since of a job that never ends the id is wanted. Everything that was
started is waited for: a container's first program may never do so for orphans.
"""
_FOLLOWED: Final = """\
{{
end=$(($(date +%s) + {seconds}))
answer=$({submit} {given}
{documents}
)
printf '%s\\n' "$answer"
case $answer in *'code": 0'[!0-9]*) ;; *) exit ;; esac
job=$(printf '%s\\n' "$answer" | sed -n 's/.*"job_*[iI]d": *"\\([0-9]*\\)".*/\\1/p' | sed 1q)
while [ "$(date +%s)" -lt "$end" ]; do
  status=$({query} | sed -n 's/.*"\\(f_\\)*status": *"\\([a-z]*\\)".*/\\2/p' | sed 1q)
  [ -z "$status" ] || echo "toy test job $job is $status"
  case $status in success | failed | canceled | timeout) exit ;; esac
  sleep 3
done
echo timeout...
}}"""
"""Submits a job and tells its status in the words of `flow test toy`, which knows no job of three parties."""
_END: Final = "END"


def start(toy: Toy, place: ToyPlace, job: Job, engine: str, seconds: int) -> tuple[str, ...]:
    """The command that starts the toy example of a job, and ends it after so many seconds.

    A tool that stops its job is given the time to do so.
    """
    own = max(1, seconds - seconds // _MARGIN)
    if len(job) > _PAIR:
        return _script(place, _WATCHED.format(program=_of_three(toy, job, engine, own), seconds=seconds))
    words = toy.argv(job[0], job[1], engine)
    if toy.timeout_stops:
        own, seconds = seconds + _AFTER, seconds + 2 * _AFTER
    program = shlex.join((*words, toy.timeout_flag, str(own)) if toy.timeout_flag else words)
    return _script(place, _WATCHED.format(program=program, seconds=seconds))


def stop(toy: Toy, place: ToyPlace, job: str) -> tuple[str, ...]:
    """The command that stops the job of this id."""
    return _script(place, shlex.join(word.replace("{job}", job) for word in toy.stop))


def report(toy: Toy, place: ToyPlace, job: str) -> tuple[str, ...]:
    """The command that tells what the tasks of a job died of, a JSON string each; empty where none is known.

    Nothing else of what FATE tells about a task leaves the container: it has the login of the broker in it.
    """
    if not toy.report:
        return ()
    query = shlex.join(word.replace("{job}", job) for word in toy.report)
    return _script(place, f'{query} | sed -n \'s/^ *"error_report": \\(".*"\\),*$/\\1/p\'')


def _script(place: ToyPlace, body: str) -> tuple[str, ...]:
    """What runs in a place's folder, after what must be done there first."""
    first = f"{shlex.join(place.prepare)} || exit\n" if place.prepare else ""
    return "sh", "-c", f"cd {shlex.quote(place.directory)} || exit\n{first}{body}"


def _of_three(toy: Toy, job: Job, engine: str, seconds: int) -> str:
    guest, host, third = map(str, job)
    known = {"{guest}": guest, "{host}": host, "{third}": third, "{backend}": toy.backend(engine), "{job}": "$job"}

    def filled(text: str) -> str:
        return re.sub(r"\{\w+\}", lambda found: known[found[0]], text)

    documents = [filled(text).rstrip("\n") for text in toy.three.documents]
    return _FOLLOWED.format(
        submit=shlex.join(map(filled, toy.three.submit)),
        given=" ".join((f"<<'{_END}'", f"3<<'{_END}'")[: len(documents)]),
        documents="\n".join(f"{text}\n{_END}" for text in documents),
        query=shlex.join(map(filled, toy.three.query)).replace(shlex.quote("$job"), '"$job"'),
        seconds=seconds,
    )
