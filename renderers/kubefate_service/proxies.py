"""Which proxy the environment names for a URL, read as curl does: `http_proxy`, `HTTPS_PROXY`, `ALL_PROXY`."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = {"https": 443, "http": 80}


def proxy_for(url: str, environ: Mapping[str, str]) -> str:
    """The URL of the proxy to go through; empty where there is none or the host is excepted."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)
    # HTTP_PROXY in capitals is not read: in CGI programs it is a request's own header.
    names = ("http_proxy",) if parts.scheme == "http" else ("https_proxy", "HTTPS_PROXY")
    found = next((environ[name] for name in (*names, "all_proxy", "ALL_PROXY") if environ.get(name)), "")
    if not found or _is_excepted(host, port, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return ""
    return found if "://" in found else f"http://{found}"


def _is_excepted(host: str, port: int, rules: str) -> bool:
    return any(_matches(host, port, rule) for rule in rules.replace(",", " ").split())


def _matches(host: str, port: int, rule: str) -> bool:
    """Whether a rule is the host, a domain or a network above it; one with a port holds for that port alone."""
    if rule == "*":
        return True
    name, _, digits = rule.rpartition(":")
    if name and digits.isdecimal() and not rule.startswith("["):
        rule = name if int(digits) == port else ""
    try:
        return ip_address(host) in ip_network(rule.strip("[]"), strict=False)
    except ValueError:
        rule = rule.strip(".").lower()
    return bool(rule) and (host == rule or host.endswith(f".{rule}"))
