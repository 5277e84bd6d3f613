"""By which command the toy example is started in a container, and by which its job is stopped.

Commands are scripts for `sh`, which dash, bash and busybox run alike. They leave no file behind.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

from planner.releases import Toy, ToyPlace
from planner.toy_schedule import Job

CANNOT_RUN: Final = 126
"""The exit code of a script that could not begin: a shell's own for a command that cannot be executed."""
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
{until_ended}
}}"""
"""Submits a job and tells its status in the words of `flow test toy`, which knows no job of three parties."""
_UNTIL_ENDED: Final = """\
while [ "$(date +%s)" -lt "$end" ]; do
  status=$({query} | sed -n 's/.*"\\(f_\\)*status": *"\\([a-z]*\\)".*/\\2/p' | sed 1q)
  [ -z "$status" ] || echo "toy test job $job is $status"
  case $status in success | failed | canceled | timeout) {told}exit ;; esac
  sleep 3
done
echo timeout..."""
_FOLLOWED_ON: Final = """\
{{
end=$(($(date +%s) + {seconds}))
job={job}
told() {{
  logs=$(mktemp -d) || return
  {fetch} > /dev/null 2>&1
  case $status in
    success) grep -F {line} "$logs"/*/guest/{guest}/*/INFO.log ;;
    *) cat "$logs"/*/guest/{guest}/*/ERROR.log ;;
  esac
  rm -rf "$logs"
}}
{until_ended}
}}"""
"""Tells the status of a job that is there, and of its log what `run_toy_example.py` does.

That asks a hundred times and gives up; its `show_log` says how the log is had (FATE@v1.6.1:examples/toy_example).
"""
_END: Final = "END"


def start(toy: Toy, place: ToyPlace, job: Job, engine: str, seconds: int) -> tuple[str, ...]:
    """The command that starts the toy example of a job, and ends it after so many seconds.

    A tool that stops its job is given the time to do so.
    """
    own = _own(seconds)
    if len(job) > _PAIR:
        return _script(place, _WATCHED.format(program=_of_three(toy, job, engine, own), seconds=seconds))
    words = toy.argv(job[0], job[1], engine)
    if toy.timeout_stops:
        own, seconds = seconds + _AFTER, seconds + 2 * _AFTER
    program = shlex.join((*words, toy.timeout_flag, str(own)) if toy.timeout_flag else words)
    return _script(place, _WATCHED.format(program=program, seconds=seconds))


def follow(toy: Toy, place: ToyPlace, job: Job, number: str, seconds: int) -> tuple[str, ...]:
    """The command that follows the job of this id for so many seconds, after the tool that started it gave up.

    Empty where no tool gives up by itself: it is told how long to wait, or is a script of ours.
    """
    if toy.timeout_flag or len(job) > _PAIR:
        return ()
    client = toy.stop[: toy.stop.index("-f")]
    fetch = shlex.join((*client, "-f", "job_log", "-j", number, "-o"))
    query = shlex.join(word.replace("{job}", number) for word in toy.three.query)
    program = _FOLLOWED_ON.format(
        seconds=_own(seconds),
        job=shlex.quote(number),
        guest=job[0],
        fetch=f'{fetch} "$logs"',
        line=shlex.quote(toy.verdict.success_line or ""),
        until_ended=_UNTIL_ENDED.format(query=query, told="told; "),
    )
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
    """What runs in a place's folder, after what must be done there first; without either nothing can be run."""
    first = f"{shlex.join(place.prepare)} || exit {CANNOT_RUN}\n" if place.prepare else ""
    return "sh", "-c", f"cd {shlex.quote(place.directory)} || exit {CANNOT_RUN}\n{first}{body}"


def _own(seconds: int) -> int:
    """The seconds after which what is to end within so many gives up by itself."""
    return max(1, seconds - seconds // _MARGIN)


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
        until_ended=_UNTIL_ENDED.format(
            query=shlex.join(map(filled, toy.three.query)).replace(shlex.quote("$job"), '"$job"'), told=""
        ),
        seconds=seconds,
    )
