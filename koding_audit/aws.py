"""The only room that makes a session or a client: credentials, endpoints, retries, deadlines, paging, identity.

botocore is used without boto3's upper half, which costs a quarter of a second of imports that an audit has no use for.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass as open_dataclass
from dataclasses import field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from threading import Lock, local
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from koding_audit import __version__, profiles, xmlreply
from koding_audit.errors import AccessError, AuditError, CallError, EndpointError, InputError
from koding_audit.frozen import dataclass
from koding_audit.model import Account, Caller, Held, Settings
from koding_audit.text import masked
from koding_audit.words import counted

T = TypeVar("T")

ATTEMPTS = 8  # for each call that may be sent again
_PUBLISH_ATTEMPTS = 3  # twice told is better than not at all
IN_FLIGHT = 8  # calls at once on one account
_SHARED = 64  # connections that are kept open for many accounts together
ROWS = "Rows"  # the member under which a reply's own members are, where xmlreply read it
_LARGE = "GetAccountAuthorizationDetailsResponse"
PAGE_SIZE = 1000  # the most that IAM's MaxItems allows
PAGE_CAP = 10_000  # far beyond any account's quotas: an endless list ends here
UNREADABLE_TRIES = 3  # botocore does not send again what it cannot parse
ACCESS_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
NOT_THERE = "NoSuchEntity"
_ALREADY_SO = frozenset({"EntityAlreadyExists", NOT_THERE})
MALFORMED = "MalformedReply"
_LONGEST = 2000  # characters of what AWS says of an error

# Hosts of AWS's own endpoints, by the DNS suffixes of its partitions.
_AWS_SUFFIXES = (
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
)
_AWS_SERVICES = frozenset({"iam", "iam-fips", "sts", "sts-fips"})

# moto leaves IsTruncated out of these, where the API's model does not ask for it: at an endpoint that is not AWS's own
# a first page that says nothing of another one is then the whole list.
_END_UNSAID = frozenset({"GetGroup", "ListAccessKeys", "ListGroupPolicies", "ListSSHPublicKeys"})

_CREDENTIALS_HINT = "run `aws configure`, set AWS_PROFILE, or give --profile; `koding-audit demo` needs none"
_WHERE = "look at ~/.aws/config, ~/.aws/credentials and the AWS_* variables"

# What AWS says to a request whose time or signature it does not accept; which of the two it was, the clock tells.
_TIME_OR_KEY = frozenset({"RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException"})
SKEW_TAKEN = 240  # seconds; a signature is good for five minutes
_REMEMBERED = 4096  # of what was sent: more than is ever under way, and no more for ten thousand accounts
_SPOKEN = 200  # characters of what a program of the user's says to its error stream


class Clock:
    """How far this machine's clock is from that of whoever answered last, by the time in the reply.

    skew: seconds that it is ahead; None before anybody answered.
    """

    def __init__(self) -> None:
        self.skew: int | None = None

    def watch(self, session: Any) -> None:
        """Every reply to a client of the session is looked at, a refusal too."""
        session.register("after-call", self.read)

    def read(self, parsed: Any, **_: Any) -> None:
        """Botocore's event after a reply."""
        found = _skew(parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))
        self.skew = self.skew if found is None else found


class Deadline:
    """When a run's time is up; seconds: how long it has from now, and from each time that it is renewed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        self._at = time.monotonic() + self._seconds

    def remaining(self) -> float:
        """Seconds, less than none when it has passed."""
        return self._at - time.monotonic()


class _AtOnce(Executor):
    """Does what it is given before it returns, in the thread that asks.

    Where many accounts are read at once, threads of each for its few calls would cost more than the calls.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except AuditError as error:
            future.set_exception(error)
        return future


