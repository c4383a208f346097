"""Creates botocore sessions and clients: retries, connection pools, reply parsers, signing, masking of secrets.

It uses botocore without boto3, whose import takes another quarter of a second.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from threading import local
from typing import Any
from urllib.parse import parse_qs, urlsplit

from koding_audit import __version__
from koding_audit.aws import xml_reader
from koding_audit.aws.call import AccountTimeoutError, refuse_redirect
from koding_audit.aws.config_files import check_config_files
from koding_audit.aws.deadline import Deadline
from koding_audit.aws.settings import Settings
from koding_audit.aws.tls import SharedContexts
from koding_audit.io.text import mask_secrets
from koding_audit.model.frozen import dataclass

ATTEMPTS = 8  # of each call that may be retried

IN_FLIGHT = 8  # parallel calls to one account

_SHARED_CONNECTIONS = 64  # open connections that many accounts share

ROWS = "Rows"  # the member that has a reply's own members when xml_reader parsed it

_DETAILS_SHAPE = "GetAccountAuthorizationDetailsResponse"

MAX_REPLY = 32 << 20  # bytes; a page of 1,000 roles with all that IAM's quotas allow has about 20 MB

MAX_TAGS = 2_000_000  # of a reply: each element takes 100 bytes; such a page of roles has about 600,000

_MAX_SECRETS = 4096  # remembered at once: more than the requests in flight, and a bound for ten thousand accounts


def _model_loader() -> Any:
    """Returns a loader that reads service models from the installed botocore package only.

    By default botocore also reads ~/.aws/models and AWS_DATA_PATH, where a modified model could send a different
    action under a harmless name.
    """
    import botocore.loaders  # noqa: PLC0415 - late, as in new_session

    class PackagedModels(botocore.loaders.Loader):  # type: ignore[misc] # botocore has no types
        """Reads from the package and returns a fixed list of services instead of listing 400 folders."""

        def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
            # The last three are for botocore's own sign-in: profiles of Identity Center and of `aws login`.
            return ["iam", "sts", "organizations", "cloudtrail", "sns", "sso", "sso-oidc", "signin"]

    return PackagedModels([PackagedModels.BUILTIN_DATA_PATH], include_default_search_paths=False)


def new_session(settings: Settings, earlier: Any = None) -> Any:
    """Returns a botocore session that uses the packaged models and fixed settings. Raises InputError.

    earlier: a session whose model loader and TLS contexts are used again, None for new ones
    """
    import botocore.session  # noqa: PLC0415 - takes a tenth of a second, which --help must not need
    from botocore.config import Config  # noqa: PLC0415 - as above

    contexts: SharedContexts = earlier.get_component("tls_contexts") if earlier else SharedContexts()

    class SharingSession(botocore.session.Session):  # type: ignore[misc] # botocore has no types
        def create_client(self, *arguments: Any, **options: Any) -> Any:
            """Creates a client, also for botocore itself when it assumes the role of a profile."""
            client = super().create_client(*arguments, **options)
            contexts.share(client._endpoint.http_session)
            return client

    check_config_files(os.environ)
    session = SharingSession(profile=settings.profile or None)
    session.register_component("data_loader", earlier.get_component("data_loader") if earlier else _model_loader())
    session.register_component("tls_contexts", contexts)
    session.register_component("response_parser_factory", _parser_factory())
    _pin_settings(session, settings.region)
    # Applies also to the clients that botocore creates itself to assume a profile's role.
    session.set_default_client_config(Config(ignore_configured_endpoint_urls=True))
    _SentSecrets().watch(session)
    return session


def _parser_factory() -> Any:
    """Returns botocore's factory of reply parsers, each wrapped in a _ReplyParser."""
    from botocore.parsers import ResponseParserFactory  # noqa: PLC0415 - late, as in new_session

    readers: dict[str, Callable[[bytes], dict[str, Any]]] = {}

    strict = _strict_query_parser()

    class Parsers(ResponseParserFactory):  # type: ignore[misc] # botocore has no types
        def create_parser(self, protocol_name: str) -> _ReplyParser:
            usual = strict if protocol_name == "query" else super().create_parser(protocol_name)
            return _ReplyParser(usual, readers)

    parsers = Parsers()
    parsers.set_parser_defaults(timestamp_parser=_parse_timestamp)
    return parsers


def _strict_query_parser() -> Any:
    """Returns botocore's parser of the protocol of IAM and STS, which refuses the values that botocore would guess."""
    from botocore.parsers import QueryParser  # noqa: PLC0415 - late, as in new_session

    class StrictQueryParser(QueryParser):  # type: ignore[misc] # botocore has no types
        def _handle_boolean(self, _: Any, node: Any) -> bool:
            return xml_reader.parse_xml_boolean(node)

        def _handle_integer(self, _: Any, node: Any) -> int:
            return xml_reader.parse_xml_integer(node)

        def _handle_map(self, shape: Any, node: Any) -> dict[str, Any]:
            xml_reader.check_map_entries(node)
            found: dict[str, Any] = super()._handle_map(shape, node)
            if len(found) < len(node):
                raise xml_reader.OddValueError("a key twice")
            return found

    return StrictQueryParser(timestamp_parser=_parse_timestamp)


