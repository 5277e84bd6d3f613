"""Short talks over TCP from inside a pod: a connection is opened, a few bytes are said, and what comes back is kept.

FATE's images have little in common, so the program that is run there takes what it finds: Python (FATE-Flow, eggroll),
else bash (nginx, RabbitMQ, Pulsar, MySQL), else nc (the images on Alpine: OSX, FATE-Serving; components.md section 1).
TLS and HTTP are spoken from here, as bytes that the pod only passes on. It writes no file, bounds its own time, and
ends everything that it started, also where nobody waits for it any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from planner.lookup import Endpoint
from planner.wording import spoken
from renderers.cluster.api import Ran, UnreachableError

AT_ONCE: Final = 50
"""Endpoints that one command in a pod dials: at once, and short enough for whatever bounds the length of a request."""

_START: Final = """
python=$1 shell=$2
shift 2
for each in python3 python python2; do
    if "$each" -ESsc 'import binascii, socket, threading' 2>/dev/null; then
        exec "$each" -ESsc "$python" "$@"
    fi
done
if command -v od >/dev/null; then
    for each in bash nc; do
        case $each in bash) by=bash ;; *) by=sh ;; esac
        if command -v "$each" >/dev/null; then exec "$by" -c "$shell" "$by" "$each" "$@"; fi
    done
fi
echo no tool
echo end
"""
"""Says with which tool the talk is held. Arguments: both programs below, seconds, what is said, hosts and ports."""

_PYTHON: Final = r"""
import binascii, os, re, socket, sys, threading, time
seconds, said, start = float(sys.argv[1]), sys.argv[2], time.time()
late, end = start + 1 + seconds // 4, start + 1 + seconds
parts = re.findall(r"\\(\d{3})|(.)", said)
said = b"".join(binascii.unhexlify("%02x" % (int(octal, 8) if octal else ord(plain))) for octal, plain in parts)
def tell(number, word):
    os.write(1, ("%d %s\n" % (number, word)).encode("ascii", "replace"))
def talk(number, host, port):
    try:
        socket.getaddrinfo(host, int(port), 0, socket.SOCK_STREAM)
        if time.time() < late:
            tell(number, "begun")
        peer = socket.create_connection((host, int(port)), seconds)
    except socket.timeout:
        return tell(number, "timed out")
    except Exception as error:
        return tell(number, getattr(error, "strerror", None) or str(error))
    tell(number, "open")
    try:
        if said:
            peer.sendall(said)
        size = 1 << 20
        while said and size > 0:
            part = peer.recv(1024)
            if not part:
                return tell(number, "over")
            tell(number, " " + binascii.hexlify(part).decode())
            size -= len(part)
    except Exception as error:
        tell(number, "over" if getattr(error, "errno", None) in (32, 104) else "silent")
peers = enumerate(zip(sys.argv[3::2], sys.argv[4::2]))
jobs = [threading.Thread(target=talk, args=(number, host, port)) for number, (host, port) in peers]
for job in jobs:
    job.daemon = True
    job.start()
for job in jobs:
    job.join(max(0.0, end - time.time()))