@open_dataclass
class Connection:
    """Clients of one account, and the threads that use them. A call is made with `call` or `pages`, nowhere else.

    endpoint: None for AWS's own; held: the credentials in use; hosts: the addresses of IAM and STS.
    """

    iam: Any
    endpoint: str | None
    deadline: Deadline
    _pool: Executor
    _identity: Future[tuple[Account, Caller]]
    _client: Callable[..., Any]
    source: str = "live"
    held: Held | None = None
    hosts: tuple[str, ...] = ()
    _settings: Settings | None = None
    _models: Any = None
    _making: Lock = field(default_factory=Lock)

    def identity(self) -> tuple[Account, Caller]:
        """The account and the caller, asked of STS, which needs no permission and works under any deny."""
        return self.result(self._identity, "sts:GetCallerIdentity")

    def identity_now(self) -> tuple[Account, Caller]:
        """The same, asked again: what gives the credentials may have given those of somebody else since."""
        return self.result(self.submit(_identify, self._client("sts")), "sts:GetCallerIdentity")

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Run a function in one of the connection's threads, at most IN_FLIGHT at once, or now where it has none."""
        return self._pool.submit(function, *arguments)

    @property
    def one_by_one(self) -> bool:
        """Whether what is submitted is done one after another, so that one call for two things is better than two."""
        return isinstance(self._pool, _AtOnce)

    def result(self, future: Future[T], call: str) -> T:
        """What the function gave, or CallError when the run's deadline comes first."""
        try:
            return future.result(timeout=max(0.0, self.remaining()))
        except FutureTimeout:
            raise _too_late(call) from None

    def renew(self) -> None:
        """Start the run's time again: a person has answered, and writing is a part of its own."""
        self.deadline.renew()

    def remaining(self) -> float:
        """Seconds until the run's deadline."""
        return self.deadline.remaining()

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One IAM call and its parsed reply. Raises CallError, and nothing else, whatever comes back."""
        if self.remaining() <= 0:
            raise _too_late(f"iam:{operation}")
        return _call(self.iam, "iam", operation, parameters)

    def call_once(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One IAM call that is sent once, whatever comes back: for what would be done twice. Raises CallError."""
        if self.remaining() <= 0:
            raise _too_late(f"iam:{operation}")
        return _call(self._client("iam", attempts=1), "iam", operation, parameters)

    def assumed(self, role_arn: str, external_id: str) -> Connection:
        """A connection of another account, by a role there, with time of its own. Raises AccessError.

        All of them call through the same two clients, each with keys of its own, and each in the thread that asks.
        """
        deadline = Deadline(self._own_settings.timeout)
        keys, arn = _assume(self._sts, role_arn, external_id)

        def another(service: str, **more: Any) -> Any:
            with self._making:  # botocore's session is not made for several threads
                return self._client(service, **keys, **more)

        with self._making:
            shared = self._shared
        threads = _AtOnce()
        if arn:  # whose the keys are, STS has said with them: to ask again would be a sixth of an account's calls
            identity = threads.submit(_whose, arn, "sts:AssumeRole", role_arn)
        else:
            identity = threads.submit(_identify, shared.by("sts", keys, deadline), role_arn)
        iam = shared.by("iam", keys, deadline)
        return Connection(iam, self.endpoint, deadline, threads, identity, another, self.source)

    @functools.cached_property
    def _sts(self) -> Any:
        with self._making:
            return self._client("sts")

    @functools.cached_property
    def _shared(self) -> _Shared:
        return _Shared.made(self._own_settings, self._models)

    @property
    def _own_settings(self) -> Settings:
        if self._settings is None:
            raise AssertionError("unreachable: only a connection of one's own credentials leads to others")
        return self._settings

    def ask_organizations(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One call to Organizations, as `call` makes them to IAM. Few audits need any: the client is made here."""
        if self.remaining() <= 0:
            raise _too_late(f"organizations:{operation}")
        return _call(self._organizations, "organizations", operation, parameters)

    def organization_pages(self, operation: str, items: str, **parameters: str) -> list[Any]:
        """Every item of a list of Organizations, whose last page has no token; or CallError."""
        call = f"organizations:{operation}"
        found: list[Any] = []
        for _ in range(PAGE_CAP):
            reply = self.ask_organizations(operation, **parameters)
            found += take(reply, items, list, call)
            if reply.get("NextToken") is None:
                return found
            parameters["NextToken"] = take(reply, "NextToken", str, call)
        raise CallError(call, MALFORMED, f"the list does not end after {PAGE_CAP} pages")

    @functools.cached_property
    def _organizations(self) -> Any:
        return self._client("organizations")

    def pages(self, operation: str, items: str, **parameters: Any) -> list[Any]:
        """Every item of a list, or CallError: half a list is never returned.

        botocore's paginators stop without a word when a page lacks its Marker or IsTruncated, and follow markers
        that go round in circles, so the end of the list is checked here: the last page has to say that it is the last.
        """
        (found,) = self.lists(operation, (items,), **parameters)
        return found

    def lists(self, operation: str, members: Sequence[str], **parameters: Any) -> tuple[list[Any], ...]:
        """The same of an operation whose pages have parts of several lists, by the names of their members."""
        call = f"iam:{operation}"
        found: tuple[list[Any], ...] = tuple([] for _ in members)
        seen: set[str] = set()
        for _ in range(PAGE_CAP):
            reply = self.call(operation, MaxItems=PAGE_SIZE, **parameters)
            reply = reply.get(ROWS, reply)
            for rows, items in zip(found, members, strict=True):
                rows.extend(take(reply, items, list, call))
            unsaid = self.endpoint is not None and operation in _END_UNSAID and not seen
            if unsaid and not reply.keys() & {"IsTruncated", "Marker"}:
                return found
            if not take(reply, "IsTruncated", bool, call):
                return found
            marker = take(reply, "Marker", str, call)
            if not marker or marker in seen:
                raise CallError(call, MALFORMED, "the list does not end: its marker came twice")
            seen.add(marker)
            parameters["Marker"] = marker
        raise CallError(call, MALFORMED, f"the list does not end after {PAGE_CAP} pages")


def take(reply: Any, name: str, kind: type[T], call: str) -> T:
    """A member of a reply, of the type it has to have; CallError names what is wrong with the reply."""
    value = reply.get(name) if isinstance(reply, dict) else None
    if not isinstance(value, kind):
        raise CallError(call, MALFORMED, f"the reply has no usable {name}")
    return value


def take_time(reply: Any, name: str, call: str) -> datetime:
    """A time in UTC; one without a zone is UTC already, as IAM gives no other."""
    value = take(reply, name, datetime, call)
    try:
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
    except OverflowError:  # the first or last day of the calendar, in another zone
        raise CallError(call, MALFORMED, f"the reply has no usable {name}") from None


@contextlib.contextmanager
def connect(
    settings: Settings, *, attempts: int = ATTEMPTS, asks: bool = True, clock: Clock | None = None
) -> Iterator[Connection]:
    """A connection with the credentials that botocore finds, or those of the role that the settings name.

    The identity is on its way to STS while the IAM client is being made. asks: whether a person may be asked for an
    MFA code; clock: told of every reply. Raises AccessError.
    """
    check_endpoint(settings)
    check_role(settings)
    deadline = Deadline(settings.timeout)
    pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="aws")
    try:
        with _explained(settings):
            session = new_session(settings)
            if clock:
                clock.watch(session)
            _check_bundle(session, settings)
            keys, held = _in_time(pool.submit(_keys, session, settings, asks), deadline)
            sts = client(session, "sts", settings, attempts=attempts, **keys)
            identity = pool.submit(_identify, sts, settings.role_arn)

            def another(service: str, attempts: int = attempts, **others: Any) -> Any:
                return client(session, service, settings, attempts=attempts, **(others or keys))

            iam = another("iam")
        endpoint = settings.endpoint_url if settings.endpoint_url and not _is_aws(settings.endpoint_url) else None
        hosts = (iam.meta.endpoint_url, sts.meta.endpoint_url)
        common = (iam, endpoint, deadline, pool, identity, another)
        models = session.get_component("data_loader")
        yield Connection(*common, held=held, hosts=hosts, _settings=settings, _models=models)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def publish(topic: str, subject: str, message: str, settings: Settings) -> None:
    """One message to a topic of SNS, by its ARN, whose region the settings name. Raises AuditError.

    It asks IAM and STS nothing: its credentials need sns:Publish, and no more.
    """
    check_endpoint(settings)
    with _explained(settings):
        session = new_session(settings)
        _check_bundle(session, settings)
        sns = client(session, "sns", settings, attempts=_PUBLISH_ATTEMPTS)
    _call(sns, "sns", "Publish", {"TopicArn": topic, "Subject": subject, "Message": message})


def _models() -> Any:
    """What reads service models, each once: from the installed package, and from nowhere else.

    By default botocore also reads ~/.aws/models and AWS_DATA_PATH, where a changed model could send another action
    under an innocent name.
    """
    import botocore.loaders  # noqa: PLC0415 - late, as in new_session

    class PackagedModels(botocore.loaders.Loader):  # type: ignore[misc] # botocore has no types
        """Reads from the package, and names the services in use instead of listing 400 folders for them.

        The last three are what botocore signs in with: profiles of Identity Center and of `aws login`.
        """

        def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
            return ["iam", "sts", "organizations", "sns", "sso", "sso-oidc", "signin"]

    return PackagedModels([PackagedModels.BUILTIN_DATA_PATH], include_default_search_paths=False)


def new_session(settings: Settings, models: Any = None) -> Any:
    """A botocore session of the packaged models, in which what a run shall not hang on is pinned.

    models: what reads them, of a session that was made before.
    """
    import botocore.session  # noqa: PLC0415 - a tenth of a second that --help must not pay
    from botocore.config import Config  # noqa: PLC0415 - as above

    session = botocore.session.Session(profile=settings.profile or None)
    session.register_component("data_loader", models or _models())
    session.register_component("response_parser_factory", _parsers())
    _pin(session, settings.region)
    # For the clients that botocore makes for itself too, to assume a profile's role.
    session.set_default_client_config(Config(ignore_configured_endpoint_urls=True))
    _Sent().watch(session)
    return session


def _parsers() -> Any:
    """The parsers of botocore, with ours before them."""
    from botocore.parsers import ResponseParserFactory  # noqa: PLC0415 - late, as in new_session

    readers: dict[str, Callable[[bytes], dict[str, Any]]] = {}

    class Parsers(ResponseParserFactory):  # type: ignore[misc] # botocore has no types
        def create_parser(self, protocol_name: str) -> _Parser:
            return _Parser(super().create_parser(protocol_name), readers)

    parsers = Parsers()
    parsers.set_parser_defaults(timestamp_parser=_timestamp)
    return parsers


def _timestamp(value: Any) -> datetime:
    """A time as AWS writes it in XML; botocore's own parser, which reads any form, takes a hundred times as long."""
    from botocore.utils import parse_timestamp  # noqa: PLC0415 - late, as in new_session

    found: datetime = (xmlreply.moment(value) if isinstance(value, str) else None) or parse_timestamp(value)
    return found


class _Parser:
    """botocore's parser of replies, but that the one that is large is read by xmlreply.

    What is in it is put under one member, ROWS: botocore would else walk all of it again to decode every document, of
    which a run may need none.
    """

    def __init__(self, usual: Any, readers: dict[str, Callable[[bytes], dict[str, Any]]]) -> None:
        self._usual = usual
        self._readers = readers

    def parse(self, response: dict[str, Any], shape: Any) -> Any:
        """What botocore asks of a parser."""
        if shape is None or shape.name != _LARGE or response["status_code"] != 200:
            return self._usual.parse(response, shape)
        read = self._readers.get(shape.name) or self._readers.setdefault(shape.name, xmlreply.reader(shape))
        try:
            found = read(response["body"])
        except xmlreply.Irregular:
            return self._usual.parse(response, shape)
        headers = {name.lower(): value for name, value in response["headers"].items()}
        metadata = {**found.pop("ResponseMetadata"), "HTTPStatusCode": 200, "HTTPHeaders": headers}
        return {"ResponseMetadata": metadata, ROWS: found}


def _pin(session: Any, region: str) -> None:
    """Set on the session what the environment and a profile shall not decide, so that junk there is not even read."""
    session.set_config_variable("retry_mode", "standard")
    session.set_config_variable("max_attempts", ATTEMPTS)
    session.set_config_variable("data_path", "")
    session.set_config_variable("defaults_mode", "legacy")  # `auto` would ask a metadata service that may not be there
    # botocore knows AWS_DEFAULT_REGION only; AWS's other tools obey AWS_REGION, and before it.
    usual = os.environ.get("AWS_REGION") or session.get_config_variable("region") or "us-east-1"
    session.set_config_variable("region", region or usual)


class _Sent:
    """What went out with requests and is secret: an error that quotes it is taken in without it.

    AWS itself does so: SignatureDoesNotMatch tells the canonical request, the session token in it.
    """

    def __init__(self) -> None:
        self._secrets: deque[str] = deque(maxlen=_REMEMBERED)  # threads add to it

    def watch(self, session: Any) -> None:
        """Every client of the session is watched, those too that botocore makes for itself."""
        session.register("before-send", self.remember)
        session.register("after-call", self.mask)

    def remember(self, request: Any, **_: Any) -> None:
        """Botocore's event before it sends: the credentials as they stand in the headers, and an external id."""
        told = _text(request.headers.get("X-Amz-Security-Token")), _text(request.body)
        found = re.findall(r"(?:Credential|Signature)=([^/,\s]+)", _text(request.headers.get("Authorization")))
        self._secrets.extend([told[0], *found, *parse_qs(told[1]).get("ExternalId", [])])

    def mask(self, parsed: Any, **_: Any) -> None:
        """Botocore's event after a reply, before it makes an exception of it."""
        error = parsed.get("Error") if isinstance(parsed, dict) else None
        if isinstance(error, dict):
            known = list(dict.fromkeys(self._secrets.copy()))
            error.update({name: masked(each, known) for name, each in error.items() if isinstance(each, str)})


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


@dataclass(frozen=True, slots=True)
class _Shared:
    """Clients of IAM and STS that call for many accounts, with the keys of whichever the calling thread works for.

    To make clients for each account costs more processor time than all of its calls.
    """

    clients: Mapping[str, Any]
    carried: local

    @classmethod
    def made(cls, settings: Settings, models: Any) -> _Shared:
        from botocore.credentials import Credentials, ReadOnlyCredentials  # noqa: PLC0415 - late, as in new_session

        carried = local()

        class Carried(Credentials):  # type: ignore[misc] # botocore has no types
            """What botocore asks for the keys to sign with, each time that it signs, in the thread that calls."""

            def get_frozen_credentials(self) -> Any:
                return ReadOnlyCredentials(*carried.keys)

        class Provider:
            def load_credentials(self) -> Any:
                return Carried("none", "none")

        def in_time(**_: Any) -> None:
            """Botocore's event before it sends, also what it sends again."""
            if carried.deadline.remaining() <= 0:
                raise _LateError

        session = new_session(settings, models)
        session.register_component("credential_provider", Provider())
        session.register("before-send", in_time)
        made = {each: client(session, each, settings, connections=_SHARED) for each in ("iam", "sts")}
        return cls(made, carried)

    def by(self, service: str, keys: Mapping[str, str], deadline: Deadline) -> _Signing:
        """The client of a service, for the account of these keys, until its time is up."""
        return _Signing(self.clients[service], self.carried, tuple(keys.values()), deadline)


@dataclass(frozen=True, slots=True)
class _Signing:
    """A shared client, seen from one account: whatever is called on it is signed with that account's keys."""

    shared: Any
    carried: local
    keys: tuple[str, ...]
    deadline: Deadline

    def __getattr__(self, name: str) -> Any:
        self.carried.keys, self.carried.deadline = self.keys, self.deadline
        return getattr(self.shared, name)


def client(
    session: Any,
    service: str,
    settings: Settings,
    *,
    attempts: int = ATTEMPTS,
    connections: int = IN_FLIGHT,
    **keys: Any,
) -> Any:
    """A client with pinned retries and timeouts. IAM and STS endpoints follow from the region's partition.

    connections: how many are kept open; keys: whose, where not those that the session finds.
    """
    from botocore.config import Config  # noqa: PLC0415 - late, as in new_session

    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=5,
        read_timeout=20,
        max_pool_connections=connections,
        ignore_configured_endpoint_urls=True,
        user_agent_extra=f"koding-audit/{__version__}",
    )
    region = settings.region or session.get_config_variable("region")
    if not settings.endpoint_url:
        session.get_partition_for_region(region)  # raises: for nonsense botocore would make up a host
    made = session.create_client(
        service, region_name=region, endpoint_url=settings.endpoint_url or None, config=config, **keys
    )
    made.meta.events.register(f"before-parse.{service}", _refuse_elsewhere)
    return made


