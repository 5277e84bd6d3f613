"""A certificate that the site mounts cannot do what it is there for.

It has ended or has not begun, was not issued by the authority that stands beside it, is for another name, or its key
is another one's. Whoever dials the site, or is dialled by it, ends the handshake. Pulsar and eggroll read private keys
as PKCS#8 alone, without a password (reference INV-EGG-13, INV-PUL-6).

Example:

    $ invoke verify --live
    federation.yaml:8:5: error[FED969]: broker.cert.pem of Secret fate-9999/pulsar-cert does not fit: it has ended
      hint: put certificates of one authority into the Secret, with their keys, and restart what mounts it
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place
from planner.wording import spoken

FAULT = Fault("FED969", "certificates_do_not_fit")


def certificates_do_not_fit(place: Place, key: str, secret: str, reason: str) -> Diagnostic:
    """Say which key of which Secret (`fate-9999/pulsar-cert`) does not fit, and why, as a clause."""
    message = f"{spoken(key)} of Secret {spoken(secret)} does not fit: {spoken(reason)}"
    hint = "put certificates of one authority into the Secret, with their keys, and restart what mounts it"
    return Diagnostic(FAULT, message, place, hint)
