"""A plan as JSON: read back as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from koding_audit.io.codec.plan import decode_plan, encode_plan
from koding_audit.io.json_text import parse_json
from koding_audit.model.plan import Basis, Plan, Step
from tests.io.codec.shapes import accounts, actions, files, texts, times, unique_ids, word_lists

plans = st.builds(
    Plan,
    st.builds(Basis, accounts, times, files, word_lists, word_lists, word_lists, st.booleans(), st.booleans(), texts),
    st.lists(
        st.builds(Step, actions, texts, st.sampled_from(["add", "create", "replace"]), unique_ids), max_size=3
    ).map(tuple),
)


def plan_from(text: str) -> Plan:
    return decode_plan(parse_json(text, "x.json"), "x.json")


@given(plans)
def test_a_plan_is_read_back_as_it_was(plan: Plan) -> None:
    assert plan_from(encode_plan(plan)) == plan
