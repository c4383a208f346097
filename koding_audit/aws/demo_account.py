"""The demo account: answers botocore's requests from recorded replies, and by moto from one that was not recorded on.

demo_replies.jsonl has moto's replies to what the tour and scans of the packaged files read, before and after each write
of the tour. tests/record_demo.py records them, and `make docs` compares them with moto, which is slow to import.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from io import BytesIO
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlencode

from koding_audit.model.errors import InputError

KEY_AGE = timedelta(days=400)
REPLIES = os.path.join(os.path.dirname(__file__), "demo_replies.jsonl")  # noqa: PTH118, PTH120 - pathlib is not loaded
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"
OPENED, KEY_CREATED, CONTENT = "{opened}", "{key_created}", "{content}"
"""The names in a recorded reply of the two times of the account, and of the encoded `content`."""

_USER, _GROUP, _KEY_ID = "koding-user", "Developers", "AKIAEXAMPLEDEMO00000"
_AWS_POLICY = "arn:aws:iam::aws:policy/"

# The guide's account after a year of use, with drift that is common in real accounts: IAMReadOnlyAccess is missing, the
# Route53 set is partial, AmazonS3ReadOnlyAccess is unexpected, the user is not in the group, and its access key is old.
_SEED: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("CreateGroup", {"GroupName": _GROUP}),
    *(
        ("AttachGroupPolicy", {"GroupName": _GROUP, "PolicyArn": _AWS_POLICY + name})
        for name in ("AmazonEC2FullAccess", "AmazonRoute53FullAccess", "AmazonS3ReadOnlyAccess")
    ),
    ("CreateUser", {"UserName": _USER}),
    ("CreateAccessKey", {"UserName": _USER}),
)


class DemoAccount:
    """One demo account. It sends nothing: every request gets a recorded reply, or one of moto in this process."""

    def __init__(self) -> None:
        self.opened = datetime.now(timezone.utc).replace(microsecond=0)
        self._rows = _read_rows()
        self._writes: list[Any] = []
        self._moto: Any = None
        self._lock = Lock()
        self._cleanup = contextlib.ExitStack()

    def watch(self, session: Any) -> None:
        """Answers the requests of all clients of a botocore session, which sends none."""
        moto = sys.modules.get("moto.core.models")
        if moto is not None:  # an earlier account imported it: it would answer each request by itself, a second time
            session.unregister("before-send", moto.botocore_stubber)
        session.register("before-send", self.answer)

    def answer(self, request: Any, **_: Any) -> Any:
        """Botocore's event before it sends a request: returns the reply. Raises InputError if moto is not installed."""
        with self._lock:
            row = None if self._moto else self._recorded_row(request)
            if row is None and self._moto is None:
                self._start_moto()
        return self._recorded_reply(request, row) if row else self.ask_moto(request)

    def ask_moto(self, request: Any) -> Any:
        """The reply of moto, which is started."""
        reply = self._moto("before-send", request)
        if reply is None:
            raise AssertionError("unreachable: moto answers every request to AWS")
        return reply

    def close(self) -> None:
        """Deletes the account."""
        self._cleanup.close()

    def _recorded_row(self, request: Any) -> Mapping[str, Any] | None:
        """The recorded reply of a request, None if there is none. A write counts from now on."""
        made = len(self._writes)
        row = next((each for each in self._rows.get(describe_request(request), ()) if each["after"] <= made), None)
        if row is not None and row.get("write"):
            if row["after"] != made:  # a write of the tour, but not its next one
                return None
            self._writes.append(request)
        return row

    def _recorded_reply(self, request: Any, row: Mapping[str, Any]) -> Any:
        from botocore.awsrequest import AWSResponse  # noqa: PLC0415 - late, as in new_session

        body = row["body"].replace(CONTENT, base64.b64encode(self._with_times(row.get("content", ""))).decode())
        return AWSResponse(request.url, row.get("status", 200), {}, _Body(self._with_times(body)))

    def _with_times(self, text: str) -> bytes:
        created = (self.opened - KEY_AGE).strftime(TIME_FORMAT)
        return text.replace(OPENED, self.opened.strftime(TIME_FORMAT)).replace(KEY_CREATED, created).encode()

    def _start_moto(self) -> None:
        """Makes the account in moto, with the writes that were made so far."""
        try:
            from moto import mock_aws  # noqa: PLC0415 - takes half a second, and is an optional extra
        except ImportError as error:
            raise InputError(
                "the demo needs moto for what is not recorded", "run `pip install 'koding-audit[demo]'`"
            ) from error
        from moto.core.models import botocore_stubber  # noqa: PLC0415 - as above

        self._cleanup.enter_context(mock_aws(config={"iam": {"load_aws_managed_policies": True}}))
        self._moto = botocore_stubber
        for action, parameters in _SEED:
            self.ask_moto(_iam_request(action, parameters))
        self._fix_times_and_ids()
        for request in self._writes:
            self.ask_moto(request)
        self.fix_policy_ids()

    def _fix_times_and_ids(self) -> None:
        """Sets what moto takes from the clock and from chance: the replies before and after must be of one account."""
        user, group = _moto_iam().get_user(_USER), _moto_iam().get_group(_GROUP)
        user.id, group.id = "AIDAEXAMPLEDEMO00000", "AGPAEXAMPLEDEMO00000"
        user.create_date = group.create_date = self.opened.replace(tzinfo=None)
        for key in user.access_keys:
            key.access_key_id = _KEY_ID
            key.create_date = user.create_date - KEY_AGE

    def fix_policy_ids(self) -> None:
        """Sets the ids of all policies, as _fix_times_and_ids does."""
        for arn, policy in _moto_iam().managed_policies.items():
            policy.id = policy_id(arn)


class _Body(BytesIO):
    """A body as botocore reads it from the network."""

    def stream(self, **_: Any) -> list[bytes]:
        return [self.read()]


def policy_id(arn: str) -> str:
    """The id of a policy of this account: by its ARN, where AWS and moto take a new one."""
    return f"ANPA{hashlib.sha256(arn.encode()).hexdigest()[:17].upper()}"


def describe_request(request: Any) -> str:
    """A request as a line of text: `GetUser UserName=koding-user`, for a service with JSON its target and body."""
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
    target = request.headers.get("X-Amz-Target")
    if target is not None:
        return f"{target.decode() if isinstance(target, bytes) else target} {body}"
    parameters = dict(parse_qsl(body, keep_blank_values=True))
    action = parameters.pop("Action", "")
    parameters.pop("Version", None)
    return " ".join([action, *(f"{name}={value}" for name, value in sorted(parameters.items()))])


def _moto_iam() -> Any:
    """Moto's own object of the account."""
    from moto.core.models import DEFAULT_ACCOUNT_ID  # noqa: PLC0415 - as in _start_moto
    from moto.iam.models import iam_backends  # noqa: PLC0415 - as in _start_moto

    return iam_backends[DEFAULT_ACCOUNT_ID]["aws"]


def _iam_request(action: str, parameters: Mapping[str, str]) -> Any:
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - late, as in new_session

    body = urlencode({"Action": action, "Version": "2010-05-08", **parameters})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return AWSRequest(method="POST", url="https://iam.amazonaws.com/", headers=headers, data=body).prepare()


def _read_rows() -> Mapping[str, list[dict[str, Any]]]:
    """The recorded replies by request, the latest first. after: how many writes of the tour were made before."""
    with open(REPLIES, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is not loaded
        rows = json.loads(f"[{','.join(file)}]")
    found: dict[str, list[dict[str, Any]]] = {}
    for row in reversed(rows):
        found.setdefault(row["call"], []).append(row)
    return found