def _parse_timestamp(value: Any) -> datetime:
    """Returns the time of a reply. AWS's usual XML form is parsed here, 100 times faster than by botocore.

    Raises OddValueError.
    """
    from botocore.utils import parse_timestamp  # noqa: PLC0415 - late, as in new_session

    if isinstance(value, str):
        xml_reader.check_complete_time(value)
    found: datetime = (xml_reader.parse_xml_time(value) if isinstance(value, str) else None) or parse_timestamp(value)
    return found


class _ReplyParser:
    """botocore's reply parser, with xml_reader for GetAccountAuthorizationDetails, the one large reply.

    It puts that reply's members under one member, ROWS. Otherwise botocore would walk through the reply again and
    decode every policy document, of which a run may need none.
    """

    def __init__(self, usual: Any, readers: dict[str, Callable[[bytes], dict[str, Any]]]) -> None:
        self._usual = usual
        self._readers = readers

    def parse(self, response: dict[str, Any], shape: Any) -> Any:
        """Botocore's interface of a parser: returns the parsed reply. Raises OddValueError."""
        if response["body"].count(b"<") > MAX_TAGS:
            raise xml_reader.OddValueError(f"more than {MAX_TAGS:,} tags")
        if shape is None or shape.name != _DETAILS_SHAPE or response["status_code"] != 200:
            return self._usual.parse(response, shape)
        read = self._readers.get(shape.name) or self._readers.setdefault(
            shape.name, xml_reader.build_reply_reader(shape)
        )
        try:
            found = read(response["body"])
        except xml_reader.IrregularReply:
            return self._usual.parse(response, shape)
        headers = {name.lower(): value for name, value in response["headers"].items()}
        metadata = {**found.pop("ResponseMetadata"), "HTTPStatusCode": 200, "HTTPHeaders": headers}
        return {"ResponseMetadata": metadata, ROWS: found}


def _pin_settings(session: Any, region: str) -> None:
    """Sets the session variables that neither the environment nor a profile may change; botocore ignores those."""
    session.set_config_variable("retry_mode", "standard")
    session.set_config_variable("max_attempts", ATTEMPTS)
    session.set_config_variable("data_path", "")
    session.set_config_variable("defaults_mode", "legacy")  # `auto` would call a metadata service, which may not exist
    # botocore reads AWS_DEFAULT_REGION only; AWS's other tools read AWS_REGION first.
    usual = os.environ.get("AWS_REGION") or session.get_config_variable("region") or "us-east-1"
    session.set_config_variable("region", region or usual)


class _SentSecrets:
    """Remembers the secrets of sent requests and removes them from error replies that quote them.

    AWS does quote them: SignatureDoesNotMatch contains the canonical request with the session token.
    """

    def __init__(self) -> None:
        self._secrets: deque[str] = deque(maxlen=_MAX_SECRETS)  # a deque: several threads append to it

    def watch(self, session: Any) -> None:
        """Registers for every client of the session, also for those that botocore creates itself."""
        session.register("before-send", self.remember_secrets)
        session.register("after-call", self.mask_secrets)

    def remember_secrets(self, request: Any, **_: Any) -> None:
        """Botocore's event before sending: stores the credentials in the headers and an external id."""
        token, body = _decode_text(request.headers.get("X-Amz-Security-Token")), _decode_text(request.body)
        found = re.findall(r"(?:Credential|Signature)=([^/,\s]+)", _decode_text(request.headers.get("Authorization")))
        self._secrets.extend([token, *found, *parse_qs(body).get("ExternalId", [])])

    def mask_secrets(self, parsed: Any, **_: Any) -> None:
        """Botocore's event after a reply: masks the secrets in an error before botocore raises it."""
        error = parsed.get("Error") if isinstance(parsed, dict) else None
        if isinstance(error, dict):
            known = list(dict.fromkeys(self._secrets.copy()))
            error.update({name: mask_secrets(each, known) for name, each in error.items() if isinstance(each, str)})


class _LimitedTransport:
    """botocore's HTTP session, which reads a limited number of bytes: botocore itself reads a reply of any size."""

    def __init__(self, usual: Any, most: int) -> None:
        self._usual, self._most = usual, most

    def send(self, request: Any) -> Any:
        """Sends a request and returns the response with its body. Raises OddValueError, and what botocore raises."""
        from botocore import httpsession  # noqa: PLC0415 - late, as in new_session

        request.stream_output = True  # leaves the body to be read here
        response = self._usual.send(request)
        parts, size = [], 0
        try:
            for part in response.raw.stream():
                parts.append(part)
                size += len(part)
                if size > self._most:
                    response.raw.close()
                    raise xml_reader.OddValueError(f"more than {self._most >> 20} MiB")
        except httpsession.URLLib3ReadTimeoutError as error:
            raise httpsession.ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except httpsession.ProtocolError as error:
            raise httpsession.ConnectionClosedError(error=error, request=request, endpoint_url=request.url) from error
        response._content = b"".join(parts)  # what its property `content` returns
        return response

    def close(self) -> None:
        """Closes the connections."""
        self._usual.close()