class _LateError(Exception):
    """The account's time is up, and nothing more is sent for it."""


class _ElsewhereError(Exception):
    """AWS redirects nobody: what answered is a proxy, or the sign-in page of a network."""


def _refuse_elsewhere(response_dict: Mapping[str, Any], **_: Any) -> None:
    """Of a redirect botocore says no more than that it cannot read the reply; it never follows one."""
    if 300 <= response_dict["status_code"] < 400:
        host = urlsplit(response_dict["headers"].get("location", "")).hostname or "nowhere"
        raise _ElsewhereError(f"status {response_dict['status_code']}, to {host}; it was not followed")


def check_role(settings: Settings) -> None:
    """Refuse what is no role's ARN, and an external id without a role. Raises InputError."""
    if settings.role_arn and not re.fullmatch(r"arn:[a-z-]+:iam::[0-9]{12}:role/[!-~]+", settings.role_arn):
        hint = "write arn:aws:iam::123456789012:role/NAME"
        raise InputError(f"--role-arn {settings.role_arn}: this is not the ARN of a role", hint)
    if settings.external_id and not settings.role_arn:
        raise InputError("--external-id goes with a role that is assumed", "add --role-arn ARN, or leave it out")


def check_endpoint(settings: Settings) -> None:
    """Refuse an endpoint that would send credentials in the clear, or to a host that is nobody's we know."""
    if not settings.endpoint_url and settings.allow_endpoint:
        raise InputError("--allow-endpoint goes with an endpoint", "add --endpoint-url URL, or leave it out")
    if not settings.endpoint_url:
        return
    url = settings.endpoint_url
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:  # half an IPv6 address, a port that is no number
        usable = False
    if not usable:
        raise InputError(f"--endpoint-url {url}: this is not an http or https address", "write https://HOST")
    host = parts.hostname or ""
    if is_loopback(host):
        return
    if parts.scheme == "http":
        raise InputError(f"--endpoint-url {url}: plain http is for a loopback address only", "use https")
    if not _is_aws(url) and host != settings.allow_endpoint.lower():
        raise InputError(
            f"--endpoint-url {url}: {host} is not a host of AWS",
            f"if it is meant to get your signed requests, add --allow-endpoint {host}",
        )


