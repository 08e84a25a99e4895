"""The named faults F01 to F52, and the tests that hold each of them.

What lives here is the table; that every test exists and no fault is missing is checked by
``faults/test_catalogue.py``. A fault that cannot happen yet says why; one that is held in part says what is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["FAULTS", "Fault"]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        what: In a few words.
        tests: ``folder/file.py::name`` below ``tests``; a test of a suite for every backend stands in ``support``.
        left_out: What of it is not held, and why; empty: nothing.
    """

    what: str
    tests: tuple[str, ...]
    left_out: str = ""


_NIGHT: Final = "journeys/test_sqlserver_faults.py::test_"
_WIRE: Final = "backends/test_sqlserver_faults_on_the_wire.py::test_"
_SERVER: Final = "backends/test_sqlserver_backend.py::test_"
_CONTRACT: Final = "support/backend_contract.py::test_"
_APPLY: Final = "engine/test_applying.py::test_"
_PLAN: Final = "engine/test_plan_files.py::test_"
_HERE: Final = "faults/test_"
_HTTP: Final = "journeys/test_openapi_night.py::test_"
_REPLIES: Final = "backends/test_openapi_replies.py::test_"
_PAGES: Final = "backends/test_openapi_paging.py::test_"
_EDITS: Final = "backends/test_openapi_writing.py::test_"

