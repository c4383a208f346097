"""What an audit could show of an earlier one."""

from __future__ import annotations

from koding_audit import plugins
from koding_audit.model.location import SourceFile
from koding_audit.model.report import AuditScope
from koding_audit.model.traits import find_rule_traits
from koding_audit.report.scope import could_show
from tests.report.formats.reports import audit

ONE, TWO = SourceFile("a.yaml", "ab" * 32), SourceFile("b.yaml", "cd" * 32)
STACK_RULE = next(each for each in plugins.plugin_names("scan.rules") if find_rule_traits(each).needs_stack)


def test_an_audit_of_more_files_targets_and_sets_could_show_all_of_the_smaller_one_and_not_the_reverse() -> None:
    small = audit(desired=(ONE,), scope=AuditScope(("a",), ("build",)))
    large = audit(desired=(ONE, TWO), scope=AuditScope(("a", "b"), ("build", "more")))
    assert could_show(large, small, "policy-missing")
    assert not could_show(small, large, "policy-missing")


def test_a_file_counts_by_its_content_and_not_by_its_path() -> None:
    moved, edited = SourceFile("moved.yaml", ONE.sha256), SourceFile(ONE.path, TWO.sha256)
    assert could_show(audit(desired=(moved,)), audit(desired=(ONE,)), "policy-missing")
    assert not could_show(audit(desired=(edited,)), audit(desired=(ONE,)), "policy-missing")


def test_a_rule_that_did_not_run_shows_nothing() -> None:
    for scope in (AuditScope(skip=("policy-missing",)), AuditScope(only=("user-missing",))):
        assert not could_show(audit(scope=scope), audit(), "policy-missing")
        assert could_show(audit(scope=scope), audit(), "user-missing")


def test_another_stack_shows_nothing_of_one_and_all_that_is_not_about_stacks() -> None:
    other, one = audit(scope=AuditScope(stacks=("22",))), audit(scope=AuditScope(stacks=("11",)))
    assert not could_show(other, one, STACK_RULE)
    assert could_show(other, one, "user-missing")
    assert could_show(audit(scope=AuditScope(stacks=("11", "22"))), one, STACK_RULE)
