"""Channels: what a route between two sites is for, and which ports carry it.

Eggroll's router carries training control and training data together. The Spark families split them: nginx carries
control (over http or grpc, as FATE-Flow is set), RabbitMQ or Pulsar the data. FATE-Serving has a channel of its own.
Two more never leave a party: FATE-Flow loads models into its own serving-server, which fetches them from FATE-Flow.
Source: reference cluster-yaml.md section 2 and 3.7, components.md "Ports a peer dials".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Channel(StrEnum):
    """What a route is for, named after what carries it."""

    ROLLSITE = "rollsite"
    NGINX_HTTP = "nginx http"
    NGINX_GRPC = "nginx grpc"
    RABBITMQ = "rabbitmq"
    PULSAR = "pulsar"
    SERVING = "serving"
    LOAD = "model load"
    TRANSFER = "model transfer"


CONTROL: Final = (Channel.NGINX_HTTP, Channel.NGINX_GRPC)
"""The channels of one nginx: FATE-Flow speaks one of them, and a table always names both."""
OWN: Final = (Channel.LOAD, Channel.TRANSFER)
"""The channels inside one party, between its training and its serving cluster."""
WORDS: Final[Mapping[Channel, str]] = MappingProxyType(
    {
        Channel.ROLLSITE: "",
        Channel.NGINX_HTTP: "control over http",
        Channel.NGINX_GRPC: "control over grpc",
        Channel.RABBITMQ: "data over RabbitMQ",
        Channel.PULSAR: "data over Pulsar",
        Channel.SERVING: "serving",
        Channel.LOAD: "loading models",
        Channel.TRANSFER: "fetching models",
    }
)
"""How messages call a channel; empty where a site has only one."""
