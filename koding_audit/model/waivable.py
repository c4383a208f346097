"""Which rules a waiver may name, and where the policy of a finding is."""

from __future__ import annotations

_POLICY_IN_KEY = frozenset({"policy-missing", "policy-unexpected"})

_POLICY_IN_SUBJECT = frozenset(
    {"policy-document-changed", "policy-document-missing", "policy-not-found", "policy-version-moved"}
)

INLINE_RULES = frozenset({"inline-changed", "inline-missing", "inline-unexpected"})
"""Rules about inline policies, which have a name and no ARN."""

POLICY_RULES = _POLICY_IN_KEY | _POLICY_IN_SUBJECT | INLINE_RULES
"""Rules whose findings are each about one policy."""

# What the owner of guards.yaml says the desired state cannot lift; and what was not read is not known to be right.
_NEVER_WAIVED = frozenset({"caller-is-root", "not-checked", "protected-used"})


def can_be_waived(rule: str) -> bool:
    """Whether a waiver may name the rule. Nor may one name the rules about waivers: that would leave it without end."""
    return rule not in _NEVER_WAIVED and not rule.startswith(("root-", "waiver-"))