class CalledHosts:
    """Remembers which hosts of which services are called.

    A client names another host than it calls where the environment or a profile requires dual-stack or FIPS hosts.
    """

    def __init__(self, known: Iterable[tuple[str, str]] = ()) -> None:
        """known: services with names of hosts that were called already."""
        self._urls: dict[str, str] = {}
        self._seen = set(known)

    def watch(self, client: Any) -> Any:
        """Returns the client; the hosts that it calls are remembered."""
        client.meta.events.register("before-send", self._remember_host)
        return client

    def _remember_host(self, request: Any, event_name: str, **_: Any) -> None:
        """Botocore's event before sending, `before-send.iam.GetUser`."""
        parts, service = urlsplit(request.url), event_name.split(".")[1]
        self._urls[service] = f"{parts.scheme}://{parts.netloc}"
        self._seen.add((service, parts.hostname or ""))

    def seen(self) -> frozenset[tuple[str, str]]:
        """Returns the services that were called, each with the name of the host."""
        return frozenset(tuple(self._seen))  # a copy first: other threads add to it

    def urls(self, clients: Mapping[str, Any]) -> tuple[str, ...]:
        """Returns the URL that each service was called at; what its client names if it was not called yet."""
        return tuple(self._urls.get(service, client.meta.endpoint_url) for service, client in clients.items())


def _decode_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


@dataclass(frozen=True, slots=True)
class SharedClients:
    """Clients of IAM and STS that many accounts share; each call is signed with the keys of the calling thread.

    Creating clients for each account takes more processor time than all calls to the account.

    clients: botocore clients by service name
    thread_state: the keys and the deadline of each thread's account
    """

    clients: Mapping[str, Any]
    thread_state: local

    @classmethod
    def create(cls, settings: Settings, earlier: Any, called: CalledHosts) -> SharedClients:
        """Creates the clients, whose hosts are remembered.

        earlier: the session of the run's own credentials
        """
        from botocore.credentials import Credentials, ReadOnlyCredentials  # noqa: PLC0415 - late, as in new_session

        thread_state = local()

        class ThreadCredentials(Credentials):  # type: ignore[misc] # botocore has no types
            """Gives botocore the keys of the calling thread each time that it signs a request."""

            def get_frozen_credentials(self) -> Any:
                return ReadOnlyCredentials(*thread_state.keys)

        class Provider:
            def load_credentials(self) -> Any:
                return ThreadCredentials("none", "none")

        def check_deadline(**_: Any) -> None:
            """Botocore's event before each attempt to send. Raises AccountTimeoutError."""
            if thread_state.deadline.remaining() <= 0:
                raise AccountTimeoutError

        session = new_session(settings, earlier)
        session.register_component("credential_provider", Provider())
        session.register("before-send", check_deadline)
        iam, sts = (make_client(session, each, settings, connections=_SHARED_CONNECTIONS) for each in ("iam", "sts"))
        return cls({"iam": called.watch(iam), "sts": called.watch(sts)}, thread_state)

    def client_for(self, service: str, keys: Mapping[str, str], deadline: Deadline) -> _AccountClient:
        """Returns a client of a service for the account of these keys, usable until its deadline."""
        return _AccountClient(self.clients[service], self.thread_state, tuple(keys.values()), deadline)


@dataclass(frozen=True, slots=True)
class _AccountClient:
    """One account's view of a shared client: each call on it is signed with the account's keys."""

    shared: Any
    thread_state: local
    keys: tuple[str, ...]
    deadline: Deadline

    def __getattr__(self, name: str) -> Any:
        self.thread_state.keys, self.thread_state.deadline = self.keys, self.deadline
        return getattr(self.shared, name)


def make_client(
    session: Any,
    service: str,
    settings: Settings,
    *,
    region: str = "",
    attempts: int = ATTEMPTS,
    connections: int = IN_FLIGHT,
    **keys: Any,
) -> Any:
    """Returns a client with fixed retries and timeouts; the region's partition gives the endpoints of IAM and STS.

    region: "" for that of the settings
    attempts: how often a call is sent at most
    connections: how many connections stay open
    keys: botocore's `aws_access_key_id` and so on; without them, the credentials that the session finds
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
    region = region or settings.region or session.get_config_variable("region")
    if not settings.endpoint_url:
        session.get_partition_for_region(region)  # raises: botocore would build a host from an unknown region
    client = session.create_client(
        service, region_name=region, endpoint_url=settings.endpoint_url or None, config=config, **keys
    )
    client._endpoint.http_session = _LimitedTransport(client._endpoint.http_session, MAX_REPLY)
    client.meta.events.register(f"before-parse.{service}", refuse_redirect)
    return client
