"""Whatever a file or a reply holds, it is read as a value or refused with a message; nothing else is ever raised."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.aws import credential_report, iam, organizations
from koding_audit.aws.connection import Connection
from koding_audit.aws.credential_report import ReportFormatError
from koding_audit.aws.deadline import Deadline
from koding_audit.aws.session import make_client, new_session
from koding_audit.aws.settings import Settings
from koding_audit.cli import main
from koding_audit.desired import load_desired
from koding_audit.io import json_text
from koding_audit.io.codec.journal import decode_journal, journal_header, journal_line
from koding_audit.io.codec.plan import decode_plan, encode_plan
from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.model.account import Account
from koding_audit.model.desired import Desired
from koding_audit.model.errors import CallError, InputError
from koding_audit.model.finding import Action
from koding_audit.model.plan import Basis, Entry, Plan, Step
from koding_audit.model.verb import Verb
from koding_audit.policy import document
from koding_audit.policy.diff import compare_documents
from koding_audit.policy.evaluation import AccessRequest, Context, Policies, Policy, compile_document, decide
from koding_audit.remediation.plan import undo_query
from koding_audit.remediation.write import plan_lines
from tests.fuzz.mutations import DOCUMENT, JUNK, few, mutated
from tests.servers.wire import reply_xml, service_model
from tests.simulator.account import HEADER
from tests.values import NOW, REFERENCE, journal_of, live_group, live_role, live_user, root_use, snapshot

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unmeasured")]

BORN = datetime(2026, 1, 1, tzinfo=timezone.utc)
OWN = "arn:aws:iam::123456789012:policy/p"
FILE: Any = {
    "version": 1,
    "account": {"id": "123456789012", "partition": "aws"},
    "policy_sets": {
        "a": {"policies": ["IAMReadOnlyAccess", {"name": "own", "document": {**DOCUMENT, "Statement": []}}]},
        "b": {
            "policies": [{"name": "ReadOnlyAccess", "version": "v5"}],
            "actions": ["s3:GetObject", {"action": "a:b"}],
        },
    },
    "groups": {"G": {"required": ["a"], "optional": ["b"], "members": ["u"], "inline": {"i": DOCUMENT}}},
    "user_defaults": {"service": {"console": "forbidden", "access_keys": {"max_active": 1}}},
    "users": {"u": {"type": "service", "tags": {"k": "v"}, "boundary": "none", "access_keys": "forbidden"}},
    "roles": {"r": {"required": ["a"], "trust": DOCUMENT, "path": "/x/"}},
    "closed": {"users": True},
    "ignore": [{"role": "AWS*", "reason": "x"}],
    "root": {"access_keys": "forbidden", "unused_days": 3},
}
SAVED = json.loads(
    encode_snapshot(
        snapshot(
            live_user(
                "u", inline=["i"], attached=["arn:aws:iam::123456789012:policy/p"], groups=["G"], tags={"k": "v"}
            ),
            live_group("G", inline=["i"], members=["u"]),
            live_role("r"),
            documents={
                "user/u/i": json.dumps(DOCUMENT),
                "group/G/i": json.dumps(DOCUMENT),
                OWN: json.dumps(DOCUMENT),
            },
            listed=frozenset({"user", "group", "role"}),
            root_use=root_use(),
            summary={"UsersQuota": 5},
        )
    )
)
ARN = "arn:aws:iam::123456789012"
DETAIL: Any = {"Path": "/", "AttachedManagedPolicies": [{"PolicyArn": "x"}]}
DETAILS: Any = {
    "UserDetailList": [
        {**DETAIL, "UserName": "u", "UserId": "AIDA", "Arn": f"{ARN}:user/u", "GroupList": ["G"],
         "Tags": [{"Key": "k", "Value": "v"}],
         "UserPolicyList": [{"PolicyName": "i", "PolicyDocument": DOCUMENT}],
         "PermissionsBoundary": {"PermissionsBoundaryArn": "x"}},
    ],
    "GroupDetailList": [{**DETAIL, "GroupName": "G", "GroupId": "AGPA", "Arn": f"{ARN}:group/G",
                         "GroupPolicyList": []}],
    "RoleDetailList": [{**DETAIL, "RoleName": "r", "RoleId": "AROA", "Arn": f"{ARN}:role/r",
                        "AssumeRolePolicyDocument": DOCUMENT}],
    "Policies": [
        {"Arn": "arn:aws:iam::123456789012:policy/p", "PolicyId": "ANPA", "DefaultVersionId": "v1",
         "PolicyVersionList": [{"VersionId": "v1", "Document": DOCUMENT, "IsDefaultVersion": True}]},
    ],
}  # fmt: skip


# --- files ------------------------------------------------------------------------------------------


def ran(*arguments: str) -> int:
    """A command's status; it never crashes."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([*arguments, "--verbose"])
    assert "this is a bug" not in err.getvalue(), err.getvalue()
    assert status in (0, 1, 2)
    return status


