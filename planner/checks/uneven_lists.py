"""The lists of a parties.conf have different lengths.

docker's generate_config.sh joins the parties, their addresses and their serving addresses by their place in the lists
(reference: INV-DOC-3). A list that is too short leaves a party without an address, and everybody's route to it is
empty.

Example:

    $ invoke import --path parties.conf
    parties.conf:6:1: error[FED721]: party_ip_list has 1 item and party_list has 2
      hint: give each party one item in every list, in the same order
"""

from __future__ import annotations

from planner.diagnostics import Diagnostic, Fault, Place

FAULT = Fault("FED721", "uneven_lists")


def uneven(name: str, count: int, other: str, wanted: int, place: Place) -> Diagnostic:
    """Say that the list `name` has `count` items where `other` has `wanted`."""
    message = f"{name} has {count} item{'' if count == 1 else 's'} and {other} has {wanted}"
    return Diagnostic(FAULT, message, place, "give each party one item in every list, in the same order")
