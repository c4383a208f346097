"""Compares policy documents by meaning, not by text; docs/difference.md describes the method."""

from __future__ import annotations

from koding_audit.policy.diff.compare import compare_documents, covers_documents
from koding_audit.policy.diff.values import Difference, PolicyChange, describe_policy_change

__all__ = ("Difference", "PolicyChange", "compare_documents", "covers_documents", "describe_policy_change")
