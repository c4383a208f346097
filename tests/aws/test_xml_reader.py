"""The fast reader of the large reply gives what botocore's parser gives, or leaves the reply to it."""

from __future__ import annotations

import functools
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from koding_audit.aws import xml_reader
from koding_audit.aws.connection import Connection
from koding_audit.model.errors import CallError
from tests.servers.replay import Replay
from tests.servers.wire import reply_xml, service_model

OPERATION = "GetAccountAuthorizationDetails"
NAMES = st.text(alphabet="ab<&>'\"é\n \t%7B", max_size=6)
TIMES = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, timezone.utc))
TEXTS = st.builds(
    "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z".format,
    st.integers(0, 9999),
    *(st.integers(0, most) for most in (13, 32, 25, 61, 61)),
    st.none().map(lambda _: "") | st.text("0123456789", max_size=11).map(".{}".format),
)
BOMB = b"<!DOCTYPE a [<!ENTITY b 'bbbbbbbb'><!ENTITY c '&b;&b;&b;&b;'>]>"


def shape() -> Any:
    return service_model("iam").operation_model(OPERATION).output_shape


@functools.cache
def reader() -> Any:
    return xml_reader.build_reply_reader(shape())


def botocores(body: bytes) -> Any:
    """What botocore's parser makes of it, but for what it adds of the HTTP reply."""
    from botocore.parsers import create_parser

    found = create_parser("query").parse({"body": body, "headers": {}, "status_code": 200}, shape())
    metadata = {name: each for name, each in found.pop("ResponseMetadata").items() if not name.startswith("HTTP")}
    return {**found, "ResponseMetadata": metadata}


def values(of: Any, depth: int = 4) -> st.SearchStrategy[Any]:
    """Values of a shape as AWS could send them, with members left out."""
    if of.type_name == "structure":
        members = {name: values(member, depth - 1) for name, member in of.members.items() if depth}
        return st.fixed_dictionaries({}, optional=members)
    if of.type_name == "list":
        return st.lists(values(of.member, depth - 1), max_size=2)
    plain = {
        "string": NAMES,
        "timestamp": TIMES,
        "boolean": st.booleans(),
        "integer": st.integers(0, 9),
    }
    return plain[of.type_name]


def accounts() -> st.SearchStrategy[Any]:
    return values(shape())


@given(st.deferred(accounts))
def test_any_account_is_read_as_botocore_reads_it(account: Any) -> None:
    body = reply_xml("iam", OPERATION, account)
    assert reader()(body) == botocores(body)


@given(TEXTS)
@example("2026-11-23T20:00:00.123456Z")
@example("2026-11-23T20:00:00.5Z")
@example("2026-11-23T20:00:00.999999999Z")
@example("2026-11-23T20:00:00.Z")
@example("2026-11-23T23:59:60.5Z")
def test_a_time_is_read_as_botocore_reads_it_or_left_to_it(text: str) -> None:
    from botocore.utils import parse_timestamp

    found = xml_reader.parse_xml_time(text)
    assert found is None or found == parse_timestamp(text)


@pytest.mark.parametrize("fraction", ["", ".1", ".123456", ".000001", ".123456789"])
def test_a_time_with_a_fraction_of_a_second_is_not_left_to_botocore(fraction: str) -> None:
    body = WHOLE.replace(b"00:00:00Z", f"00:00:00{fraction}Z".encode())
    assert reader()(body) == botocores(body)


WHOLE = reply_xml(
    "iam",
    OPERATION,
    {
        "UserDetailList": [
            {
                "UserName": "ada",
                "CreateDate": datetime(2026, 1, 1, tzinfo=timezone.utc),
                "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": "%7B%7D"}],
                "GroupList": ["Developers"],
            }
        ],
        "Policies": [{"AttachmentCount": 2, "IsAttachable": True}],
        "IsTruncated": True,
        "Marker": "m",
    },
)
PARTS = st.sampled_from(
    [
        *(b"", b"<member/>", b"<a>b</a>", b"</member>", b"<Marker>n</Marker>", b"<!-- c -->", b"&amp;", b"&b;", b"x"),
        *(b"true", b"<IsTruncated>TRUE</IsTruncated>", b"<x:GroupList xmlns:x='y'/>", b"<![CDATA[<a>]]>", b"<?p i?>"),
        *(b"\xff", b" "),
    ]
)
PLACES = st.integers(0, len(WHOLE))


@given(PLACES, PLACES, PARTS)
@example(len(WHOLE) // 2, len(WHOLE), b"")  # a body that was cut
@example(0, len(WHOLE), b"<html>sign in</html>")
@example(0, len(WHOLE), b"")
@example(WHOLE.index(b"2026-01"), WHOLE.index(b"2026-01") + 7, b"2026-13")
@example(WHOLE.index(b"2</Att"), WHOLE.index(b"2</Att") + 1, b" 2 ")
def test_a_changed_reply_is_read_as_botocore_reads_it_or_left_to_it(start: int, end: int, part: bytes) -> None:
    body = WHOLE[:start] + part + WHOLE[max(start, end) :]
    try:
        found = reader()(body)
    except xml_reader.IrregularReply:
        return
    assert found == botocores(body)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<Marker>m</Marker>", b"<Marker>m</Marker><Marker>n</Marker>"),
        (b"<member>Developers</member>", b"<item>Developers</item>"),
        (b"<UserName>ada</UserName>", b"<UserName>a<b/>da</UserName>"),
        (b"GetAccountAuthorizationDetailsResult>", b"GetGroupResult>"),
        (b"2026-01-01T00:00:00Z", b"1 January 2026"),
        (b"2026-01-01T00:00:00Z", b"2026-01-01T00:00:60.5Z"),
        (b"2026-01-01T00:00:00Z", b"2026-01-01T00:00:00.Z"),
        (b"2026-01-01T00:00:00Z", b"2026-01-01T00:00:00,5Z"),
        (b"</RequestId>", b"</RequestId><RequestId/>"),
        (b"</ResponseMetadata>", b"</ResponseMetadata><ResponseMetadata/>"),
        (b"<AttachmentCount>2<", b"<AttachmentCount>two<"),
        (b"</GetAccountAuthorizationDetailsResponse>", b""),
    ],
)
def test_what_is_not_as_aws_writes_it_is_left_to_botocore(old: bytes, new: bytes) -> None:
    assert old in WHOLE
    with pytest.raises(xml_reader.IrregularReply):
        reader()(WHOLE.replace(old, new))


def test_a_reply_that_declares_a_document_type_is_refused_and_no_entity_is_expanded(
    connection: Connection, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(xml_reader.DocumentTypeError):
        reader()(BOMB + WHOLE.replace(b">ada<", b">&c;<"))
    monkeypatch.setattr(replay, "reply", lambda _: (200, "text/xml", BOMB + WHOLE.replace(b">ada<", b">&c;<")))
    with pytest.raises(CallError, match="DocumentType"):
        connection.pages(OPERATION, "UserDetailList", Filter=["User"])


def test_a_shape_that_iam_does_not_have_is_left_to_botocore() -> None:
    s3 = service_model("s3").operation_model("ListBuckets").output_shape.members["Buckets"]
    s3.serialization["flattened"] = True
    assert xml_reader._element_reader(s3) is xml_reader._refuse_element