def _check_bundle(session: Any, settings: Settings) -> None:
    """Of certificates that are not there botocore tells no more than that there is no such file, and not which."""
    bundle = session.get_config_variable("ca_bundle") or ""
    if bundle and not os.path.isfile(bundle) and not settings.endpoint_url.startswith("http:"):  # noqa: PTH113 - any text
        hint = "name a file of PEM certificates, or leave AWS_CA_BUNDLE and ca_bundle out: botocore brings its own"
        raise EndpointError(f"the certificates to trust are not there: {bundle}", hint)


def is_loopback(host: str) -> bool:
    """Whether what is sent to a host never leaves this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_aws(url: str) -> bool:
    """Whether a host is IAM's or STS's own. Under the same suffixes stand buckets and load balancers of anybody."""
    host = urlsplit(url).hostname or ""
    return host.endswith(_AWS_SUFFIXES) and host.partition(".")[0] in _AWS_SERVICES


def _identify(sts: Any, role_arn: str = "") -> tuple[Account, Caller]:
    call = "sts:GetCallerIdentity"
    reply = _call(sts, "sts", "GetCallerIdentity", {})
    account_id = take(reply, "Account", str, call)
    account, caller = _whose(take(reply, "Arn", str, call), call, role_arn)
    if account.id != account_id:
        raise CallError(call, MALFORMED, "the caller's ARN is of another account")
    return account, caller


def _whose(arn: str, call: str, role_arn: str) -> tuple[Account, Caller]:
    """The caller by its ARN. Raises AccessError where it is not of the account of the role that was asked for."""
    parts = re.fullmatch(r"arn:(aws[a-z0-9-]*):(?:iam|sts)::([0-9]{12}):.+", arn)
    if parts is None:
        raise CallError(call, MALFORMED, "the caller's ARN cannot be read")
    account = Account(parts[2], parts[1])
    if role_arn and not role_arn.startswith(f"arn:{account.partition}:iam::{account.id}:"):
        hint = "nothing was read; look at what stands between here and AWS, and at --endpoint-url"
        raise AccessError(f"role {role_arn} was assumed, and the keys that came are of account {account.id}", hint)
    return account, Caller(arn, root=arn == account.root_arn)


def _keys(session: Any, settings: Settings, asks: bool) -> tuple[dict[str, Any], Held]:
    """Keys of the role that the settings name; none where botocore's own are the ones to use. Raises AccessError.

    And what botocore's own are.

    botocore's own are had here too: what signs a user in fails now, and not in the middle of the first call.
    """
    with _named(session, settings):
        _check_code(session, settings, asks)
        credentials = session.get_credentials()
        found = credentials and credentials.get_frozen_credentials()
    if not found:
        raise AccessError("no AWS credentials were found", _CREDENTIALS_HINT)
    parts = (("key id", found.access_key), ("secret key", found.secret_key), ("session token", found.token or "x"))
    for what, text in parts:
        if not re.fullmatch(r"[!-~]+", text or ""):  # it would be told, token and all, when it does not fit a header
            message = f"the {what} of the AWS credentials is empty, or holds a space, a line break or the like"
            raise AccessError(message, f"look at where it comes from ({credentials.method}), and copy it again")
    known = found.access_key
    held = Held(credentials.method, known[:4], known[-4:], bool(found.token), _profile(settings), settings.role_arn)
    if not settings.role_arn:
        return {}, held
    keys, _ = _assume(client(session, "sts", settings), settings.role_arn, settings.external_id)
    return keys, held


def _check_code(session: Any, settings: Settings, asks: bool) -> None:
    """A code that nobody can type is not waited for: botocore would ask, in a job's log, until the run's time is up."""
    if os.environ.get("AWS_ACCESS_KEY_ID") and not settings.profile:
        return  # these come first
    name = session.get_config_variable("profile") or "default"
    code = profiles.code_of(session.full_config.get("profiles", {}), name)
    if code and not (asks and _somebody_there()):
        hint = (
            f'sign in first, `eval "$(aws configure export-credentials --profile {name} --format env)"`, and leave'
            " --profile out; a scheduled run needs a profile without mfa_serial"
        )
        device = f" of {code.device}" if code.device else ""
        nobody = "nobody is there to type it" if asks else "no scheduled run can answer"
        raise AccessError(f"profile {code.profile} asks for an MFA code{device}, and {nobody}", hint)


def _somebody_there() -> bool:
    """Whether the question would reach a person: it is put to the terminal, whatever standard input is."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _named(session: Any, settings: Settings) -> Iterator[None]:
    """What gives credentials, and fails, is named: botocore raises whatever its own code trips over."""
    import botocore.exceptions as sdk  # noqa: PLC0415 - late, as in new_session

    try:
        yield
    except (AuditError, sdk.ProfileNotFound, sdk.ConfigParseError, sdk.ConfigNotFound):
        raise
    except EOFError:
        raise AccessError("no MFA code was typed", "type the six digits that the device shows") from None
    except sdk.PartialCredentialsError as error:
        hint = f"give what is missing too, or leave out what is there; {_WHERE}"
        raise AccessError(f"the AWS credentials are not whole: {error}", hint) from None
    except sdk.SSOError as error:
        profile = _profile(settings)
        hint = f"run `aws sso login{f' --profile {profile}' if profile else ''}`"
        raise AccessError(f"the sign-in of the profile is over, or never was: {error}", hint) from None
    except (sdk.BotoCoreError, sdk.ClientError, LookupError, ValueError, TypeError, AttributeError, OSError) as error:
        program = session.get_scoped_config().get("credential_process")
        if program:
            message = f"credential_process of {_profile(settings) or 'the default profile'} gives no usable credentials"
            hint = "run the program by itself: it has to print the JSON that AWS documents, and end with 0"
            raise AccessError(f"{message}: {_of_a_program(error)}", hint) from None
        raise AccessError(f"the AWS credentials cannot be had: {error}", _WHERE) from None


