"""Whether the certificates that a site mounts fit: valid now, of the authority beside them, for the right name.

Facts: reference cluster-yaml.md INV-EGG-13 and INV-PUL-6. Java reads private keys as PKCS#8 alone, and Pulsar and
eggroll have no setting for a password; Traffic Server reads them with OpenSSL, in any form.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from planner.channels import Channel
from planner.checks.certificate_ends_soon import certificate_ends_soon
from planner.checks.certificates_do_not_fit import certificates_do_not_fit
from planner.diagnostics import Diagnostic
from renderers.cluster.clock import Deadline
from renderers.cluster.references import Reference
from renderers.probes.certificate_chain import UndecidedError, certificates, chain, is_for, out_of_time
from renderers.probes.certificate_secrets import SHAPES, Shape
from renderers.probes.probe import Probe, Said
from renderers.probes.said import judged, probe, unknown
from renderers.probes.sight import Sight

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SOON: Final = timedelta(days=30)
"""A certificate that ends within this time is told of."""
_PKCS8: Final = b"-----BEGIN PRIVATE KEY-----"
_PKCS8_ENCRYPTED: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


def probes(sight: Sight) -> Iterator[Probe]:
    """A sentence for each Secret of certificates that the site mounts."""
    for each in sight.folder.prerequisites:
        if each.kind == "Secret" and each.name in SHAPES:
            secret = Reference("v1", "Secret", each.namespace, each.name)
            name = _name(sight) if each.name == "pulsar-cert" else ""
            said = f" and for {name}" if name else ""
            yield probe(
                sight,
                "certificates-fit",
                f"the certificates in Secret {each.namespace}/{each.name} are valid now, of one authority{said}",
                partial(_look, sight, secret, name),
            )


def _name(sight: Sight) -> str:
    """The name under which an exchange knows a party's Pulsar."""
    domain = sight.plan.table(sight.planned, Channel.PULSAR).domain
    return f"{sight.planned.id}.{domain}" if domain else ""


def _look(sight: Sight, secret: Reference, name: str, deadline: Deadline) -> Said:
    shape, what = SHAPES[secret.name], f"{secret.namespace}/{secret.name}"
    live = sight.api.get(secret, deadline)
    if live is None:
        return unknown(f"there is no Secret {what}")
    try:
        texts = {key: base64.b64decode(str(text)) for key, text in (live.get("data") or {}).items()}
    except (binascii.Error, ValueError):
        return unknown(f"Secret {what} holds something other than texts")
    wanted = (shape.authority, *(key for pair in shape.pairs for key in pair))
    lacking = next((key for key in wanted if key not in texts), None)
    if lacking is not None:
        return unknown(f"Secret {what} has no {lacking}")
    now, place = sight.api.server_time(deadline), sight.places.of_site()
    found: list[Diagnostic] = []
    try:
        for key, why in faults(texts, shape, now, name):
            found.append(certificates_do_not_fit(place, key, what, why))
    except UndecidedError as error:
        if not found:
            return unknown(str(error))
    if not found:
        ends = ends_soon(texts, shape, now)
        found += (certificate_ends_soon(place, key, what, f"{moment:%Y-%m-%d}") for key, moment in ends)
    return judged(found)


# What is wrong


def faults(texts: Mapping[str, bytes], shape: Shape, now: datetime, name: str) -> Iterator[tuple[str, str]]:
    """What does not fit: the key of the Secret, and why, as a clause. Nothing of what stands there is told.

    Raises UndecidedError.
    """
    authorities = certificates(texts[shape.authority])
    if not authorities:
        yield shape.authority, "it is no certificate in PEM"
        return
    for key, private in shape.pairs:
        found = certificates(texts[key])
        if not found:
            yield key, "it is no certificate in PEM"
            continue
        own = found[0]
        times = out_of_time(own, now)
        if times:
            yield key, times
        way = chain(own, found[1:], authorities, now)
        if not way:
            yield key, f"it was not issued by the authority in {shape.authority}"
        else:
            later = next(filter(None, (out_of_time(each, now) for each in way if each != own)), "")
            if later:
                yield shape.authority, f"of the authority of {key}, {later}"
        if name and not is_for(own, name):
            yield key, f"it is not for {name}"
        reason = _wrong_key(texts[private], own, java=shape.java)
        if reason:
            yield private, reason


def ends_soon(texts: Mapping[str, bytes], shape: Shape, now: datetime) -> Iterator[tuple[str, datetime]]:
    """The certificates that end within thirty days, and when."""
    for key in (shape.authority, *(each for each, _ in shape.pairs)):
        ends = [each.not_valid_after_utc for each in certificates(texts[key])[:1]]
        yield from ((key, end) for end in ends if end < now + SOON)


def _wrong_key(text: bytes, own: Certificate, *, java: bool) -> str:
    """Why a private key does not do for a certificate; empty where it does."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    if java and _PKCS8_ENCRYPTED in text:
        return "it needs a password, which nobody has"
    if java and _PKCS8 not in text:
        return "it is no private key in PEM as PKCS#8"
    try:
        key = serialization.load_pem_private_key(text, None)
    except TypeError:
        return "it needs a password, which nobody has"
    except ValueError:
        return "it is no private key in PEM"
    except UnsupportedAlgorithm:
        msg = "a private key is of a sort that cannot be checked here"
        raise UndecidedError(msg) from None
    shape = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    try:
        public = own.public_key().public_bytes(*shape)
    except (ValueError, UnsupportedAlgorithm):
        msg = "the public key of a certificate cannot be read here"
        raise UndecidedError(msg) from None
    return "" if key.public_key().public_bytes(*shape) == public else "it does not belong to its certificate"
