"""The client by which the service is measured: whole answers, however they come in parts."""

import socket
import threading
from collections.abc import Iterator

import pytest
from benchmarks.connections import Connection, listing, request

PARTS = [b"HTTP/1.1 2", b"01 Created\r\nCONTENT-", b"LENGTH: 5\r\nx: y\r\n", b"\r\nab", b"cd", b"e"]


@pytest.fixture
def url() -> Iterator[str]:
    """A server that gives one answer in parts, and then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            one, _ = server.accept()
            with one:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                one.recv(65_536)
                for part in PARTS:
                    one.sendall(part)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_an_answer_is_read_to_its_end_and_an_end_is_an_error(url: str) -> None:
    with Connection(url) as connection:
        assert connection.ask(listing(url, "ann", 3)) == (201, b"abcde")
        with pytest.raises(OSError, match=r"closed|reset|Broken pipe"):
            connection.ask(request(url, "GET", "/v1/health"))


def test_a_request_says_how_long_its_body_is() -> None:
    head, _, body = listing("http://here:7", "ünder", 3).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/recommendations HTTP/1.1\r\nHost: here:7\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