@few(120)
@given(mutated(FILE))
def test_a_desired_state_is_loaded_or_refused(tmp_path: Path, value: Any) -> None:
    """JSON is YAML: a tree with something wrong in it becomes a file without a mistake in its signs."""
    path = tmp_path / "desired.yaml"
    path.write_text(json.dumps(value), encoding="utf-8")
    with contextlib.suppress(InputError):
        assert isinstance(load_desired([str(path)]), Desired)


@few(60)
@given(mutated(SAVED) | mutated(DETAILS))
def test_a_saved_account_is_audited_or_refused(tmp_path: Path, value: Any) -> None:
    path, desired = tmp_path / "saved.json", tmp_path / "desired.yaml"
    path.write_text(json.dumps(value), encoding="utf-8")
    desired.write_text(json.dumps(FILE | {"account": {"id": "123456789012"}}), encoding="utf-8")
    ran("scan", str(desired), "--source", f"snapshot:{path}")
    ran("can", "user/u", "s3:GetObject", "--source", f"snapshot:{path}")
    ran("can", "--who", "s3:GetObject", "--source", f"snapshot:{path}")
    ran("diff", f"snapshot:{path}#user/u/i", f"snapshot:{path}#group/G/i")


def plan() -> Any:
    names = {"GroupName": "G", "UserName": "u", "RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/a", "Path": "/"}
    names |= {"PolicyName": "p", "VersionId": "v1", "PolicyDocument": "{}"}
    basis = Basis(Account("123456789012", "aws"), NOW, (), (), (), (), True, True, "0")
    steps = tuple(Step(Action(verb, names), "f", "add", {("group", "g"): "AGPA"}) for verb in Verb)
    return json.loads(encode_plan(Plan(basis, steps)))


@few(150)
@given(mutated(plan()))
def test_a_plan_is_read_or_refused(value: Any) -> None:
    with contextlib.suppress(InputError):
        assert plan_lines(decode_plan(json_text.parse_json(json.dumps(value), "x"), "x"), {})


def journal() -> str:
    action = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "G", "PolicyArn": "arn:aws:iam::aws:policy/a"})
    states = [Entry(action, outcome, "d", {("group", "g"): "AGPA"}) for outcome in ("started", "done")]
    header = journal_header(Account("123456789012", "aws"), NOW, ())
    return journal_of(header, *(journal_line(NOW, 0, each) for each in states))


def test_a_journal_that_is_cut_anywhere_is_read_or_refused() -> None:
    text = journal()
    for length in range(len(text)):
        with contextlib.suppress(InputError):
            undo_query(decode_journal(text[:length], "x")[0])


@few(150)
@given(st.data())
def test_a_journal_is_read_or_refused(data: st.DataObject) -> None:
    """Its lines are changed and chained again, as by somebody who knows how."""
    lines = [json.loads(line) for line in journal().splitlines()]
    number = data.draw(st.integers(0, len(lines) - 1))
    lines[number] = data.draw(mutated({name: each for name, each in lines[number].items() if name != "chain"}))
    texts = [json.dumps(line) + "\n" for line in lines]
    with contextlib.suppress(InputError):
        undo_query(decode_journal("".join(texts), "x")[0])
    if isinstance(lines[number], dict):
        unchained = [{name: each for name, each in line.items() if name != "chain"} for line in lines]
        with contextlib.suppress(InputError):
            undo_query(decode_journal(journal_of(*(json.dumps(line) + "\n" for line in unchained)), "x")[0])


# --- documents --------------------------------------------------------------------------------------


@few(200)
@given(mutated(DOCUMENT) | st.recursive(JUNK, st.lists), mutated(DOCUMENT))
def test_a_document_is_parsed_compared_and_evaluated_or_refused(value: Any, other: Any) -> None:
    texts = [json.dumps(value), json.dumps(other)]
    parsed = []
    for text in texts:
        with contextlib.suppress(InputError):
            parsed.append(document.parse_document(text))
    if len(parsed) == 2:
        assert compare_documents(*parsed).verdict in ("equal", "different", "undecided")
    policies = tuple(Policy("identity policies", text, compile_document(text)) for text in texts)
    context = Context.from_values(
        {"aws:username": ("ann",), "aws:tagkeys": ("abc",), "s3:max-keys": ("x",)}, complete=False
    )
    request = AccessRequest("s3:GetObject", "arn:aws:s3:::b/ann/x", "arn:aws:iam::123456789012:user/ann", context)
    assert decide(request, Policies(identity=policies), REFERENCE).verdict in (
        "allowed",
        "explicit-deny",
        "implicit-deny",
        "unknown",
    )