def _profile(settings: Settings) -> str:
    """The profile that is in use, "" for the default one."""
    return settings.profile or os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE") or ""


def _of_a_program(error: BaseException) -> str:
    """Why it gave nothing: of what it said a line at most, without anything as long as a key or a token."""
    if isinstance(error, OSError):
        return str(error)
    said = str(error).removeprefix("Error when retrieving credentials from custom-process: ").strip().partition("\n")[0]
    return re.sub(r"[\w/+=.-]{20,}", "[...]", said)[:_SPOKEN] if said else "it failed, and said nothing"


def _in_time(future: Future[T], deadline: Deadline) -> T:
    """What gives credentials may hang: a program that a profile names, or a role's STS."""
    try:
        return future.result(timeout=max(0.0, deadline.remaining()))
    except FutureTimeout:
        hint = (
            "look at the profile's credential_process, role or sign-in, and at the metadata service of this machine"
            " (AWS_EC2_METADATA_DISABLED=true leaves that out); `--timeout` gives it more time"
        )
        raise AccessError("the AWS credentials did not come in time", hint) from None


def _assume(sts: Any, role_arn: str, external_id: str) -> tuple[dict[str, str], str]:
    """Temporary keys of the role, for the fifteen minutes that AWS gives at the least, and the ARN of the session.

    AWS need not tell that: "" then. Raises AccessError.
    """
    parameters: dict[str, Any] = {"RoleArn": role_arn, "RoleSessionName": "koding-audit", "DurationSeconds": 900}
    if external_id:
        parameters["ExternalId"] = external_id
    names = {
        "aws_access_key_id": "AccessKeyId",
        "aws_secret_access_key": "SecretAccessKey",
        "aws_session_token": "SessionToken",
    }
    call = "sts:AssumeRole"
    try:
        reply = _call(sts, "sts", "AssumeRole", parameters)
        keys = take(reply, "Credentials", dict, call)
        arn = reply.get("AssumedRoleUser", {}).get("Arn", "")
        return {ours: take(keys, theirs, str, call) for ours, theirs in names.items()}, arn
    except CallError as error:
        trust = "the role's trust policy must name this caller, and its ExternalId if it asks for one"
        others = "look at the keys that it is assumed with, at the network and at the clock"
        why = f"{error.code}: {error.cause}" if error.cause else error.code
        hint = trust if error.code in ACCESS_DENIED else others
        raise AccessError(f"role {role_arn} cannot be assumed: {why}", hint) from error


