from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lockgate.contract import Cause
from lockgate.errors import ChannelDown, ChannelError, NeedsAttention, Rejected, RetryLater, Unknown
from lockgate.signals import retry_after
from lockgate.testing.server import ScriptedServer
from lockgate.wire import STATUS_ERRORS, Wire, mask


@contextmanager
def raw_server(*answers: bytes, drip: float = 0.0) -> Iterator[str]:
    """Answers a connection with bytes as they stand, with `drip` seconds between them."""
    ended = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                for answer in answers:
                    try:
                        connection.sendall(answer)
                    except OSError:
                        break
                    if ended.wait(drip):
                        break
                ended.wait(0 if not drip else 10)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    ended.set()
    listener.close()


def ask(address: str, *, changes: bool = True, deadline: float = 5.0) -> ChannelError:
    with pytest.raises(ChannelError) as raised:
        Wire(address, deadline=deadline).call("POST", "/", {}, changes=changes)
    return raised.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [*STATUS_ERRORS.items(), (301, NeedsAttention), (418, NeedsAttention), (507, RetryLater)],
)
def test_a_status_means_one_thing(status: int, kind: type[ChannelError]) -> None:
    with ScriptedServer(lambda *_: (status, b'{"error": "no"}')) as server:
        error = ask(server.address)
    assert type(error) is kind
    assert f"HTTP {status}" in error.message
    assert error.answer == '{"error": "no"}'


def test_a_connector_overrides_an_entry() -> None:
    with ScriptedServer(lambda *_: (409, b"{}")) as server, pytest.raises(Rejected):
        Wire(server.address, deadline=5, errors={**STATUS_ERRORS, 409: Rejected}).call(
            "POST", "/", changes=True
        )


def test_an_unreachable_channel_is_down_because_nothing_was_sent() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        error = ask(f"http://127.0.0.1:{reserved.getsockname()[1]}")
    assert isinstance(error, ChannelDown)
    assert "address in the channel's settings" in error.message


@pytest.mark.parametrize(("changes", "kind"), [(True, Unknown), (False, RetryLater)])
def test_no_answer_is_unknown_only_when_it_may_have_changed_something(
    changes: bool, kind: type[ChannelError]
) -> None:
    with ScriptedServer(lambda *_: None) as server:
        assert type(ask(server.address, changes=changes)) is kind


def test_half_an_answer_is_no_answer() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") as address:
        assert isinstance(ask(address), Unknown)


def test_an_answer_whose_body_drips_ends_at_the_total_deadline() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with raw_server(head, *[b" "] * 900, drip=0.02) as address:
        assert isinstance(ask(address, deadline=0.3), Unknown)


def test_headers_that_drip_end_at_the_total_deadline_too() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\n", *[b"X"] * 900, drip=0.02) as address:
        assert isinstance(ask(address, deadline=0.3), Unknown)


@pytest.mark.parametrize(("changes", "kind"), [(True, Unknown), (False, NeedsAttention)])
def test_an_answer_that_never_ends_is_cut_off_and_is_a_bad_answer(
    changes: bool, kind: type[ChannelError]
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"80000\r\n" + b" " * 0x80000 + b"\r\n"
    with raw_server(head, *[chunk] * 100) as address:
        error = ask(address, changes=changes, deadline=60.0)
    assert type(error) is kind
    assert error.cause == Cause.BAD_ANSWER
    assert "longer than 5000000 bytes" in error.message


def test_a_handshake_that_falls_silent_ends_at_the_total_deadline_and_nothing_was_sent() -> None:
    with raw_server(b"", drip=0.05) as address:
        error = ask(address.replace("http://", "https://"), deadline=0.3)
    assert isinstance(error, ChannelDown)
    assert "timed out" in error.message


def test_a_channel_that_accepts_no_connection_ends_at_the_total_deadline() -> None:
    with socket.socket() as listener, contextlib.ExitStack() as queued:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):  # nobody takes them, and there is no room for more
            other = queued.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
        error = ask(f"http://127.0.0.1:{listener.getsockname()[1]}", deadline=0.3)
    assert isinstance(error, ChannelDown)


def test_a_channel_that_reads_no_further_ends_at_the_total_deadline_and_is_unknown() -> None:
    with raw_server(b"", drip=30.0) as address, pytest.raises(Unknown):
        Wire(address, deadline=0.3).call("POST", "/", "x" * 50_000_000, changes=True)


def test_what_does_not_fit_where_an_answer_is_read_is_a_bad_answer() -> None:
    with ScriptedServer(lambda *_: (200, b'{"items": [{"key": 1}]}')) as server:
        wire = Wire(server.address, deadline=5)
        with pytest.raises(NeedsAttention, match="KeyError: 'applied'") as raised, wire.reading():
            wire.call("GET", "/", changes=False).data["items"][0]["applied"]
    assert raised.value.cause == Cause.BAD_ANSWER
    assert raised.value.answer == '{"items": [{"key": 1}]}'