os.write(1, b"end\n")
os._exit(0)
"""
"""For Python 2.7 and 3. 32 and 104 are a connection that the other side has ended."""

_SHELL: Final = r"""
tool=$1 seconds=$2 said=$3
shift 3
export LC_ALL=C
trap '' PIPE
[ "$tool" = nc ] && ! nc -z 2>&1 | grep -q "invalid option" && tool=nc-z
talk_bash() {
    exec 3<>"/dev/tcp/$1/$2" || exit
    echo open
    if [ -n "$said" ]; then
        printf "$said" >&3
        head -c 1048576 <&3 | od -An -v -tx1
        echo over
    fi
}
talk_nc() {
    {
        told=$({
            { printf "$said" | nc -w "$seconds" -- "$1" "$2" 2>&3 && echo open >&3; } |
                head -c 1048576 | od -An -v -tx1 >&4
        } 3>&1)
    } 4>&1
    echo "$told"
    echo over
}
talk() {
    case $tool$said in
    bash* | nc-z) echo begun ;;
    *) echo begun nc ;;
    esac
    case $tool in
    bash) talk_bash "$@" ;;
    nc-z) if [ -n "$said" ]; then talk_nc "$@"; else nc -z -w "$seconds" -- "$@" && echo open; fi ;;
    nc) talk_nc "$@" ;;
    esac
}
number=0 jobs=
while [ $# -gt 1 ]; do
    talk "$1" "$2" 2>&1 </dev/null | while IFS= read -r line; do echo "$number $line"; done &
    jobs="$jobs $!"
    number=$((number + 1))
    shift 2
done
all_over() {
    echo end
    kill -9 -$$ 2>/dev/null
}
{
    sleep $((1 + seconds / 4)) >/dev/null && echo late && sleep $((seconds - seconds / 4)) >/dev/null && echo end
    kill -9 -$$ 2>/dev/null
} &
bound=$!
wait $jobs
kill $bound
all_over
exit 0
"""
"""For bash, whose own /dev/tcp it takes, and for nc from dash or ash. Every job is of this shell's process group, which
leads one because a command in a container has a session of its own; so one kill ends them all. An endpoint that is
dialled after `late` has not been given its time, and without a `sleep` nobody has: then there is no `end`."""

_BYTES: Final = re.compile(r" (?:[0-9a-f]{2}| )+")
_LAST: Final = re.compile(r"(?:.*: )?(.*)")
_NO_SHELL: Final = re.compile(r"executable file not found|no such file or directory", re.IGNORECASE)


class Reached(StrEnum):
    """How a connection went."""

    OPEN = "open"
    REFUSED = "refused"
    SILENT = "silent"
    NO_NAME = "no such name"
    NO_WAY = "no way"
    NO_TOOL = "no tool"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Dialled:
    """A connection from inside a pod: how it went, in whose words."""

    reached: Reached
    words: str = ""

    @property
    def tells_nothing(self) -> bool:
        """Whether the pod could not try, by lack of a tool or of anything else: that is no word about the endpoint."""
        return self.reached in {Reached.NO_TOOL, Reached.NOT_TRIED}


@dataclass(frozen=True, slots=True)
class Talked:
    """A talk: how the connection went, what came back, and whether the other side ended it in time."""

    dialled: Dialled
    reply: bytes = b""
    is_over: bool = False


_NO_TOOL: Final = Dialled(Reached.NO_TOOL, "the image has neither Python nor bash nor nc")
_LACK: Final = re.compile(
    r"can(?:'t|not) fork|temporarily unavailable|cannot allocate|allocation failure|out of memory|no buffer space"
    r"|too many open files|no file descriptors|cannot assign|address not available"
    r"|temporary failure|recoverable (?:failure|error)|(?:^|: )try again|(?:^|\d )killed\b",
    re.IGNORECASE,
)
"""What a pod says that has no room for a process, a file, a port or memory, or whose DNS gives no answer (glibc, musl:
EAGAIN, ENOMEM, ENOBUFS, EMFILE, EADDRNOTAVAIL, EAI_AGAIN, EAI_FAIL)."""
_WORDS: Final = (
    (Reached.NOT_TRIED, _LACK),
    (Reached.REFUSED, re.compile(r"refused", re.IGNORECASE)),
    (Reached.SILENT, re.compile(r"timed out|timeout", re.IGNORECASE)),
    (Reached.OPEN, re.compile(r"reset by peer|broken pipe|short write", re.IGNORECASE)),
    (Reached.NO_NAME, re.compile(r"bad address|not known|resol|no address|unknown host", re.IGNORECASE)),
    (Reached.NO_TOOL, re.compile(r"invalid option|unrecognized option|usage:|no such file", re.IGNORECASE)),
)
"""What the words of the tools mean; any others mean that there is no way."""
_BEGUN: Final = "begun"
"""Told before an endpoint is dialled with what tells a connection as soon as there is one."""
_BY_NC: Final = "begun nc"
"""Told before it is dialled with an nc that says nothing as long as there is a connection, or may be one."""
_MARKS: Final = frozenset({_BEGUN, _BY_NC, "open", "over", "silent"})


def talk(
    run: Callable[[Sequence[str]], Ran], endpoints: Sequence[Endpoint], seconds: int, said: bytes = b""
) -> tuple[Talked, ...]:
    """Say the same to all of these endpoints at once, and listen for so many seconds; without words, only dial them.

    `run` runs a command in the container. Raises what it raises, and UnreachableError where the command was cut off.
    """
    targets = [word for endpoint in endpoints for word in (endpoint.host, str(endpoint.port))]
    ran = run(("sh", "-c", _START, "sh", _PYTHON, _SHELL, str(seconds), _escaped(said), *targets))
    lines = ran.output.splitlines()
    if "no tool" in lines or (not lines and _NO_SHELL.search(ran.errors)):
        return (Talked(_NO_TOOL),) * len(endpoints)
    told: dict[str, list[str]] = {}
    for line in lines:
        number, _, rest = line.partition(" ")
        if "late" not in told or rest not in {_BEGUN, _BY_NC}:
            told.setdefault(number, []).append(rest)
    complaint = f": {spoken(ran.errors)}" if ran.errors.strip() else ""
    if "end" not in told:  # who has not been told of may be anything
        msg = f"the command in the pod was cut off{complaint}"
        raise UnreachableError(msg)
    unmet = Talked(Dialled(Reached.NOT_TRIED, f"the pod did not come to it in time{complaint}"))
    return tuple(_talked(told.get(str(number), ()), seconds) or unmet for number in range(len(endpoints)))


def _escaped(said: bytes) -> str:
    """Bytes as `printf` takes them: everything but letters and digits in octal."""
    return "".join(chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"\\{byte:03o}" for byte in said)


def _talked(lines: Sequence[str], seconds: int) -> Talked | None:
    """What the lines about one endpoint mean; None where it was not tried, or too late."""
    reply = bytes.fromhex("".join(_bytes(lines)))
    is_open, is_over = "open" in lines, "over" in lines
    since = lines[lines.index("open") :] if is_open else lines
    worded = [line for line in since if line and line not in _MARKS and not _BYTES.fullmatch(line)]
    lack = next(filter(_LACK.search, worded), "")
    if reply or (is_open and not lack):
        return Talked(Dialled(Reached.OPEN), reply, is_over)
    if worded:
        words = lack or worded[0]
        reached = next((reached for reached, pattern in _WORDS if pattern.search(words)), Reached.NO_WAY)
        return Talked(Dialled(reached, spoken(_last(words))), is_over=is_over)
    if is_over or _BY_NC in lines:  # it was killed before it could say why, or is one that does not
        return Talked(Dialled(Reached.NOT_TRIED, "nc did not tell in time whether there is a connection"))
    return Talked(Dialled(Reached.SILENT, f"no answer within {seconds} seconds")) if _BEGUN in lines else None


def _bytes(lines: Sequence[str]) -> Iterator[str]:
    return (line for line in lines if _BYTES.fullmatch(line))


def _last(words: str) -> str:
    """What a tool says, without its own name and without whom it tried."""
    found = _LAST.fullmatch(words)
    return found[1] if found else words