@few(200)
@given(st.text(max_size=60) | st.text(alphabet='{}[]":,%2 Statement', max_size=60))
def test_any_text_is_a_document_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        document.parse_document(text)


# --- the credential report --------------------------------------------------------------------------


ROW = dict.fromkeys(HEADER.split(","), "N/A") | {"user": "<root_account>", "password_last_used": "no_information"}


def read_report(content: bytes) -> None:
    with contextlib.suppress(ReportFormatError):
        table = credential_report.parse_credential_report(content)
        for row in table.values():
            credential_report.has_no_key(row)
            credential_report.has_no_password(row)
        credential_report.parse_root_use(table, NOW)


@few(200)
@given(st.binary(max_size=300) | st.text(alphabet='user,"\r\n\0<root_ccount>\ufeff', max_size=100).map(str.encode))
def test_any_bytes_are_a_credential_report_or_refused(content: bytes) -> None:
    read_report(content)
    read_report(HEADER.encode() + b"\n" + content)


@few(100)
@given(mutated([{"row": ROW}, {"row": ROW | {"user": "u"}}]), st.permutations(list(ROW)))
def test_a_report_with_other_columns_and_words_is_read_or_refused(value: Any, order: list[str]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(order)
    for each in value if isinstance(value, list) else []:
        row = each.get("row") if isinstance(each, dict) else None
        if isinstance(row, dict):
            writer.writerow([str(row[name]) for name in order if name in row])
    read_report(stream.getvalue().encode("utf-8", "replace"))


# --- replies ----------------------------------------------------------------------------------------


class Answering:
    """A client that answers every call with the same reply."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply
        self.meta = SimpleNamespace(events=SimpleNamespace(register=lambda *_: None))

    def __getattr__(self, _operation: str) -> Callable[..., Any]:
        return lambda **_parameters: self.reply


def connection(sdk_client: Any) -> Connection:
    """A connection over a client; nothing goes over a wire. The list of a fuzzed reply may not end: it ends here."""
    pool = ThreadPoolExecutor(1)
    identity: Future[Any] = Future()
    return Connection(sdk_client, None, Deadline(60.0), pool, identity, lambda _service: sdk_client)


USER = {"UserName": "u", "UserId": "AIDA", "Arn": "arn:aws:iam::123456789012:user/u", "Path": "/", "CreateDate": BORN}
POLICY = {"Arn": "arn:aws:iam::123456789012:policy/p", "PolicyId": "ANPA", "DefaultVersionId": "v1"}
WHOLE = DETAILS | {"IsTruncated": False}
TAGGED = {"User": USER | {"Tags": [{"Key": "a", "Value": "b"}]}}
REPLIES: dict[str, tuple[Callable[[Connection], Any], str, dict[str, Any]]] = {
    "user": (lambda line: iam.read_principal(line, "user", "u"), "GetUser", TAGGED),
    "group": (
        lambda line: iam.read_principal(line, "group", "G", members=True),
        "GetGroup",
        {"Group": {"GroupName": "G", "GroupId": "AGPA", "Arn": f"{ARN}:group/G", "Path": "/", "CreateDate": BORN},
         "Users": [USER], "IsTruncated": False},
    ),
    "role": (
        lambda line: iam.read_principal(line, "role", "r"),
        "GetRole",
        {"Role": {"RoleName": "r", "RoleId": "AROA", "Arn": f"{ARN}:role/r", "Path": "/", "CreateDate": BORN,
                  "AssumeRolePolicyDocument": DOCUMENT}},
    ),
    "attached": (
        lambda line: iam.list_attached_policies(line, "user", "u"),
        "ListAttachedUserPolicies",
        {"AttachedPolicies": [{"PolicyName": "p", "PolicyArn": "a"}], "IsTruncated": False},
    ),
    "inline": (
        lambda line: iam.list_inline_policies(line, "user", "u"),
        "ListUserPolicies",
        {"PolicyNames": ["p"], "IsTruncated": False},
    ),
    "document": (
        lambda line: iam.read_inline_document(line, "user", "u", "p"),
        "GetUserPolicy",
        {"UserName": "u", "PolicyName": "p", "PolicyDocument": DOCUMENT},
    ),
    "keys": (
        lambda line: iam.list_access_keys(line, "u"),
        "ListAccessKeys",
        {"AccessKeyMetadata": [{"UserName": "u", "AccessKeyId": "AKIA1234", "Status": "Active", "CreateDate": BORN}],
         "IsTruncated": False, "AccessKeyLastUsed": {"LastUsedDate": BORN, "ServiceName": "s", "Region": "r"}},
    ),
    "services": (
        lambda line: iam.list_service_credentials(line, "u"),
        "ListServiceSpecificCredentials",
        {"ServiceSpecificCredentials": [{"ServiceName": "codecommit.amazonaws.com", "Status": "Active"}],
         "IsTruncated": False, "SSHPublicKeys": [{"SSHPublicKeyId": "APKA1", "Status": "Inactive"}]},
    ),
    "certificates": (
        lambda line: iam.count_signing_certificates(line, "u"),
        "ListSigningCertificates",
        {"Certificates": [{"CertificateId": "C1", "Status": "Active"}], "IsTruncated": False},
    ),
    "policy": (lambda line: iam.read_managed_policy(line, "a"), "GetPolicy", {"Policy": POLICY}),
    "policies": (iam.list_managed_policies, "ListPolicies", {"Policies": [POLICY], "IsTruncated": False}),
    "versions": (
        lambda line: iam.list_policy_versions(line, "a"),
        "ListPolicyVersions",
        {"Versions": [{"VersionId": "v1"}], "IsTruncated": False},
    ),
    "version": (
        lambda line: iam.read_managed_document(line, "a", "v1"),
        "GetPolicyVersion",
        {"PolicyVersion": {"Document": DOCUMENT, "VersionId": "v1"}},
    ),
    "summary": (iam.read_account_summary, "GetAccountSummary", {"SummaryMap": {"UsersQuota": 5}}),
    "report": (
        lambda line: iam.read_credential_report(line, lambda _seconds: None),
        "GetCredentialReport",
        {"Content": b"user\nu\n", "ReportFormat": "text/csv", "GeneratedTime": BORN},
    ),
    "users": (lambda line: iam.list_authorization_details(line, ["user"]), "GetAccountAuthorizationDetails", WHOLE),
    "groups": (lambda line: iam.list_authorization_details(line, ["group"]), "GetAccountAuthorizationDetails", WHOLE),
    "roles": (lambda line: iam.list_authorization_details(line, ["role"]), "GetAccountAuthorizationDetails", WHOLE),
    "own": (iam.list_own_policies, "GetAccountAuthorizationDetails", WHOLE),
    "simulation": (
        lambda line: iam.simulate_principal(line, "a", ["s3:Get"], "*", []),
        "SimulatePrincipalPolicy",
        {"EvaluationResults": [{"EvalActionName": "s3:Get", "EvalDecision": "allowed", "MissingContextValues": ["k"],
                                "OrganizationsDecisionDetail": {"AllowedByOrganizations": True}}],
         "IsTruncated": False},
    ),
    "organization": (
        lambda line: organizations.read_organization(line, "123456789012"),
        "",
        {"Organization": {"Id": "o", "MasterAccountId": "1", "FeatureSet": "ALL"},
         "Parents": [{"Id": "r", "Type": "ROOT"}],
         "Policies": [{"Id": "p", "Name": "n"}], "Policy": {"Content": "{}"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REPLIES)
def test_a_good_reply_is_read(name: str) -> None:
    read, _, reply = REPLIES[name]
    read(connection(Answering(reply)))


@pytest.mark.parametrize("name", REPLIES)
@few(25)
@given(data=st.data())
def test_a_reply_is_read_or_refused(name: str, data: st.DataObject) -> None:
    read, _, reply = REPLIES[name]
    with contextlib.suppress(CallError):
        read(connection(Answering(data.draw(mutated(reply)))))


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[Connection, list[bytes]]]:
    """A real client, and the body that it takes for the answer to every call."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "example")
        session, body = new_session(Settings()), [b""]
        made = make_client(session, "iam", Settings(endpoint_url="http://127.0.0.1:9"))

        def answer(request: Any, **_: Any) -> AWSResponse:
            reply = AWSResponse(request.url, 200, {"Content-Type": "text/xml"}, io.BytesIO())
            reply._content = body[0]
            return reply

        made.meta.events.register("before-send", answer)
        yield connection(made), body


BYTES = st.binary(max_size=60) | st.sampled_from(
    [b"<a>", b"</", b"&#27;", b"<![CDATA[", b"%5B" * 3000, b"<member>", b"\xff"]
)


@pytest.mark.parametrize("name", [name for name, (_, operation, _) in REPLIES.items() if operation])
@few(15)
@given(data=st.data())
def test_any_bytes_are_a_reply_or_refused(name: str, wire: tuple[Connection, list[bytes]], data: st.DataObject) -> None:
    """Through botocore's own parsers: the good reply with a hole and a patch, or anything."""
    read, operation, reply = REPLIES[name]
    line, body = wire
    known = service_model("iam").operation_model(operation).output_shape.members
    good = reply_xml("iam", operation, {key: each for key, each in reply.items() if key in known})
    start = data.draw(st.integers(0, len(good)))
    body[0] = good[:start] + data.draw(BYTES) + good[start + data.draw(st.integers(0, 30)) :]
    with contextlib.suppress(CallError):
        read(line)
