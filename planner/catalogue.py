"""Every fault fedplan knows: one module each, in the order of their codes.

A new check is a module under `planner/checks/` and one line here (see docs/how-to/add-a-check.md).
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

from planner.checks import (
    address_of_its_own,
    administrator_needed,
    alias_explosion,
    ambiguous_number,
    api_not_served,
    bad_address,
    bad_port_range,
    bad_secret_reference,
    bad_value,
    balance_without_rollsite,
    broken_balance,
    broken_bundle,
    broken_chart_package,
    broken_live_table,
    broken_lock,
    broken_site_folder,
    broken_yaml,
    broker_link_broken,
    bundle_not_written,
    busy_release,
    certificate_ends_soon,
    certificates_do_not_fit,
    chart_missing,
    chart_not_at_service,
    chart_refused,
    charts_elsewhere,
    claim_not_bound,
    clocks_differ,
    cluster_elsewhere,
    cluster_name_taken,
    cluster_unreachable,
    colon_in_address,
    component_silent,
    contradicting_topology,
    contradictory_folder,
    cores_differ,
    crashes_service,
    data_kept,
    data_of_another_generation,
    dead_override,
    deep_nesting,
    default_credentials,
    default_service_login,
    default_service_password,
    destructive_change,
    direct_beside_exchange,
    dmz_routes,
    domains_differ,
    door_closed,
    drifted,
    dropped_expectation,
    duplicate_id,
    duplicate_key,
    duplicate_member,
    duplicate_name,
    duplicate_route,
    earlier_revision,
    eggroll_nodes_missing,
    empty_file,
    endpoint_taken,
    exchange_is_party,
    exchange_without_control,
    fateflow_hidden,
    fateflow_silent,
    field_conflict,
    forbidden_route,
    foreign_certificate,
    foreign_exchange_chart,
    foreign_import,
    foreign_namespace,
    foreign_out,
    foreign_release,
    foreign_serving,
    foreign_target,
    forwarding_loop,
    guessed_value,
    held_back,
    helm_failed,
    helm_missing,
    idle_setting,
    idle_storage,
    illegal_engine,
    image_tag_differs,
    inference_failed,
    ingress_class_missing,
    ingress_dialled,
    ingress_host_taken,
    inline_secret,
    inside_name,
    internal_address,
    interrupted_apply,
    interrupted_release,
    isolated_party,
    kube_cfg_differs,
    kube_cfg_routes,
    kubeconfig_needed,
    lease_held,
    live_default,
    lock_conflict,
    login_refused,
    loopback_address,
    lost_lease,
    lost_lock,
    lost_pair,
    lost_setting,
    misleading_route,
    misread_settings,
    missing_key,
    missing_prerequisite,
    missing_right,
    missing_route,
    missing_version,
    mixed_engines,
    mixed_generations,
    mixed_nginx_ports,
    mixed_releases,
    moved_secret,
    mysql_refuses,
    mysql_shared,
    named_only,
    namespace_missing,
    namespace_taken,
    nginx_lost_fateflow,
    nginx_needs_ip,
    nginx_table_full,
    no_key_in_kube_cfg,
    no_service_login,
    node_port_held,
    nodemanagers_collide,
    nodes_not_labelled,
    not_applied,
    not_confirmed,
    not_exposed,
    not_utf8,
    nothing_to_roll_back,
    nothing_to_serve,
    numeric_login,
    object_refused,
    odd_serving_release,
    one_way_route,
    orphaned_job,
    other_chart_runs,
    other_fate_runs,
    oversized_file,
    peer_closed,
    plain_pulsar_peer,
    polling_without_rollsite,
    port_out_of_range,
    port_taken,
    probe_unchecked,
    pulsar_producers_collide,
    quota_exceeded,
    rabbitmq_behind_exchange,
    rabbitmq_login,
    rabbitmq_not_kept,
    range_full,
    readback_mismatch,
    redundant_direct_route,
    refused_by_service,
    refused_out,
    refused_upgrade,
    registry_slash,
    registry_without_zookeeper,
    release_failed,
    release_left_behind,
    release_missing,
    release_stuck,
    renamed_site,
    rerouted_pair,
    reserved_id,
    rolled_back,
    rollout_failed,
    rollout_overdue,
    route_unconfirmed,
    routes_overridden,
    second_file,
    secret_in_override,
    secret_unresolved,
    self_link,
    self_test_failed,
    service_host_taken,
    service_job_failed,
    service_job_goes_on,
    service_login_refused,
    service_right_missing,
    service_unreachable,
    serving_alone,
    serving_forgets,
    serving_peer_silent,
    serving_releases_differ,
    serving_without_fateflow,
    setting_in_override,
    setting_without_manifest,
    shared_claim,
    shared_docker_host,
    skipped_file,
    spark_master_has_address,
    stale_out,
    stale_pods,
    stale_pulsar_peer,
    star_without_exchange,
    stray_file,
    system_namespace,
    table_not_read,
    tenant_differs,
    tls_mismatch,
    tls_not_spoken,
    tls_without_effect,
    torn_out,
    toy_failed,
    toy_unchecked,
    tunnel_port_refused,
    uncovered_party,
    uneven_lists,
    unexplained_difference,
    unknown_cluster,
    unknown_context,
    unknown_exchange,
    unknown_key,
    unknown_override,
    unknown_party,
    unknown_release,
    unknown_tombstone,
    unlikely_storage_class,
    unmet_expectation,
    unplanned_exchange,
    unplanned_serving,
    unplanned_target,
    unpublished_chart,
    unquoted_secret,
    unreachable_polling_client,
    unread_routes,
    unread_secret,
    unreadable_file,
    unreadable_release,
    unsafe_name,
    unsafe_out,
    unspeakable_setting,
    unsupported_device,
    unsupported_setting,
    unsupported_version,
    unsupported_yaml,
    unusable_baseline,
    unusable_helm,
    unusable_node_label,
    unusable_override_port,
    unusable_secret,
    unused_exchange,
    unused_route,
    update_not_possible,
    upgrade_login,
    upgrade_loses_data,
    upstream_without_router,
    useless_pin,
    values_refused,
    without_manifests,
    wrong_chart,
    wrong_cluster,
    wrong_endpoint,
    wrong_kubernetes,
    wrong_live_route,
    wrong_modules,
    wrong_own_entry,
    wrong_party_answers,
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
    nginx_needs_ip,  # FED223
    nginx_table_full,  # FED224
    rabbitmq_behind_exchange,  # FED225
    plain_pulsar_peer,  # FED226
    domains_differ,  # FED227
    pulsar_producers_collide,  # FED228
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
    tunnel_port_refused,  # FED319
    system_namespace,  # FED320
    fateflow_hidden,  # FED321
    ingress_dialled,  # FED322
    unusable_override_port,  # FED323
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
    tenant_differs,  # FED417
    idle_setting,  # FED418
    mixed_nginx_ports,  # FED419
    numeric_login,  # FED420
    unlikely_storage_class,  # FED421
    shared_claim,  # FED422
    rabbitmq_not_kept,  # FED423
    refused_upgrade,  # FED424
    upgrade_loses_data,  # FED425
    upgrade_login,  # FED426
    nodemanagers_collide,  # FED427
    serving_alone,  # FED501
    serving_releases_differ,  # FED502
    odd_serving_release,  # FED503
    registry_without_zookeeper,  # FED504
    nothing_to_serve,  # FED505
    serving_forgets,  # FED506
    serving_peer_silent,  # FED507
    serving_without_fateflow,  # FED508
    inference_failed,  # FED509
    foreign_serving,  # FED520
    # FED601 unplanned_engine: every engine is planned
    unplanned_target,  # FED602
    star_without_exchange,  # FED603
    unsupported_setting,  # FED604
    unplanned_serving,  # FED605
    unplanned_exchange,  # FED606
    mixed_generations,  # FED610
    kube_cfg_differs,  # FED611
    kube_cfg_routes,  # FED612
    unusable_node_label,  # FED613
    colon_in_address,  # FED614
    dmz_routes,  # FED615
    no_key_in_kube_cfg,  # FED616
    unread_routes,  # FED620
    polling_without_rollsite,  # FED621
    balance_without_rollsite,  # FED622
    exchange_without_control,  # FED623
    upstream_without_router,  # FED624
    rabbitmq_login,  # FED625
    without_manifests,  # FED626
    setting_without_manifest,  # FED627
    readback_mismatch,  # FED701
    lost_setting,  # FED702
    stale_out,  # FED703
    torn_out,  # FED704
    stray_file,  # FED705
    unsafe_out,  # FED707
    foreign_out,  # FED708
    refused_out,  # FED709
    foreign_import,  # FED710
    skipped_file,  # FED711
    second_file,  # FED712
    named_only,  # FED713
    guessed_value,  # FED714
    missing_version,  # FED715
    renamed_site,  # FED716
    unspeakable_setting,  # FED717
    moved_secret,  # FED718
    address_of_its_own,  # FED719
    unexplained_difference,  # FED720
    uneven_lists,  # FED721
    shared_docker_host,  # FED722
    misread_settings,  # FED723
    foreign_target,  # FED724
    live_default,  # FED725
    wrong_own_entry,  # FED726
    foreign_exchange_chart,  # FED727
    direct_beside_exchange,  # FED728
    inside_name,  # FED729
    unusable_baseline,  # FED730
    lost_pair,  # FED731
    rerouted_pair,  # FED732
    dropped_expectation,  # FED733
    inline_secret,  # FED801
    default_credentials,  # FED802
    tls_without_effect,  # FED803
    secret_in_override,  # FED804
    bad_secret_reference,  # FED805
    certificate_ends_soon,  # FED806
    cluster_unreachable,  # FED901
    unknown_context,  # FED902
    wrong_cluster,  # FED903
    foreign_namespace,  # FED904
    object_refused,  # FED905
    node_port_held,  # FED906
    quota_exceeded,  # FED907
    field_conflict,  # FED908
    missing_right,  # FED909
    lease_held,  # FED910
    rollout_failed,  # FED911
    rollout_overdue,  # FED912
    secret_unresolved,  # FED913
    unusable_secret,  # FED914
    missing_prerequisite,  # FED915
    api_not_served,  # FED916
    login_refused,  # FED917
    drifted,  # FED918
    nothing_to_roll_back,  # FED919
    interrupted_apply,  # FED920
    held_back,  # FED921
    route_unconfirmed,  # FED922
    broken_site_folder,  # FED923
    not_applied,  # FED924
    data_kept,  # FED925
    lost_lease,  # FED926
    namespace_missing,  # FED927
    destructive_change,  # FED928
    data_of_another_generation,  # FED929
    service_unreachable,  # FED930
    service_login_refused,  # FED931
    no_service_login,  # FED932
    default_service_login,  # FED933
    refused_by_service,  # FED934
    cluster_elsewhere,  # FED935
    update_not_possible,  # FED936
    chart_not_at_service,  # FED937
    crashes_service,  # FED938
    administrator_needed,  # FED939
    service_job_failed,  # FED940
    service_job_goes_on,  # FED941
    orphaned_job,  # FED942
    release_left_behind,  # FED943
    kubeconfig_needed,  # FED944
    default_service_password,  # FED945
    ingress_class_missing,  # FED946
    service_right_missing,  # FED947
    broken_chart_package,  # FED948
    service_host_taken,  # FED949
    helm_missing,  # FED950
    unusable_helm,  # FED951
    chart_missing,  # FED952
    wrong_chart,  # FED953
    values_refused,  # FED954
    chart_refused,  # FED955
    unquoted_secret,  # FED956
    unread_secret,  # FED957
    helm_failed,  # FED958
    rolled_back,  # FED959
    interrupted_release,  # FED960
    foreign_release,  # FED961
    busy_release,  # FED962
    unreadable_release,  # FED963
    nginx_lost_fateflow,  # FED964
    broken_bundle,  # FED965
    charts_elsewhere,  # FED966
    bundle_not_written,  # FED967
    contradictory_folder,  # FED968
    certificates_do_not_fit,  # FED969
    release_missing,  # FED970
    release_stuck,  # FED971
    release_failed,  # FED972
    earlier_revision,  # FED973
    other_chart_runs,  # FED974
    door_closed,  # FED975
    wrong_live_route,  # FED976
    broken_live_table,  # FED977
    stale_pods,  # FED978
    not_confirmed,  # FED979
    toy_failed,  # FED980
    toy_unchecked,  # FED981
    self_test_failed,  # FED982
    peer_closed,  # FED983
    tls_not_spoken,  # FED984
    foreign_certificate,  # FED985
    fateflow_silent,  # FED986
    other_fate_runs,  # FED987
    component_silent,  # FED988
    wrong_party_answers,  # FED989
    table_not_read,  # FED990
    eggroll_nodes_missing,  # FED991
    stale_pulsar_peer,  # FED992
    clocks_differ,  # FED993
    nodes_not_labelled,  # FED994
    claim_not_bound,  # FED995
    mysql_refuses,  # FED996
    spark_master_has_address,  # FED997
    broker_link_broken,  # FED998
    probe_unchecked,  # FED999
)
"""All faults by code. A code is for ever: a retired one stays here in a comment."""

CHECKS: Final[tuple[ModuleType, ...]] = tuple(module for module in FAULTS if hasattr(module, "check"))
"""The faults that are looked for in every federation; the others are found while reading, proving or writing."""
