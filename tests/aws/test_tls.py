"""TLS: what is verified of a server, and how often certificates are read for that; over real handshakes."""

from __future__ import annotations

import gc
import shutil
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, SSLError
from botocore.httpsession import URLLib3Session

from koding_audit.aws import tls
from koding_audit.aws.connection import connect
from koding_audit.aws.session import make_client, new_session
from koding_audit.aws.settings import Settings
from koding_audit.aws.tls import SharedContexts
from koding_audit.cli import main
from tests.servers.tls import GOOD, NAMED, Authority, Door, authority, proxying
from tests.simulator.scenario import FILE, drifted
from tests.simulator.server import Simulator, listening

Parses = Counter[str]
BROKEN = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def trusting(aws_environment: pytest.MonkeyPatch, known: Authority, impatient: None) -> None:
    aws_environment.setenv("AWS_CA_BUNDLE", str(known.bundle))


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> Parses:
    """How often the certificates of each file were read."""
    found: Parses = Counter()
    load = ssl.SSLContext.load_verify_locations

    def counting(context: ssl.SSLContext, cafile: str | None = None, *more: Any) -> None:
        found[str(cafile)] += 1
        load(context, cafile, *more)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counting)
    return found


@pytest.fixture
def served(known: Authority) -> Iterator[tuple[Simulator, Door]]:
    door = Door(known)
    with listening(Simulator(drifted()), door) as simulator:
        yield simulator, door


@pytest.fixture
def scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    file = tmp_path / "desired.yaml"
    file.write_text(FILE)

    def run(url: str, *more: str) -> tuple[int, str]:
        status = main(["scan", str(file), "--endpoint-url", url, *more])
        return status, capsys.readouterr().err

    return run


# --- read once ------------------------------------------------------------------------------------------


def test_the_certificates_are_read_once_for_all_clients_and_connections_of_a_run(
    served: tuple[Simulator, Door], scan: Callable[..., tuple[int, str]], parses: Parses, known: Authority
) -> None:
    simulator, door = served
    assert scan(simulator.url)[0] == 1
    assert door.connections > 4
    assert parses[str(known.bundle)] == 1


