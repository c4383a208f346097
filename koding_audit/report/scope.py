"""Says whether an audit could show a finding of an earlier one; what it could not show is not known, not resolved."""

from __future__ import annotations

from koding_audit.model.report import Audit, AuditScope
from koding_audit.model.traits import find_rule_traits


def could_show(audit: Audit, before: Audit, rule: str) -> bool:
    """Whether an audit was about all that the audit before was about, and ran the rule.

    Not where a report does not say its scope. A file counts by its content: a declaration that was removed from it is
    not repaired.
    """
    now, then = audit.scope, before.scope
    return (
        now is not None
        and then is not None
        and {each.sha256 for each in before.desired} <= {each.sha256 for each in audit.desired}
        and now.has_rule(rule)
        and is_within(then, now, rule)
    )


def is_within(then: AuditScope, now: AuditScope, rule: str) -> bool:
    """Whether a scope has all targets and sets of an earlier one, and its stack scripts if the rule needs them."""
    return (
        set(then.targets) <= set(now.targets)
        and set(then.with_sets) <= set(now.with_sets)
        and (set(then.stacks) <= set(now.stacks) or not find_rule_traits(rule).needs_stack)
    )
