"""Which AWS managed policies grant a way to administration, decided as the guards decide it; for `make data`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from koding_audit.model.account import Account
from koding_audit.reference.escalations import load_escalation_actions
from koding_audit.remediation.guards.effective_policies import EffectivePolicies, NamedDocument
from koding_audit.remediation.guards.escalation import EscalationAnalyzer
from koding_audit.remediation.guards.holders import PolicyHolder


def policies_by_class(documents: Mapping[str, object]) -> dict[str, list[str]]:
    """The names of policies, in order: those that grant a way in every account, and those only in some.

    documents: the document of each policy by its name.
    """
    ways = tuple(each for each in load_escalation_actions() if not each.trusted)
    analyzer = EscalationAnalyzer.of(Account("123456789012", "aws"), ways)
    of_organization = {each.action for each in ways if each.in_organization}
    granted = {name: _granted_ways(analyzer, document) for name, document in sorted(documents.items())}
    return {
        "way": [name for name, found in granted.items() if found - of_organization],
        "organization": [name for name, found in granted.items() if found and found <= of_organization],
    }


def _granted_ways(analyzer: EscalationAnalyzer, document: object) -> frozenset[str]:
    text = NamedDocument("", json.dumps(document))
    return analyzer.escalation_actions(PolicyHolder(), EffectivePolicies((text,)))