def test_there_are_no_more_connections_than_calls(
    served: tuple[Simulator, Door], scan: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    simulator, door = served
    assert scan(simulator.url, "--only", "group-missing")[0] == 1
    assert 2 <= len(simulator.calls) <= 4
    assert door.connections <= len(simulator.calls)


def test_a_client_that_botocore_makes_itself_reads_no_certificates_of_its_own(
    served: tuple[Simulator, Door], parses: Parses, known: Authority
) -> None:
    simulator, _ = served
    with connect(Settings(endpoint_url=simulator.url)) as connection:
        connection.identity()
        # As botocore makes one to assume the role that a profile names.
        own = connection._session.create_client("sts", region_name="us-east-1", endpoint_url=simulator.url)
        assert own.get_caller_identity()["Account"] == "123456789012"
    assert parses[str(known.bundle)] == 1


def test_a_bundle_that_changes_is_read_again(
    served: tuple[Simulator, Door], known: Authority, tmp_path: Path, aws_environment: pytest.MonkeyPatch
) -> None:
    simulator, _ = served
    bundle = tmp_path / "bundle.pem"
    aws_environment.setenv("AWS_CA_BUNDLE", str(bundle))
    shutil.copy(known.bundle, bundle)
    session, settings = new_session(Settings()), Settings(endpoint_url=simulator.url)
    make_client(session, "sts", settings).get_caller_identity()
    shutil.copy(known.issued["unknown authority"], bundle)
    with pytest.raises(SSLError):
        make_client(session, "sts", settings, attempts=1).get_caller_identity()


def test_two_bundles_are_not_trusted_together(served: tuple[Simulator, Door], known: Authority) -> None:
    simulator, _ = served
    session = new_session(Settings())
    session.create_client("sts", region_name="us-east-1", endpoint_url=simulator.url).get_caller_identity()
    other = {"verify": str(known.issued["unknown authority"]), "config": Config(retries={"total_max_attempts": 1})}
    with pytest.raises(SSLError):
        session.create_client("sts", region_name="us-east-1", endpoint_url=simulator.url, **other).get_caller_identity()


# --- what is verified -----------------------------------------------------------------------------------


def shared_context(session: Any, simulator: Simulator) -> Any:
    """The only one that the session has after a call."""
    make_client(session, "sts", Settings(endpoint_url=simulator.url)).get_caller_identity()
    (context,) = session.get_component("tls_contexts")._contexts.values()
    return context


def test_the_context_that_is_shared_is_set_as_botocore_sets_its_own(served: tuple[Simulator, Door]) -> None:
    shared, own = shared_context(new_session(Settings()), served[0]), URLLib3Session()._get_ssl_context()
    for name in tls._CONTEXT_SETTINGS:
        assert getattr(shared, name, None) == getattr(own, name, None), name
    assert shared.get_ciphers() == own.get_ciphers()
    assert shared.verify_mode == ssl.CERT_REQUIRED
    assert shared.minimum_version >= ssl.TLSVersion.TLSv1_2 or shared.minimum_version < 0


@pytest.mark.parametrize("wrong", list(NAMED))
def test_a_server_that_is_not_verified_gets_no_request_and_the_message_says_why(
    wrong: str, known: Authority, scan: Callable[..., tuple[int, str]]
) -> None:
    door = Door(known, wrong)
    with listening(Simulator(drifted()), door) as simulator:
        status, message = scan(simulator.url)
        assert simulator.calls == []
    assert status == 2
    assert door.connections > 0
    assert "could not reach AWS" in message
    assert NAMED[wrong] in message
    assert "AWS_CA_BUNDLE" in message


@pytest.mark.parametrize("wrong", list(NAMED))
def test_what_is_wrong_with_a_later_connection_is_seen_although_the_certificates_are_read(
    wrong: str, known: Authority, parses: Parses
) -> None:
    door = Door(known, wrong, first=2)
    with listening(Simulator(drifted()), door) as simulator:
        settings = Settings(endpoint_url=simulator.url)
        session = new_session(settings)
        make_client(session, "sts", settings).get_caller_identity()
        with pytest.raises(SSLError):
            make_client(session, "sts", settings, attempts=1).get_caller_identity()
        assert len(simulator.calls) == 1
    assert door.trespasses == 0
    assert parses[str(known.bundle)] == 1


@pytest.mark.parametrize("wrong", list(NAMED))
def test_a_connection_that_fails_once_is_opened_again(
    wrong: str, known: Authority, scan: Callable[..., tuple[int, str]]
) -> None:
    door = Door(known, wrong, times=1)
    with listening(Simulator(drifted()), door) as simulator:
        assert scan(simulator.url)[0] == 1
    assert door.trespasses == 0


def test_an_unverified_connection_shares_nothing(served: tuple[Simulator, Door], parses: Parses) -> None:
    """The tool makes none; botocore would, for a caller of its own."""
    simulator, _ = served
    session = new_session(Settings())
    shared = shared_context(session, simulator)
    options: dict[str, Any] = {"region_name": "us-east-1", "endpoint_url": simulator.url, "verify": False}
    with pytest.warns(Warning, match="Unverified"):
        session.create_client("sts", **options).get_caller_identity()
    assert shared.verify_mode == ssl.CERT_REQUIRED
    assert list(session.get_component("tls_contexts")._contexts.values()) == [shared]


def test_a_connection_that_is_reset_before_the_handshake_is_left_open_by_neither_side(known: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        plain, _ = server.accept()
        with pytest.raises(ConnectionResetError):
            Door(known).open(plain)
    gc.collect()  # a socket that is open is a warning now, and a warning an error


# --- bundles that cannot be read ------------------------------------------------------------------------


def test_a_bundle_that_is_missing_is_named(
    served: tuple[Simulator, Door], scan: Callable[..., tuple[int, str]], aws_environment: pytest.MonkeyPatch
) -> None:
    aws_environment.setenv("AWS_CA_BUNDLE", "/nowhere/bundle.pem")
    status, message = scan(served[0].url)
    assert status == 2
    assert "CA bundle /nowhere/bundle.pem does not exist" in message


@pytest.mark.parametrize("text", ["", "no certificate\n", BROKEN])
def test_a_bundle_without_certificates_lets_no_run_through(
    text: str,
    served: tuple[Simulator, Door],
    scan: Callable[..., tuple[int, str]],
    tmp_path: Path,
    aws_environment: pytest.MonkeyPatch,
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(text)
    aws_environment.setenv("AWS_CA_BUNDLE", str(bundle))
    status, message = scan(served[0].url)
    assert status == 2
    assert "could not reach AWS" in message
    assert "TLS cannot be disabled" in message
    assert served[0].calls == []


def test_a_bundle_of_a_profile_is_used(
    served: tuple[Simulator, Door],
    known: Authority,
    tmp_path: Path,
    aws_environment: pytest.MonkeyPatch,
    parses: Parses,
) -> None:
    aws_environment.delenv("AWS_CA_BUNDLE")
    config = tmp_path / "config"
    config.write_text(f"[profile p]\nca_bundle = {known.bundle}\n")
    aws_environment.setenv("AWS_CONFIG_FILE", str(config))
    aws_environment.setenv("AWS_PROFILE", "p")
    with connect(Settings(endpoint_url=served[0].url)) as connection:
        assert connection.identity()[0].id == "123456789012"
    assert parses[str(known.bundle)] == 1


# --- proxies and client certificates --------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [GOOD, *NAMED])
def test_through_a_proxy_the_server_is_verified_and_the_certificates_are_read_once(
    wrong: str,
    known: Authority,
    scan: Callable[..., tuple[int, str]],
    aws_environment: pytest.MonkeyPatch,
    parses: Parses,
) -> None:
    door = Door(known, wrong)
    with listening(Simulator(drifted()), door) as simulator, proxying() as proxy:
        aws_environment.setenv("HTTPS_PROXY", proxy.url)
        status, message = scan(simulator.url)
        assert set(proxy.hosts) == {simulator.url.removeprefix("https://")}
        assert bool(simulator.calls) == (wrong == GOOD)
    assert status == (1 if wrong == GOOD else 2)
    assert NAMED.get(wrong, "") in message
    assert door.trespasses == 0
    assert parses[str(known.bundle)] == 1


@pytest.mark.parametrize("wrong", [GOOD, "unknown authority", "expired"])
def test_a_proxy_that_is_reached_over_tls_is_verified_too(
    wrong: str, known: Authority, scan: Callable[..., tuple[int, str]], aws_environment: pytest.MonkeyPatch
) -> None:
    proxy_door = Door(known, wrong)
    with listening(Simulator(drifted()), Door(known)) as simulator, proxying(proxy_door) as proxy:
        aws_environment.setenv("HTTPS_PROXY", proxy.url)
        status, message = scan(simulator.url)
        assert bool(proxy.hosts) == bool(simulator.calls) == (wrong == GOOD)
    assert status == (1 if wrong == GOOD else 2), message


def test_a_client_certificate_is_shown_by_its_own_client_alone(known: Authority) -> None:
    own = Config(client_cert=str(known.issued[GOOD]), retries={"total_max_attempts": 1})
    none = Config(retries={"total_max_attempts": 1})
    with listening(Simulator(drifted()), Door(known, asks_certificate=True)) as simulator:
        options = {"region_name": "us-east-1", "endpoint_url": simulator.url}
        session = new_session(Settings())
        assert session.create_client("sts", config=own, **options).get_caller_identity()["Account"] == "123456789012"
        with pytest.raises(BotoCoreError):
            session.create_client("sts", config=none, **options).get_caller_identity()
        assert len(simulator.calls) == 1


# --- other versions of botocore and urllib3 -------------------------------------------------------------


def connection_like(known: Authority, **others: Any) -> Any:
    """What a connection of urllib3 is set to before it connects."""
    usual = {"ssl_context": URLLib3Session()._get_ssl_context(), "ca_certs": str(known.bundle)}
    return SimpleNamespace(**{**usual, "cert_reqs": "CERT_REQUIRED", "proxy": None, **others})


@pytest.fixture
def contexts() -> SharedContexts:
    return SharedContexts()


def test_the_usual_connection_gets_the_shared_context(known: Authority, contexts: SharedContexts) -> None:
    first, second = connection_like(known), connection_like(known, cert_reqs=ssl.CERT_REQUIRED)
    assert contexts.find(first) is first.ssl_context
    assert contexts.find(second) is first.ssl_context


@pytest.mark.parametrize(
    "others",
    [
        {"ssl_context": None},
        {"ssl_context": "a context of another kind"},
        {"ca_certs": None},
        {"ca_certs": "/nowhere/bundle.pem"},
        {"cert_reqs": "CERT_NONE"},
        {"cert_reqs": ssl.CERT_NONE},
        {"cert_reqs": "CERT_OPTIONAL"},
        {"cert_reqs": None},
        {"cert_file": "client.pem"},
        {"ca_cert_dir": "/etc/ssl/certs"},
        {"ca_cert_data": "a certificate"},
        {"assert_hostname": False},
        {"assert_fingerprint": "00"},
        {"ssl_minimum_version": ssl.TLSVersion.TLSv1_3},
        {"proxy": SimpleNamespace(scheme="https")},
    ],
    ids=lambda others: " ".join(map(str, *others.items())),
)
def test_a_connection_with_other_settings_is_left_alone(
    others: dict[str, Any], known: Authority, contexts: SharedContexts
) -> None:
    shared = contexts.find(connection_like(known))
    assert shared is not None
    assert contexts.find(connection_like(known, **others)) is None
    assert list(contexts._contexts.values()) == [shared]


def test_a_context_that_differs_from_the_shared_one_is_not_replaced_by_it(
    known: Authority, contexts: SharedContexts
) -> None:
    shared = contexts.find(connection_like(known))
    strict = URLLib3Session()._get_ssl_context()
    strict.minimum_version = ssl.TLSVersion.TLSv1_3
    assert contexts.find(connection_like(known, ssl_context=strict)) is strict
    assert shared is not strict


def test_a_context_that_trusts_others_already_is_not_shared(known: Authority, contexts: SharedContexts) -> None:
    loaded = URLLib3Session()._get_ssl_context()
    loaded.load_verify_locations(known.issued["unknown authority"])
    assert contexts.find(connection_like(known, ssl_context=loaded)) is None
    assert contexts._contexts == {}


@pytest.mark.parametrize(
    "http_session",
    [
        None,
        SimpleNamespace(),
        SimpleNamespace(_pool_classes_by_scheme=None),
        SimpleNamespace(_pool_classes_by_scheme={}),
        SimpleNamespace(_pool_classes_by_scheme={"https": object()}),
    ],
    ids=["none", "no pools", "pools of another kind", "no pool for https", "a pool of another kind"],
)
def test_an_http_session_of_another_form_is_left_as_it_is(http_session: Any) -> None:
    before = repr(http_session)
    SharedContexts().share(http_session)
    assert repr(http_session) == before


def test_without_the_extension_the_same_servers_are_refused(
    known: Authority, scan: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, parses: Parses
) -> None:
    monkeypatch.setattr(tls, "_sharing_pool_class", lambda pool_class, _contexts: pool_class)
    with listening(Simulator(drifted()), Door(known)) as simulator:
        assert scan(simulator.url)[0] == 1
    assert parses.total() > 4
    with listening(Simulator(drifted()), Door(known, "expired")) as simulator:
        assert scan(simulator.url)[0] == 2
        assert simulator.calls == []
