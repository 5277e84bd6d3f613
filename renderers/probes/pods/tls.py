"""The beginning of a TLS handshake: what is said to a server, and what its answer tells.

Up to TLS 1.2 a server shows its certificates in clear, before it asks for any of the client's. So nothing more is said
than a hello, and that the talk is over. Every server of FATE speaks TLS 1.2: they run on Java 8 and later, or are
Apache Traffic Server (components.md sections 1 and 7).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from planner.wording import spoken
from renderers.probes.pods.talk import Dialled, Reached, Talked

_ALERT: Final = 21
_HANDSHAKE: Final = 22
_CERTIFICATE: Final = 11
_VERSION: Final = 3
"""The first byte of the version in every record since SSL 3.0."""
_FATAL, _USER_CANCELED = 2, 90
_BYE: Final = bytes((_ALERT, _VERSION, 3, 0, 2, _FATAL, _USER_CANCELED))
"""Ends the talk (RFC 5246, section 7.2), so that nobody waits for more."""
_HEADER: Final = 5
_MOST_CERTIFICATES: Final = 100
"""Of a chain that is longer nobody takes more (Java takes ten, OpenSSL a hundred)."""
_ALERTS: Final = {
    40: "handshake failure",
    70: "protocol version",
    80: "internal error",
    112: "unrecognized name",
}


@dataclass(frozen=True, slots=True)
class Handshake:
    """A TLS handshake from inside a pod.

    `speaks_tls` is None where that could not be found out; `certificates` are what the other side showed, its own
    first, as PEM; `words` are what it said instead.
    """

    dialled: Dialled
    speaks_tls: bool | None = None
    certificates: tuple[str, ...] = ()
    words: str = ""


def hello(server_name: str = "") -> bytes:
    """What a client says first, and that it wants no more; a server may have many names, of which it asks for one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what is shown is judged later
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AES:RSA+AES:@SECLEVEL=0")
    outgoing = ssl.MemoryBIO()
    talk = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=server_name or None)
    try:
        talk.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read() + _BYE
    raise AssertionError  # a handshake takes two


def judged(talked: Talked, *, is_proxied: bool = False) -> Handshake:
    """What an answer to a hello tells; where a sidecar took the connection (`is_proxied`), no answer tells nothing."""
    dialled, reply = talked.dialled, talked.reply
    if dialled.reached is not Reached.OPEN:
        return Handshake(dialled)
    if not reply:
        words = "it ends the connection without a word" if talked.is_over else "it says nothing to a TLS hello"
        return Handshake(dialled, False if talked.is_over and not is_proxied else None, words=words)
    if not _is_record(reply):
        return Handshake(dialled, speaks_tls=False, words=f"it answers {spoken(repr(reply[:40])[1:])}")
    certificates = tuple(map(ssl.DER_cert_to_PEM_cert, islice(_certificates(reply), _MOST_CERTIFICATES)))
    return Handshake(dialled, speaks_tls=True, certificates=certificates, words="" if certificates else _alert(reply))


def _is_record(reply: bytes) -> bool:
    """Whether this is how a record of TLS begins."""
    return reply[0] in {_ALERT, _HANDSHAKE} and reply[1:2] == bytes((_VERSION,))


def _records(reply: bytes, kind: int) -> Iterator[memoryview]:
    """What the records of a kind hold, as long as there are records."""
    left = memoryview(reply)  # of which a part is no copy: an answer may have very many
    while len(left) > _HEADER and left[1] == _VERSION:
        end = _HEADER + int.from_bytes(left[3:_HEADER])
        if left[0] == kind:
            yield left[_HEADER:end]
        left = left[end:]


def _certificates(reply: bytes) -> Iterator[bytes]:
    """The certificates of a server's first answer, its own first (RFC 5246, section 7.4.2)."""
    left = memoryview(b"".join(_records(reply, _HANDSHAKE)))
    while left:
        kind, size = left[0], int.from_bytes(left[1:4])
        if kind == _CERTIFICATE:
            listed = left[7 : 4 + size]
            while listed:
                end = 3 + int.from_bytes(listed[:3])
                yield bytes(listed[3:end])
                listed = listed[end:]
            return
        left = left[4 + size :]


def _alert(reply: bytes) -> str:
    """What a server complains of."""
    for alert in _records(reply, _ALERT):
        number = alert[1] if len(alert) > 1 else 0
        return f"TLS alert {number}" + (f", {_ALERTS[number]}" if number in _ALERTS else "")
    return "it shows no certificate"