def _call(sdk_client: Any, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A call whose unreadable reply is asked for again, which botocore does not do; a write never is: whether it was
    applied is for its caller to read back.
    """
    tries = UNREADABLE_TRIES if operation.startswith(("Get", "List", "Describe")) else 1
    while True:
        tries -= 1
        try:
            return _once(sdk_client, service, operation, parameters)
        except CallError as error:
            if error.code != MALFORMED or not tries:
                raise


def _once(sdk_client: Any, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The one boundary with botocore: whatever it raises becomes a CallError that says which call and why."""
    import botocore.exceptions as sdk  # noqa: PLC0415 - late, as in new_session
    from botocore import xform_name  # noqa: PLC0415 - as above
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - as above

    call = f"{service}:{operation}"
    unsent = (
        sdk.EndpointConnectionError,
        sdk.ConnectTimeoutError,
        sdk.ProxyConnectionError,
        sdk.SSLError,
        sdk.NoCredentialsError,
        sdk.CredentialRetrievalError,
        sdk.ParamValidationError,
    )
    # Of a 200 with the wrong body botocore's parsers raise whatever their own code trips over.
    unreadable = (ResponseParserError, LookupError, ValueError, TypeError, AttributeError, RecursionError)
    try:
        return take({"reply": getattr(sdk_client, xform_name(operation))(**parameters)}, "reply", dict, call)
    except sdk.ClientError as error:
        details, status = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        code, message = str(details.get("Code", "Unknown")), str(details.get("Message", ""))[:_LONGEST]
        # A server that failed may have failed after it acted; and what was sent twice may refuse what it did itself.
        own_doing = code in _ALREADY_SO and status.get("RetryAttempts", 0) > 0
        refused = 400 <= status.get("HTTPStatusCode", 500) < 500 and not own_doing
        cause = _of_the_clock(code, status.get("HTTPHeaders", {}).get("date", ""))
        raise CallError(call, code, message, refused=refused, cause=cause) from error
    except sdk.ProxyConnectionError as error:
        raise CallError(call, "ProxyConnection", f"{error}{_of_the_proxy(error)}", refused=True) from error
    except sdk.BotoCoreError as error:
        raise CallError(call, _failure(error), _said(error), refused=isinstance(error, unsent)) from error
    except _LateError:
        raise _too_late(call) from None
    except _ElsewhereError as error:
        raise CallError(call, "Redirect", str(error)) from error
    except OSError as error:  # a file that credentials are renewed from is gone, or a connection broke
        raise CallError(call, _failure(error), str(error)) from error
    except unreadable as error:
        raise CallError(call, MALFORMED, f"the reply cannot be read ({_failure(error)})") from error


def _of_the_clock(code: str, date: str) -> str:
    """What the time of AWS's own reply says of a refusal for the time or the signature of a request, or ""."""
    if code not in _TIME_OR_KEY:
        return ""
    skew = _skew(date)
    if skew is None:
        return "this machine's clock may be wrong"
    if abs(skew) > SKEW_TAKEN:
        side = "ahead of" if skew > 0 else "behind"
        return f"this machine's clock is {counted(abs(skew) // 60, 'minute')} {side} AWS's"
    return "" if code == "RequestExpired" else "the clocks agree: the secret key is not that of the key id"


def _skew(date: str) -> int | None:
    """Seconds that this machine's clock is ahead of a reply's Date header; None where that cannot be read."""
    try:
        theirs = parsedate_to_datetime(date).replace(tzinfo=timezone.utc)
    except (TypeError, ValueError):
        return None
    return round((datetime.now(timezone.utc) - theirs).total_seconds())


def _of_the_proxy(error: Any) -> str:
    """The status that a proxy refused with, such as 407, which botocore's own message leaves out."""
    inner = getattr(error.kwargs.get("error"), "original_error", None)
    return f" ({inner})" if isinstance(inner, OSError) else ""


def _failure(error: BaseException) -> str:
    return type(error).__name__.removesuffix("Error")


def _said(error: Exception) -> str:
    """What botocore says of a failure, but for what quotes a header, a proxy's password or a program's output."""
    import botocore.exceptions as sdk  # noqa: PLC0415 - late, as in new_session

    told = getattr(error, "kwargs", {})
    if type(error) is sdk.HTTPClientError:
        return f"the HTTP client failed: {type(told.get('error')).__name__}"
    if isinstance(error, sdk.CredentialRetrievalError) and told.get("provider") == "custom-process":
        return "the program that credential_process names gave no credentials; run it to see what it says"
    return masked(str(error))


def _too_late(call: str) -> CallError:
    return CallError(call, "DeadlineExceeded", "the run's time was up", refused=True)


@contextlib.contextmanager
def _explained(settings: Settings) -> Iterator[None]:
    """What can go wrong before the first call, in the user's words."""
    import botocore.exceptions as sdk  # noqa: PLC0415 - late, as in new_session

    try:
        yield
    except AuditError:
        raise
    except sdk.ProfileNotFound:
        name = _profile(settings)
        hint = "`aws configure list-profiles` lists those there are"
        raise AccessError(f"there is no AWS profile {name!r}", hint) from None
    except (sdk.InvalidRegionError, sdk.UnknownRegionError) as error:
        hint = "give --region, such as us-east-1; else it is from AWS_REGION, AWS_DEFAULT_REGION or the profile"
        raise EndpointError(f"the region cannot be used: {error}", hint) from None
    except (LookupError, TypeError, AttributeError) as error:  # of botocore, which takes a program's output as it comes
        hint = "look at credential_process in ~/.aws/config, and run it: it has to print one JSON object"
        raise AccessError("the AWS credentials cannot be read", hint) from error
    except (sdk.BotoCoreError, ValueError, OSError) as error:
        raise AccessError(f"the AWS settings cannot be used: {_said(error)}", _WHERE) from None
