"""Tests that take long, by file: known by the marker `slow`, listed by `make slow`, and begun first in `make test`.

The seconds were measured on two cores that others used too: they say what is long beside what, and give the order. What
takes more than LONG seconds and is not here is told at the end of a run.
"""

from __future__ import annotations

from collections.abc import Mapping

LONG = 10.0

SLOW: Mapping[str, Mapping[str, float]] = {
    "io/test_memory.py": {"test_a_file_that_takes_more_is_refused_and_the_process_stays_below": 30},
    "io/test_json_text.py": {
        "test_what_is_refused_whole_is_refused_with_the_same_words_where_a_list_is_read_apart": 59,
        "test_a_list_that_is_read_apart_and_what_is_around_it_are_the_whole": 53,
        "test_what_is_written_is_printable_ascii_and_is_read_back": 11,
    },
    "cli/commands/test_permissions.py": {
        "test_what_is_printed_is_enough_for_every_shape_of_file": 46,
        "test_without_any_one_action_some_fix_of_that_shape_is_not_whole": 35,
        "test_without_any_one_of_its_actions_the_fix_is_not_whole": 13,
    },
    "reference/test_managed_policies.py": {
        "test_the_classes_are_what_the_guards_decide_of_each_document": 20,
    },
    "simulator/test_sweep.py": {
        "test_no_fault_of_a_read_for_ever_breaks_a_promise": 29,
        "test_no_fault_of_a_write_breaks_a_promise": 23,
        "test_no_rival_breaks_a_promise": 22,
        "test_no_fault_of_another_run_than_a_fix_breaks_a_promise": 12,
    },
    "scan/test_more_finds_no_less.py": {
        "test_more_rules_sets_and_users_find_no_less": 30,
    },
    "test_api.py": {
        "test_the_examples_are_true_and_nothing_else_is_printed": 11,
    },
    "test_docs.py": {
        "test_output_that_is_shown_is_what_comes_out": 54,
        "test_every_option_that_a_document_names_is_one_that_there_is": 18,
    },
    "endtoend/test_engines.py": {
        "test_a_cluster_enters_accounts_with_credentials_of_its_own_and_what_is_left_when_it_is_lost_is_said": 25,
        "test_no_worker_outlives_its_run": 18,
        "test_nothing_is_lost_or_told_twice_when_a_worker_is_killed_and_the_report_is_that_of_threads": 16,
    },
    "test_docs_lines.py": {
        "test_the_lines_of_a_page_do_their_work": 34,
        "test_the_lines_about_an_organization_do_their_work": 14,
    },
    "endtoend/test_exit_statuses.py": {
        "test_ctrl_c_during_a_write_leaves_a_journal_that_knows_of_it": 19,
        "test_a_report_that_reaches_nobody_is_status_2_and_one_that_does_keeps_its_own": 19,
        "test_ctrl_c_during_a_call_ends_at_once_with_2": 10,
    },
    "endtoend/test_hostile.py": {
        "test_a_saved_account_full_of_hostile_names_is_told_inertly": 25,
        "test_whatever_is_typed_or_written_is_quoted_inertly": 12,
    },
    "policy/diff/test_brute_force.py": {
        "test_a_difference_is_found_exactly_where_some_request_shows_it": 19,
        "test_covers_is_true_only_where_nothing_is_lost_and_false_only_where_something_is": 18,
        "test_with_variables_too_a_difference_is_one_that_some_request_shows_and_equal_means_none": 16,
    },
    "simulator/test_death.py": {
        "test_a_run_that_is_killed_at_a_call_breaks_no_promise": 17,
        "test_a_run_that_dies_while_it_writes_its_journal_breaks_no_promise": 16,
    },
    "report/test_codec.py": {
        "test_any_value_in_any_place_is_read_or_refused_by_name": 16,
        "test_a_report_that_is_read_back_is_the_same_bytes_in_every_format": 15,
    },
    "endtoend/test_sources.py": {
        "test_the_demo_runs_its_tour_without_credentials_and_without_the_network": 17,
        "test_the_demo_account_is_a_source_like_any_other": 14,
    },
    "report/formats/test_hostile.py": {
        "test_a_report_keeps_its_structure_whatever_is_in_it": 17,
        "test_a_report_is_inert_whatever_is_in_it": 11,
    },
    "deploy/test_github.py": {
        "test_a_scheduled_audit_assumes_the_role_and_tells_of_its_findings_in_every_way": 14,
        "test_waivers_of_the_base_branch_count_in_whatever_way_a_pull_request_takes_them_away": 11,
        "test_a_baseline_of_the_base_branch_counts_and_not_the_one_that_a_pull_request_proposes": 11,
    },
    "reference/test_actions.py": {
        "test_a_pattern_gives_exactly_the_actions_that_its_regular_expression_matches": 24,
    },
    "fuzz/test_readers.py": {
        "test_a_saved_account_is_audited_or_refused": 14,
        "test_a_document_is_parsed_compared_and_evaluated_or_refused": 9,
    },
    "policy/diff/test_z3.py": {
        "test_a_solver_finds_the_same_differences": 18,
    },
    "policy/diff/test_evaluator.py": {
        "test_no_decision_differs_but_as_the_comparison_says": 15,
    },
    "test_docs_account.py": {
        "test_who_follows_a_page_sees_what_it_shows": 14,
    },
    "endtoend/test_baseline.py": {
        "test_what_is_known_does_not_fail_and_is_planned_and_fixed_all_the_same": 13,
    },
    "policy/diff/test_managed_policies.py": {
        "test_a_statement_less_is_never_a_gain_but_of_what_it_denied": 12,
    },
    "endtoend/test_init.py": {
        "test_the_demo_account_as_it_is_scans_clean": 12,
    },
    "test_benchmarks.py": {
        "test_each_account_of_the_simulated_organization_ends_as_its_trouble_asks_for": 12,
    },
    "aws/test_credential_report.py": {
        "test_whatever_comes_is_read_or_refused_as_no_report": 12,
    },
    "stack/test_hcl.py": {
        "test_terraforms_own_language_is_read_without_what_stands_in_comments_and_texts": 11,
    },
    "cli/test_scheduled.py": {
        "test_the_other_job_tells_each_change_once_and_an_incomplete_or_old_audit_always": 11,
    },
    "endtoend/test_effective.py": {
        "test_each_page_of_the_tour_says_what_denies": 10,
    },
    "report/formats/test_html.py": {
        "test_a_report_of_thousands_is_bounded_and_says_what_it_leaves_out": 9,
    },
    "endtoend/test_secrets.py": {
        "test_documents_are_where_they_are_asked_for_and_credentials_nowhere": 9,
    },
    "policy/evaluation/test_properties.py": {
        "test_what_an_open_request_is_told_holds_for_any_value_of_its_open_keys": 9,
    },
    "cli/commands/test_demo.py": {
        "test_the_tour_shows_what_it_runs_and_ends_well": 9,
    },
    "aws/test_organizations.py": {
        "test_a_real_organization_is_read_as_it_was_made": 9,
    },
    "endtoend/test_unread.py": {
        "test_a_denied_read_is_status_2_and_names_the_permission": 9,
    },
    "endtoend/test_command_line.py": {
        "test_a_plan_that_is_not_what_was_saved_is_refused": 9,
    },
    "cli/commands/test_undo.py": {
        "test_a_run_is_taken_back_whole": 8,
    },
    "report/formats/test_table.py": {
        "test_five_thousand_findings_are_laid_out_in_a_moment": 8,
    },
    "report/formats/test_streaming.py": {
        "test_a_few_accounts_are_held_at_once_and_never_all_that_is_written_of_them": 8,
    },
    "desired/test_validator.py": {
        "test_both_validators_say_the_same_of_made_values": 8,
    },
}
"""Seconds by the name of a test, all of its cases together."""


def seconds_of_file(path: str) -> float:
    """How long the slow tests of a file take together; 0.0 where it has none."""
    return sum(SLOW.get(path, {}).values())


def is_slow(path: str, name: str) -> bool:
    """Whether a test, by its file below tests and its name without its case, takes long."""
    return name in SLOW.get(path, {})
