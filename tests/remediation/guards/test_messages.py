"""The words of guards: titles of documents, and lists that do not fill a screen."""

from __future__ import annotations

from koding_audit.remediation.guards.messages import document_title, join_first
from tests.values import aws, own


def test_a_document_has_the_name_that_a_file_gives_it() -> None:
    assert document_title(aws("IAMFullAccess")) == "IAMFullAccess"
    assert document_title(f"{own('edge')}@v3") == "version v3 of customer:edge"
    assert document_title("user/ada/own") == "inline policy own of user ada"


def test_a_long_list_ends_with_a_count() -> None:
    assert join_first(["a", "b", "c"]) == "a, b, c"
    assert join_first("abcde", "; ") == "a; b; c and 2 more"
