"""The tables fit each other."""

from __future__ import annotations

from koding_audit.denials.knowledge import DenialTables, squeeze


def test_each_action_of_a_message_is_in_the_list(tables: DenialTables) -> None:
    for form in tables.messages:
        assert all(each in tables.actions for each in (*form.likely, *filter(None, [form.action]))), form.words


def test_words_are_compared_without_spaces_and_in_lower_case(tables: DenialTables) -> None:
    assert squeeze("Session Policy") == "sessionpolicy"
    assert {*tables.layers.values()} == {"identity", "resource", "boundary", "session", "scp", "rcp", "vpce"}
    assert all(words == squeeze(words) for words in (*tables.layers, *tables.look_alikes))
