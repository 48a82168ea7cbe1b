"""HTTPS as a client sees it: a certificate that checks out, followed while it changes, renewed in time."""

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from appliance import clock, settings, tls
from appliance.crypto import issuing
from appliance.errors import Problem
from appliance.settings import Settings
from tests.postgres import free_port
from tests.waiting import until


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return settings.load({"data": str(tmp_path), "tls": "true"}, {})


def trusting(chosen: Settings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=tls.authority(chosen.data_dir))


@contextmanager
def echoing(context: ssl.SSLContext) -> Iterator[int]:
    """A server that sends back what comes; its port."""

    def serve(raw: socket.socket) -> None:
        try:
            with context.wrap_socket(raw, server_side=True) as connection:
                while piece := connection.recv(100):
                    connection.sendall(piece)
        except OSError:
            """The client did not like the certificate."""

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                raw = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=serve, args=(raw,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def connect(port: int, trust: ssl.SSLContext, name: str = "localhost") -> ssl.SSLSocket:
    return trust.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=5), server_hostname=name)


def serial(connection: ssl.SSLSocket) -> str:
    return str((connection.getpeercert() or {})["serialNumber"])


def said_back(connection: ssl.SSLSocket) -> bytes:
    connection.sendall(b"still here")
    return connection.recv(100)


def test_a_client_that_trusts_the_authority_gets_in_by_every_name(chosen: Settings) -> None:
    tls.initialise(chosen, ("hq.example.com", "127.0.0.1", "localhost"))
    with tls.kept(chosen) as context, echoing(context) as port:
        for name in ("hq.example.com", "127.0.0.1", "localhost"):
            with connect(port, trusting(chosen), name) as connection:
                assert said_back(connection) == b"still here"
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            connect(port, trusting(chosen), "other.example.com")
        with pytest.raises(ssl.SSLCertVerificationError, match="self-signed|local issuer"):
            connect(port, ssl.create_default_context())


def test_the_files_of_keys_are_private(chosen: Settings) -> None:
    tls.initialise(chosen)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (chosen.data_dir / "tls").iterdir()}
    assert modes == {"ca.key": 0o600, "server.key": 0o600, "ca.pem": 0o644, "server.pem": 0o644}
    assert {"localhost", "127.0.0.1", socket.gethostname()} <= set(tls.status(chosen).names)


def test_a_new_certificate_is_served_while_an_open_connection_goes_on(chosen: Settings) -> None:
    with tls.kept(chosen, every=0.05) as context, echoing(context) as port, connect(port, trusting(chosen)) as early:
        before = serial(early)
        tls.renew(chosen)

        def renewed() -> bool:
            with connect(port, trusting(chosen)) as later:
                return serial(later) != before

        assert until(renewed, 5)
        assert said_back(early) == b"still here"
        assert serial(early) == before


def test_nobody_is_refused_while_certificates_change(chosen: Settings) -> None:
    with tls.kept(chosen, every=0.001) as context, echoing(context) as port:
        ended = threading.Event()

        def renewing() -> None:
            while not ended.is_set():
                tls.renew(chosen)

        changing = threading.Thread(target=renewing)
        changing.start()
        seen = set()
        try:
            for _ in range(60):
                with connect(port, trusting(chosen)) as connection:
                    seen.add(serial(connection))
                    assert said_back(connection) == b"still here"
        finally:
            ended.set()
            changing.join()
        assert len(seen) > 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_names_nobody_is_served(chosen: Settings, version: ssl.TLSVersion) -> None:
    with tls.kept(chosen) as context, echoing(context) as port:
        trust = trusting(chosen)
        trust.minimum_version = trust.maximum_version = version
        trust.check_hostname = False
        trust.set_alpn_protocols(["h2", "http/1.1"])
        raw = socket.create_connection(("127.0.0.1", port), timeout=5)
        with trust.wrap_socket(raw) as connection:
            assert said_back(connection) == b"still here"
            assert connection.selected_alpn_protocol() == "http/1.1"


def test_half_a_pair_leaves_the_certificate_in_use(chosen: Settings, tmp_path: Path) -> None:
    tls.initialise(chosen)
    keeper = tls._Keeper(chosen, tls.files(chosen))
    keeper.take()
    (tmp_path / "tls/server.key").write_text("not a key")
    with pytest.raises(Problem, match="can't be used"):
        keeper.take()
    with echoing(keeper.context) as port, connect(port, trusting(chosen)) as connection:
        assert said_back(connection) == b"still here"


def test_the_own_certificate_is_renewed_before_its_last_thirty_days(chosen: Settings) -> None:
    with clock.frozen(clock.now() - timedelta(days=issuing.LEAF_DAYS - 31)):
        tls.initialise(chosen)
    keeper = tls._Keeper(chosen, tls.files(chosen))
    before = tls.status(chosen).fingerprint
    keeper._renew_in_time()
    assert tls.status(chosen).fingerprint == before
    with clock.frozen(clock.now() + timedelta(days=2)):
        keeper._renew_in_time()
        assert tls.status(chosen).fingerprint != before
        assert tls.status(chosen).days_left == pytest.approx(issuing.LEAF_DAYS, abs=0.1)


def test_given_files_are_served_and_not_renewed(chosen: Settings, tmp_path: Path) -> None:
    tls.initialise(chosen)
    paths = {"tls_cert": str(tmp_path / "tls/server.pem"), "tls_key": str(tmp_path / "tls/server.key")}
    given = settings.load({"data": str(tmp_path), **paths}, {})
    assert given.https
    with pytest.raises(Problem, match="not one of ours"):
        tls.renew(given)
    with pytest.raises(Problem, match="belong together"):
        tls.files(settings.load({"data": str(tmp_path), "tls_cert": "x"}, {}))


@pytest.mark.outside
def test_a_whole_server_speaks_https_to_python_and_to_openssl(chosen: Settings, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "appliance", "serve", "--no-open", "--port", str(port), "--data", str(tmp_path)]
    with subprocess.Popen(command, env={**os.environ, "AGENTHQ_TLS": "true"}, stdout=subprocess.PIPE) as server:
        try:
            assert until(lambda: tls.authority(tmp_path).exists() and _ready(port, chosen), 40)
            link = json.loads((tmp_path / "server.lock").read_text())["link"]
            assert link == f"https://127.0.0.1:{port}"
            words = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-verify_return_error", "-verify_ip"]
            trust = ["127.0.0.1", "-CAfile", str(tls.authority(tmp_path))]
            seen = subprocess.run([*words, *trust], input="", capture_output=True, text=True, check=False, timeout=20)
            assert "Verify return code: 0 (ok)" in seen.stdout
        finally:
            server.terminate()


def _ready(port: int, chosen: Settings) -> bool:
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=trusting(chosen))
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