def test_a_connector_that_fails_before_anything_was_answered_blames_no_answer() -> None:
    with ScriptedServer(lambda *_: (200, b"{}")) as server:
        wire = Wire(server.address, deadline=5)
        wire.call("GET", "/", changes=False)  # in an earlier push
        with pytest.raises(KeyError), wire.reading():
            raise KeyError("a mistake of the connector")


@pytest.mark.parametrize(
    ("status", "kind"), [(200, NeedsAttention), (422, NeedsAttention), (502, RetryLater)]
)
def test_html_says_nothing_of_a_value(status: int, kind: type[ChannelError]) -> None:
    with ScriptedServer(lambda *_: (status, b"<html>oops</html>")) as server:
        error = ask(server.address)
    assert type(error) is kind
    assert "HTML instead of JSON" in error.message


def test_a_redirect_is_not_followed() -> None:
    with ScriptedServer(lambda *_: (302, b"")) as server:
        ask(server.address)
        assert len(server.requests) == 1


def test_a_connection_is_kept_from_call_to_call() -> None:
    with ScriptedServer(lambda *_: (200, b"{}")) as server:
        wire = Wire(server.address, deadline=5)
        for _ in range(3):
            wire.call("GET", "/", changes=False)
        assert len(wire._http._pool.connections) == 1
        wire.close()


def test_secrets_are_masked_in_what_is_kept_of_an_answer() -> None:
    with (
        ScriptedServer(lambda *_: (403, b'{"you sent": "hunter22"}')) as server,
        pytest.raises(NeedsAttention) as raised,
    ):
        Wire(server.address, deadline=5, secrets=["hunter22"]).call("POST", "/", changes=True)
    assert raised.value.answer == '{"you sent": "•••"}'


def test_a_mask_leaves_what_is_too_short_to_be_secret() -> None:
    assert mask("a cat", ["a", ""]) == "a cat"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("-1", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": header}) == seconds


@pytest.mark.parametrize("address", ["", "shop.example", "ftp://shop.example", "http://"])
def test_what_is_no_address_is_named(address: str) -> None:
    with pytest.raises(NeedsAttention, match="is not an address"):
        Wire(address, deadline=5)


@pytest.mark.parametrize("head", [b"Content-Length: 50000000\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_of_an_answer_that_does_not_end_only_so_much_is_read(head: bytes) -> None:
    part = b"10000\r\n" + b" " * 65536 + b"\r\n" if b"chunked" in head else b" " * 65536
    with raw_server(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n", *[part] * 800) as address:
        error = ask(address, deadline=30.0)
    assert isinstance(error, Unknown)
    assert "longer than 5000000 bytes" in error.message


def test_a_redirect_to_another_host_gets_neither_the_values_nor_the_credential() -> None:
    with ScriptedServer(lambda *_: (200, b"{}")) as elsewhere:
        location = f"Location: {elsewhere.address}/\r\n".encode()
        head = b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n"
        with raw_server(head + location + b"\r\n") as address:
            error = ask(address)
        assert elsewhere.requests == []
    assert isinstance(error, NeedsAttention)
    assert error.cause == Cause.SETTINGS
    assert error.message == (
        f"{address} redirects to {elsewhere.address}, where nothing is sent; "
        "check the address in the channel's settings (HTTP 307)."
    )


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("https://user:hunter22@shop.example/p?token=hunter22#hunter22", "https://shop.example"),
        ("//shop.example:8443/sign-in", "http://shop.example:8443"),
        ("/sign-in?next=hunter22", "{own}"),
        ("https://hunter22.example/", "https://•••.example"),
        ("", "{own}"),
        ("http://[hunter22/", "no address"),
    ],
)
def test_of_where_a_redirect_leads_only_the_host_is_told(location: str, place: str) -> None:
    head = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"
    with raw_server(head.encode()) as address, pytest.raises(NeedsAttention) as raised:
        Wire(address, deadline=5, secrets=["hunter22"]).call("POST", "/", changes=True)
    assert f"redirects to {place.format(own=address)}, where" in raised.value.message
    assert "hunter22" not in raised.value.message


@contextmanager
def tls_server(folder: Path, name: str) -> Iterator[str]:
    """A server whose certificate is for this name and signed by nobody but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    no_password = serialization.NoEncryption()
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with ScriptedServer(lambda *_: (200, b"{}")) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield server.address.replace("http://", "https://")
        assert server.requests == []


@pytest.mark.parametrize("changes", [True, False])
def test_a_certificate_that_nobody_vouches_for_is_sent_nothing_and_says_what_to_do(
    tmp_path: Path, changes: bool
) -> None:
    with tls_server(tmp_path, "127.0.0.1") as address:
        error = ask(address, changes=changes)
    assert isinstance(error, ChannelDown)
    assert error.message == (
        f"{address} has a certificate that cannot be trusted (self-signed certificate), so nothing was sent. "
        "Have the channel renew it, or correct the address in the channel's settings."
    )


def test_a_tls_failure_is_a_channel_that_cannot_be_reached_because_nothing_was_sent() -> None:
    with ScriptedServer(lambda *_: (200, b"{}")) as server:
        error = ask(server.address.replace("http://", "https://"))
        assert server.requests == []
    assert isinstance(error, ChannelDown)
    assert "SSL" in error.message
