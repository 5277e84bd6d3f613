"""A RabbitMQ does not reach the broker of a peer.

Each party's broker fetches the data of a job from the brokers of the others, at the address that its party's table
has for them. Where that fails, FATE says nothing: the job stays "running" until somebody's time-out, days later. The
broker knows: its federation links tell the address that was dialled, and why nobody answered. A link is there only
while its job runs or hangs; one whose job ended long ago was left behind with its virtual host,
which `rabbitmqctl list_vhosts` names and `rabbitmqctl delete_vhost` takes away, each in the broker's pod.

Example:

    $ invoke verify --live --party 9999
    federation.yaml:8:5: error[FED998]: RabbitMQ of party 9999 cannot fetch from party 10000 at 10.0.2.2:30095: refused
      note: the plan has 10.0.2.2:30096 for it
      hint: mend the address in the table rabbitmq-route-table or the way to it, and start the job again
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Note, Place
from planner.wording import spoken

FAULT = Fault("FED998", "broker_link_broken")


def broker_link_broken(place: Place, label: str, peer: str, endpoint: str, words: str, planned: str = "") -> Diagnostic:
    """Say from which peer (a label) at which endpoint a site's RabbitMQ cannot fetch, and why.

    `planned` is where the plan has that peer, if that is elsewhere.
    """
    message = f"RabbitMQ of {label} cannot fetch from {peer} at {spoken(endpoint)}: {spoken(words)}"
    notes = (Note(f"the plan has {spoken(planned)} for it"),) if planned else ()
    hint = "mend the address in the table rabbitmq-route-table or the way to it, and start the job again"
    return Diagnostic(FAULT, message, place, hint, notes)


def federation_off(place: Place, label: str) -> Diagnostic:
    """Say that a site's RabbitMQ fetches nothing from anybody, because its plugin for that is off."""
    message = f"RabbitMQ of {label} fetches from nobody: its plugin rabbitmq_federation is off"
    hint = "apply again: the ConfigMap rabbitmq-config names the plugins, and the broker reads it when it starts"
    return Diagnostic(FAULT, message, place, hint)
