"""Every fault fedplan knows: one module each, in the order of their codes.

A new check is a module under `planner/checks/` and one line here (see docs/how-to/add-a-check.md).
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

from planner.checks import (
    alias_explosion,
    ambiguous_number,
    bad_address,
    bad_port_range,
    bad_secret_reference,
    bad_value,
    broken_balance,
    broken_lock,
    broken_yaml,
    cluster_name_taken,
    contradicting_topology,
    cores_differ,
    dead_override,
    deep_nesting,
    default_credentials,
    duplicate_id,
    duplicate_key,
    duplicate_member,
    duplicate_name,
    duplicate_route,
    empty_file,
    endpoint_taken,
    exchange_is_party,
    forbidden_route,
    foreign_out,
    forwarding_loop,
    idle_storage,
    illegal_engine,
    image_tag_differs,
    ingress_host_taken,
    inline_secret,
    internal_address,
    isolated_party,
    lock_conflict,
    loopback_address,
    lost_lock,
    lost_setting,
    misleading_route,
    missing_key,
    missing_route,
    mixed_engines,
    mixed_releases,
    mysql_shared,
    namespace_taken,
    not_exposed,
    not_utf8,
    one_way_route,
    oversized_file,
    port_out_of_range,
    port_taken,
    range_full,
    readback_mismatch,
    redundant_direct_route,
    refused_out,
    registry_slash,
    reserved_id,
    routes_overridden,
    secret_in_override,
    self_link,
    setting_in_override,
    stale_out,
    star_without_exchange,
    stray_file,
    tls_mismatch,
    tls_without_effect,
    torn_out,
    uncovered_party,
    unknown_cluster,
    unknown_exchange,
    unknown_key,
    unknown_override,
    unknown_party,
    unknown_release,
    unknown_tombstone,
    unmet_expectation,
    unplanned_engine,
    unplanned_exchange,
    unplanned_serving,
    unplanned_target,
    unpublished_chart,
    unreachable_polling_client,
    unreadable_file,
    unsafe_name,
    unsafe_out,
    unsupported_device,
    unsupported_setting,
    unsupported_version,
    unsupported_yaml,
    unused_exchange,
    unused_route,
    useless_pin,
    wrong_endpoint,
    wrong_kubernetes,
    wrong_modules,
    wrong_polling_server,
    wrong_type,
)

FAULTS: Final[tuple[ModuleType, ...]] = (
    unreadable_file,  # FED101
    oversized_file,  # FED102
    not_utf8,  # FED103
    empty_file,  # FED104
    broken_yaml,  # FED105
    duplicate_key,  # FED106
    ambiguous_number,  # FED107
    deep_nesting,  # FED108
    alias_explosion,  # FED109
    unsupported_yaml,  # FED110
    unknown_key,  # FED111
    wrong_type,  # FED112
    missing_key,  # FED113
    bad_value,  # FED114
    unsupported_version,  # FED115
    unsafe_name,  # FED117
    duplicate_id,  # FED120
    duplicate_name,  # FED121
    reserved_id,  # FED122
    unknown_party,  # FED123
    unknown_cluster,  # FED124
    unknown_exchange,  # FED125
    exchange_is_party,  # FED126
    one_way_route,  # FED201
    missing_route,  # FED202
    forbidden_route,  # FED203
    forwarding_loop,  # FED204
    self_link,  # FED205
    uncovered_party,  # FED206
    unreachable_polling_client,  # FED207
    wrong_endpoint,  # FED208
    unmet_expectation,  # FED209
    redundant_direct_route,  # FED210
    contradicting_topology,  # FED211
    isolated_party,  # FED212
    unused_exchange,  # FED213
    wrong_polling_server,  # FED214
    tls_mismatch,  # FED216
    broken_balance,  # FED217
    unused_route,  # FED218
    duplicate_member,  # FED220
    duplicate_route,  # FED221
    misleading_route,  # FED222
    port_taken,  # FED301
    port_out_of_range,  # FED302
    range_full,  # FED303
    bad_address,  # FED304
    loopback_address,  # FED305
    internal_address,  # FED306
    endpoint_taken,  # FED307
    not_exposed,  # FED308
    namespace_taken,  # FED309
    cluster_name_taken,  # FED310
    ingress_host_taken,  # FED311
    lock_conflict,  # FED312
    broken_lock,  # FED313
    useless_pin,  # FED314
    bad_port_range,  # FED315
    mysql_shared,  # FED316
    unknown_tombstone,  # FED317
    lost_lock,  # FED318
    unknown_release,  # FED401
    mixed_releases,  # FED402
    unpublished_chart,  # FED403
    illegal_engine,  # FED404
    wrong_modules,  # FED405
    mixed_engines,  # FED406
    unsupported_device,  # FED407
    registry_slash,  # FED408
    image_tag_differs,  # FED409
    wrong_kubernetes,  # FED410
    unknown_override,  # FED411
    dead_override,  # FED412
    routes_overridden,  # FED413
    cores_differ,  # FED414
    setting_in_override,  # FED415
    idle_storage,  # FED416
    unplanned_engine,  # FED601
    unplanned_target,  # FED602
    star_without_exchange,  # FED603
    unsupported_setting,  # FED604
    unplanned_serving,  # FED605
    unplanned_exchange,  # FED606
    readback_mismatch,  # FED701
    lost_setting,  # FED702
    stale_out,  # FED703
    torn_out,  # FED704
    stray_file,  # FED705
    unsafe_out,  # FED707
    foreign_out,  # FED708
    refused_out,  # FED709
    inline_secret,  # FED801
    default_credentials,  # FED802
    tls_without_effect,  # FED803
    secret_in_override,  # FED804
    bad_secret_reference,  # FED805
)
"""All faults by code. A code is for ever: a retired one stays here in a comment."""

CHECKS: Final[tuple[ModuleType, ...]] = tuple(module for module in FAULTS if hasattr(module, "check"))
"""The faults that are looked for in every federation; the others are found while reading, proving or writing."""