FAULTS: Final[dict[str, Fault]] = {
    "F01": Fault(
        "connection refused at the start",
        (
            f"{_WIRE}a_server_that_cannot_be_reached_may_be_tried_again_and_the_hint_says_what_to_check",
            "journeys/test_sqlserver_night.py::test_a_server_that_is_not_there_is_told_in_words",
        ),
        "ends with 75 (temporary) and not with 69: a server that is restarted is there again soon",
    ),
    "F02": Fault(
        "accepted, then closed",
        (
            f"{_HERE}line_at_the_start.py::test_a_link_that_is_lost_once_at_the_start_is_made_again",
            f"{_HERE}line_at_the_start.py::test_a_line_that_never_works_is_told_after_a_few_tries",
        ),
    ),
    "F03": Fault(
        "dropped after PRELOGIN",
        (
            f"{_HERE}line_at_the_start.py::test_a_link_that_is_lost_once_at_the_start_is_made_again",
            f"{_HERE}line_at_the_start.py::test_a_line_that_never_works_is_told_after_a_few_tries",
        ),
    ),
    "F04": Fault(
        "TLS: self-signed, wrong host, TLS 1.0 only, none at all",
        (
            f"{_SERVER}a_certificate_that_nobody_vouches_for_is_refused_with_what_to_do",
            f"{_SERVER}a_server_that_cannot_encrypt_is_told_apart",
            f"{_WIRE}a_server_that_knows_only_tls_1_0_is_told_with_what_to_do",
            f"{_WIRE}a_server_without_encryption_is_told_with_what_to_set",
            "tds/test_tls.py::test_a_trusted_certificate_of_another_host_is_refused_for_its_name",
            "backends/test_sqlserver_faults.py::test_a_link_lost_while_tls_is_agreed_on_may_be_tried_again",
        ),
        "an expired certificate: it is refused by the same check of the driver as an untrusted one",
    ),
    "F05": Fault(
        "dropped during LOGIN7",
        (
            f"{_HERE}line_at_the_start.py::test_a_link_that_is_lost_once_at_the_start_is_made_again",
            f"{_HERE}line_at_the_start.py::test_a_line_that_never_works_is_told_after_a_few_tries",
        ),
    ),
    "F06": Fault(
        "login refused (18456), locked (18486), database refused (4060)",
        (
            f"{_NIGHT}a_refused_login_is_tried_once_because_more_would_lock_the_account",
            f"{_WIRE}a_refused_login_is_fatal_and_warns_of_the_lock",
            f"{_WIRE}a_locked_login_is_not_tried_again",
            "backends/test_sqlserver_account_sets.py::test_a_database_that_may_not_be_entered_is_told",
        ),
    ),
    "F07": Fault(
        "dropped inside a stream of rows",
        (
            f"{_NIGHT}what_certainly_did_not_happen_is_tried_again_in_the_same_night",
            f"{_SERVER}part_of_a_result_is_never_taken_for_all_of_it",
        ),
    ),
    "F08": Fault(
        "dropped after the UPDATE was sent",
        (f"{_NIGHT}an_answer_that_is_missing_is_settled_by_reading_back",),
    ),
    "F09": Fault(
        "dropped after the COMMIT was sent, done or not done",
        (
            f"{_NIGHT}an_answer_that_is_missing_is_settled_by_reading_back",
            f"{_NIGHT}a_value_that_a_person_changes_after_a_lost_commit_is_told_apart_by_its_receipt",
        ),
    ),
    "F10": Fault(
        "a commit that comes late",
        (
            f"{_NIGHT}a_commit_that_comes_late_is_waited_for",
            f"{_HTTP}an_edit_that_takes_effect_after_its_answer_was_lost_is_waited_for",
            f"{_SERVER}reading_back_waits_for_a_write_that_is_not_over",
        ),
    ),
    "F11": Fault(
        "deadlock victim, once and always",
        (
            f"{_NIGHT}what_certainly_did_not_happen_is_tried_again_in_the_same_night",
            f"{_NIGHT}a_server_that_always_deadlocks_ends_the_run_with_nothing_written",
            "engine/test_retry.py::test_a_batch_that_always_meets_a_deadlock_is_reported_and_the_run_goes_on",
        ),
    ),
    "F12": Fault(
        "lock timeout",
        (
            f"{_NIGHT}an_error_that_only_its_number_tells_is_tried_again_where_the_driver_gives_the_number",
            f"{_SERVER}a_row_that_a_person_holds_is_waited_for_and_then_left",
        ),
    ),
    "F13": Fault(
        "a server that is slow or silent",
        (
            f"{_NIGHT}a_statement_that_takes_too_long_is_unknown_and_settled",
            f"{_HERE}line_at_the_start.py::test_a_line_that_never_works_is_told_after_a_few_tries",
            "tds/test_proxy.py::test_bytes_one_by_one_are_still_a_message",
            "tds/test_requests.py::test_a_statement_that_lasts_too_long_is_called_off_and_the_connection_lives_on",
        ),
    ),
    "F14": Fault(
        "statement timeout on a read and on a write",
        (
            f"{_WIRE}a_statement_that_takes_too_long_is_a_timeout_for_every_driver",
            f"{_NIGHT}a_statement_that_takes_too_long_is_unknown_and_settled",
        ),
    ),
    "F15": Fault(
        "each code of the retry table, in each phase, from each driver",
        (
            "backends/test_sqlserver_faults.py::test_each_code_means_in_each_phase_what_was_agreed_whichever_driver_says_it",
            "backends/test_sqlserver_faults.py::test_the_table_holds_every_code_that_was_agreed_in_its_class",
            "backends/test_sqlserver_faults.py::test_an_unknown_code_is_never_tried_again",
            f"{_WIRE}a_number_of_the_server_is_told_by_every_driver_or_taken_for_the_worst",
        ),
    ),
    "F16": Fault(
        "the server restarts in the middle",
        (
            "journeys/test_sqlserver_night.py::test_nights_that_are_killed_or_lose_the_line_end_well",
            f"{_NIGHT}a_session_that_is_killed_loses_no_change_and_gets_its_lock_back",
            "engine/test_retry.py::test_an_outage_ends_the_run_after_three_openings_and_seven_requests",
        ),
    ),
    "F17": Fault(
        "the application lock is lost",
        (
            f"{_SERVER}a_lock_that_is_gone_is_seen_before_the_next_batch",
            f"{_SERVER}a_lock_that_died_with_its_session_is_taken_again_before_the_next_batch",
            f"{_APPLY}a_lock_that_is_lost_to_another_run_ends_the_run_with_nothing_left_open",
        ),
    ),
    "F18": Fault(
        "two runs at once",
        (
            f"{_HERE}two_at_once.py::test_of_twelve_that_start_at_once_one_writes_and_the_others_leave",
            f"{_HERE}two_at_once.py::test_two_machines_with_logs_of_their_own_are_told_apart_by_the_server",
            f"{_HERE}two_at_once.py::test_beside_a_night_at_work_one_can_plan_and_check_the_log_and_not_apply",
            f"{_SERVER}only_one_u8sync_writes_and_the_lock_goes_with_it",
        ),
    ),
    "F19": Fault(
        "the lock file is deleted, held by a dead process, or inherited",
        (
            f"{_HERE}two_at_once.py::test_a_lock_file_that_somebody_deletes_never_makes_two_writers",
            f"{_HERE}two_at_once.py::test_the_lock_of_a_process_that_was_killed_is_free",
            f"{_HERE}two_at_once.py::test_a_child_process_inherits_neither_the_lock_nor_the_log",
        ),
    ),
    "F20": Fault(
        "kill -9 before any system call",
        (
            f"{_HERE}sudden_deaths.py::test_a_night_on_a_file_that_dies_before_any_call_is_put_right_by_the_next",
            f"{_HERE}sudden_deaths.py::test_a_night_over_the_wire_that_dies_before_any_call_is_put_right_by_the_next",
            f"{_HERE}sudden_deaths.py::test_a_night_through_the_openapi_that_dies_before_any_call_is_put_right_by_the_next",
            f"{_HERE}sudden_deaths.py::test_a_night_that_is_killed_from_outside_at_a_random_moment_is_put_right",
            f"{_HERE}disk_faults.py::test_every_record_is_on_the_disk_before_anything_is_sent",
        ),
        "a power failure: the system keeps what a killed process wrote, so only the order of the calls is checked",
    ),
    "F21": Fault(
        "kill -9 during recovery, three deep",
        (
            f"{_HERE}sudden_deaths.py::test_a_recovery_may_die_too_and_the_recovery_of_the_recovery",
            f"{_HERE}sudden_deaths.py::test_recoveries_through_the_openapi_may_die_three_deep",
        ),
    ),
    "F22": Fault(
        "the disk is full at any write",
        (
            f"{_HERE}disk_faults.py::test_a_log_that_cannot_be_written_stops_a_night_on_a_file_before_the_next_write",
            f"{_HERE}disk_faults.py::test_a_log_that_cannot_be_written_stops_a_night_over_the_wire",
            f"{_HERE}disk_faults.py::test_a_log_or_a_cache_that_cannot_be_written_harms_no_night_through_the_openapi",
            f"{_HERE}disk_faults.py::test_no_tier_is_decided_without_the_cost_that_a_cache_could_not_take",
            "cli/test_bad_input.py::test_a_report_that_cannot_be_written_is_told_after_the_result",
        ),
    ),
    "F23": Fault(
        "fsync fails, a write ends short, the disk becomes read-only",
        (
            f"{_HERE}disk_faults.py::test_a_log_that_cannot_be_written_stops_a_night_on_a_file_before_the_next_write",
            f"{_HERE}disk_faults.py::test_a_write_that_ends_short_stops_the_night_and_its_bytes_are_a_torn_tail",
            "audit/test_store.py::test_an_error_of_the_disk_is_never_tried_again",
        ),
        "a quota of inodes: it is told as a full disk, at the calls that make a file",
    ),
    "F24": Fault(
        "SIGTERM, SIGINT, SIGHUP, twice, the terminal closed, the OOM killer",
        (
            f"{_HERE}signals.py::test_a_signal_lets_the_batch_in_hand_end_and_closes_the_run",
            f"{_HERE}signals.py::test_the_second_signal_ends_the_night_at_once_and_the_next_one_settles",
            f"{_HERE}signals.py::test_under_nohup_a_closed_terminal_changes_nothing",
            f"{_HERE}signals.py::test_a_night_whose_output_nobody_reads_any_more_goes_on_and_leaves_nothing_open",
            f"{_HERE}sudden_deaths.py::test_a_night_that_is_killed_from_outside_at_a_random_moment_is_put_right",
        ),
    ),
    "F25": Fault(
        "somebody edits the row between reading and writing",
        (
            f"{_APPLY}a_customer_that_a_person_changed_meanwhile_is_a_conflict_and_stays",
            f"{_APPLY}a_customer_that_is_gone_is_told_apart",
            f"{_HTTP}a_card_that_a_person_edits_before_its_turn_is_a_conflict_and_stays",
            f"{_CONTRACT}a_row_that_changed_meanwhile_is_a_conflict",
            f"{_CONTRACT}an_input_of_the_decision_that_changed_is_a_conflict",
            f"{_CONTRACT}another_column_that_changed_is_no_conflict",
            f"{_CONTRACT}a_value_that_is_there_already_is_not_written_again",
            f"{_SERVER}while_a_batch_is_decided_nobody_can_change_its_rows",
        ),
    ),
    "F26": Fault(
        "a person saves over our value",
        (
            "engine/test_reconcile.py::test_a_value_that_a_person_changed_is_listed_with_both_values",
            f"{_HTTP}a_person_who_saves_over_our_value_is_told_by_reconcile",
            "engine/test_undo.py::test_what_a_person_changed_since_is_left_alone_and_listed",
        ),
        "the next night plans the rule's value again, once a night; who wants another one protects the customer",
    ),
    "F27": Fault(
        "triggers on the archive",
        (
            f"{_SERVER}row_counts_that_a_trigger_falsifies_do_not_matter",
            f"{_SERVER}a_trigger_that_changes_what_is_written_undoes_the_batch",
            f"{_SERVER}a_trigger_that_expects_single_rows_gets_them",
            "backends/test_sqlite_account_set.py::test_a_row_that_a_trigger_refuses_is_rejected_and_the_others_go_on",
            "backends/test_sqlite_account_set.py::test_a_trigger_that_ends_the_transaction_leaves_nothing_behind",
        ),
    ),
    "F28": Fault(
        "no row count, no row version",
        (
            f"{_SERVER}row_counts_that_a_trigger_falsifies_do_not_matter",
            "backends/test_sqlite_account_set.py::test_a_customer_table_without_a_row_version_is_no_account_set",
        ),
    ),
    "F29": Fault(
        "codes that differ only in case or trailing blanks, the same customer twice",
        (
            f"{_SERVER}a_code_in_another_case_is_the_customer_that_the_database_takes_it_for",
            f"{_CONTRACT}the_same_customer_twice_in_a_batch_is_a_programming_error",
            "backends/test_sql_facts.py::test_trailing_blanks_do_not_make_another_customer",
        ),
    ),
    "F30": Fault(
        "pages of the OpenAPI drift",
        (
            f"{_PAGES}what_comes_goes_or_moves_is_noticed",
            f"{_PAGES}a_page_that_is_repeated_for_ever_ends_in_an_error",
            f"{_PAGES}a_page_that_is_repeated_for_ever_ends_a_list_without_counters",
            f"{_PAGES}counters_that_vanish_on_the_way_are_noticed",
            f"{_REPLIES}counters_that_contradict_each_other_are_a_bad_reply",
        ),
    ),
    "F31": Fault(
        "the token expires",
        (
            f"{_HTTP}a_token_that_dies_in_the_middle_is_renewed_and_no_edit_is_sent_twice",
            f"{_REPLIES}a_refused_token_is_renewed_once_and_the_call_repeated_once",
            f"{_REPLIES}a_token_that_is_refused_for_ever_ends_the_call",
            f"{_REPLIES}a_refused_login_is_tried_once_however_many_ask",
            f"{_REPLIES}many_threads_whose_token_is_refused_share_one_new_one",
            f"{_EDITS}a_token_that_dies_under_an_edit_costs_one_new_token",
        ),
    ),
    "F32": Fault(
        "429 with an odd Retry-After",
        (
            f"{_REPLIES}a_server_may_ask_for_a_pause_between_1_and_300_seconds",
            f"{_REPLIES}no_header_is_too_odd",
            f"{_EDITS}what_is_refused_for_now_is_read_and_sent_again_in_the_same_night",
        ),
    ),
    "F33": Fault(
        "500 to 504, before and after it was done",
        (
            f"{_HTTP}replies_that_are_lost_lose_no_change_and_double_none",
            f"{_REPLIES}an_edit_is_sent_once_whatever_its_status",
            f"{_REPLIES}a_read_is_tried_again_as_often_as_allowed_and_waits_as_asked",
            f"{_EDITS}an_edit_whose_answer_is_missing_is_settled_and_the_night_goes_on",
        ),
    ),
    "F34": Fault(
        "malformed replies",
        (
            f"{_HTTP}replies_that_are_lost_lose_no_change_and_double_none",
            f"{_REPLIES}what_is_no_reply_of_the_contract_is_a_bad_reply",
            f"{_REPLIES}any_bytes_are_a_reply_or_a_bad_reply",
            f"{_REPLIES}an_answer_is_not_read_beyond_32_mib_packed_or_not",
            f"{_EDITS}an_edit_whose_answer_cannot_be_read_is_settled_and_ends_the_night",
        ),
    ),
    "F35": Fault(
        "an edit that is answered well and not done",
        (
            f"{_HTTP}a_gateway_that_replaces_the_card_is_stopped_after_one_customer_and_says_what_to_put_back",
            f"{_EDITS}an_edit_that_is_said_to_be_done_and_is_not_ends_the_night",
            f"{_EDITS}an_edit_that_blanks_another_field_stops_the_night_at_once",
            f"{_EDITS}an_edit_that_is_done_to_another_customer_ends_the_night",
            f"{_REPLIES}an_answer_for_another_customer_is_an_unknown_end",
        ),
    ),
    "F36": Fault(
        "asynchronous results that never come",
        (
            f"{_HTTP}a_gateway_that_answers_in_another_way_is_served_as_well",
            f"{_REPLIES}a_result_that_never_comes_is_given_up_after_20_times",
            f"{_REPLIES}a_result_is_asked_for_after_a_pause_within_reason",
            f"{_EDITS}a_result_that_never_comes_is_settled_by_reading",
            f"{_EDITS}an_odd_pause_is_brought_within_reason",
        ),
    ),
    "F37": Fault(
        "redirected to another host",
        (
            f"{_EDITS}a_redirect_is_never_followed",
            f"{_EDITS}a_result_on_another_host_is_never_asked_for",
            f"{_REPLIES}a_result_on_another_server_is_not_asked_for",
        ),
    ),
    "F38": Fault(
        "bad text: mojibake, surrogates, NUL, emoji, other directions, brackets and quotes",
        (
            f"{_HERE}hostile_text.py::test_a_hostile_code_is_written_for_whom_it_is_and_shown_as_text",
            f"{_HERE}hostile_text.py::test_no_name_gets_out_of_its_place_in_any_output",
            "audit/test_store.py::test_a_record_that_cannot_be_written_is_refused_before_anything",
            "contract/test_backend_contract.py::test_a_row_changes_if_its_before_held_and_then_exactly_to_its_after",
            "contract/test_sqlserver_contract.py::test_a_row_changes_if_its_before_held_and_then_exactly_to_its_after",
        ),
    ),
    "F39": Fault(
        "values too long or not in the list; NULL, empty and blank; figures out of range",
        (
            "domain/test_fitting.py::test_a_tier_value_wider_than_the_column",
            "domain/test_fitting.py::test_a_tier_value_that_u8_does_not_allow",
            f"{_CONTRACT}a_value_that_is_too_long_is_rejected_and_the_others_go_on",
            f"{_CONTRACT}null_empty_and_blanks_are_the_same_nothing",
            f"{_SERVER}the_one_value_that_the_server_refuses_is_told_and_the_others_are_written",
            "domain/test_canonical_form.py::test_what_has_no_single_form_is_a_value_error",
        ),
    ),
    "F40": Fault(
        "the clock jumps; other time zones",
        (
            f"{_HERE}clock.py::test_a_clock_that_jumps_changes_neither_order_nor_outcome",
            f"{_HERE}clock.py::test_no_jump_changes_order_or_outcome",
            f"{_HERE}clock.py::test_the_machines_own_time_zone_changes_no_plan",
            f"{_HERE}clock.py::test_today_is_the_day_of_the_account_set",
        ),
    ),
    "F41": Fault(
        "the schedule fires twice, or not at all",
        (f"{_HERE}two_at_once.py::test_of_twelve_that_start_at_once_one_writes_and_the_others_leave",),
        "nights that are missing are told when there is a schedule to hold them against",
    ),
    "F42": Fault(
        "no customer, one, very many",
        (
            f"{_HERE}sizes.py::test_an_archive_without_customers_stops_the_night",
            f"{_HERE}sizes.py::test_a_few_customers_are_written_like_many",
            f"{_HERE}sizes.py::test_three_hundred_customers_in_batches_of_any_size_end_alike",
        ),
        "a million: measured in benchmarks/",
    ),
    "F43": Fault(
        "the log is tampered with",
        (
            "audit/test_tampering.py::test_any_changed_byte_is_found_and_its_record_named",
            "audit/test_tampering.py::test_every_truncation_is_found",
            "audit/test_tampering.py::test_random_edits_in_several_places_are_all_noticed",
            "audit/test_tampering.py::test_a_chain_computed_anew_is_found_by_the_head_that_somebody_kept",
            "audit/test_audit_attacks.py::test_a_log_whose_segments_were_all_deleted_is_not_begun_anew",
            "audit/test_checkpoints.py::test_an_older_copy_put_in_the_place_of_the_log_is_found",
            "audit/test_checkpoints.py::test_a_forged_log_signed_by_somebody_else_is_found_by_whoever_has_the_key",
        ),
    ),
    "F44": Fault(
        "the log is a link, a pipe, a folder",
        (
            "audit/test_audit_attacks.py::test_a_folder_that_is_a_link_is_refused",
            "audit/test_audit_attacks.py::test_a_link_or_pipe_beside_the_segments_neither_hangs_a_run_nor_is_written_through",
            "audit/test_store.py::test_what_is_no_plain_file_is_refused",
            "audit/test_store.py::test_a_file_in_the_place_of_the_folder_is_told",
            f"{_HERE}modes.py::test_nothing_is_open_to_everybody",
        ),
        "a log that somebody opened to others afterwards is written on: what was changed in it is found all the same",
    ),
    "F45": Fault(
        "a plan that was edited, is stale, was made for something else, is applied twice",
        (
            f"{_PLAN}a_plan_that_was_edited_is_refused",
            f"{_PLAN}a_plan_made_for_something_else_is_refused",
            f"{_PLAN}a_plan_whose_customers_were_changed_since_is_refused_and_names_them",
            f"{_PLAN}a_plan_is_applied_once",
            f"{_PLAN}a_plan_ages_out",
        ),
    ),
    "F46": Fault(
        "too many changes, nothing read, falls from the top",
        (
            f"{_APPLY}a_guard_stops_the_run_and_is_recorded",
            f"{_APPLY}an_empty_archive_stops_the_run",
            f"{_APPLY}half_of_the_customers_missing_stops_the_run_and_coming_back_lets_it_go_on",
            "domain/test_guards.py::test_a_guard",
            "cli/test_the_main_job.py::test_a_guard_stops_the_night_and_says_how_to_let_it_pass",
        ),
    ),
    "F47": Fault(
        "undo with later edits, twice, of a part",
        (
            "engine/test_undo.py::test_what_a_person_changed_since_is_left_alone_and_listed",
            "engine/test_undo.py::test_after_an_undo_there_is_nothing_left_to_undo",
            "engine/test_undo.py::test_of_two_fields_one_can_be_taken_back",
            "engine/test_undo.py::test_apply_and_undo_is_the_identity_on_untouched_rows_and_nothing_on_the_others",
        ),
    ),
    "F48": Fault(
        "YAML: bombs, duplicate keys, octal codes, deep nesting, tags, SQL in names",
        (
            "config/test_located_yaml.py::test_an_alias_bomb_is_one_quick_problem",
            "config/test_located_yaml.py::test_each_repeated_key_is_told_with_both_places",
            "config/test_located_yaml.py::test_every_scalar_is_text_as_typed",
            "config/test_located_yaml.py::test_three_thousand_openings_are_one_problem",
            "config/test_loader_laws.py::test_any_text_that_looks_like_yaml_is_read_or_refused",
            "domain/test_fitting.py::test_a_column_that_the_account_set_does_not_have",
            f"{_CONTRACT}a_column_outside_the_allow_list_is_refused_before_anything_is_written",
            "backends/test_sqlserver_statements.py::test_a_quoted_name_is_one_name",
        ),
    ),
    "F49": Fault(
        "hostile names in reports",
        (
            f"{_HERE}hostile_text.py::test_no_name_gets_out_of_its_place_in_any_output",
            f"{_HERE}hostile_text.py::test_a_hostile_code_is_written_for_whom_it_is_and_shown_as_text",
            f"{_HERE}hostile_text.py::test_an_export_of_hostile_codes_runs_nothing",
            "report/test_html.py::test_hostile_names_are_text",
        ),
    ),
    "F50": Fault(
        "a login that may do too much, or lacks one right",
        (
            f"{_SERVER}a_login_that_may_do_everything_reads_and_is_refused_for_writing",
            "cli/test_doctor_sqlserver.py::test_a_missing_right_is_named_with_the_statement_that_mends_it",
        ),
    ),
    "F51": Fault(
        "driver missing, other locales, no home, no terminal",
        (
            f"{_HERE}environment.py::test_a_night_is_the_same_in_any_surroundings",
            f"{_HERE}environment.py::test_a_driver_that_is_not_there_is_told_by_name",
            "backends/test_sqlserver_drivers.py::test_without_any_driver_the_error_says_what_to_install",
            "cli/test_start_up.py::test_a_gbk_console_shows_chinese_and_never_ends_a_run",
        ),
    ),
    "F52": Fault(
        "where the checkpoint is to be kept cannot be reached",
        (
            "anchoring/test_anchor_contract.py::test_one_that_is_down_says_so_without_a_secret",
            "anchoring/test_anchor_contract.py::test_one_that_is_down_stops_nothing_and_gets_all_it_missed_when_it_is_back",
            "anchoring/test_anchor_contract.py::test_one_that_never_answers_is_not_waited_for",
        ),
    ),
}
