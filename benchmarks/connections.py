"""A client that costs next to nothing: one open connection, and requests that are made beforehand.

It shares its cores with what it measures. Every answer is read to its end, and its status told.
"""

import json
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 60
AT_ONCE = 65_536
END, LENGTH = b"\r\n\r\n", b"\r\ncontent-length: "


class Connection:
    """One open connection to a service; raises OSError where it breaks off."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        there = (place.hostname or "localhost", place.port or 80)
        self._socket = socket.create_connection(there, PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """The status and the body of an answer."""
        self._socket.sendall(request)
        told = self._more()
        while END not in told:
            told += self._more()
        head, _, body = told.partition(END)
        said = head.lower().partition(LENGTH)[2].partition(b"\r\n")[0]
        while len(body) < int(said):
            body += self._more()
        return int(head[9:12]), body

    def _more(self) -> bytes:
        if not (read := self._socket.recv(AT_ONCE)):
            raise ConnectionError("the service has closed the connection")
        return read


def request(url: str, verb: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
    """The bytes of a request."""
    text = b"" if body is None else json.dumps(body).encode()
    head = [f"{verb} {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
    if body is not None:
        head += ["Content-Type: application/json", f"Content-Length: {len(text)}"]
    return "\r\n".join([*head, "", ""]).encode() + text


def listing(url: str, user_id: str, k: int) -> bytes:
    """The question for a user's best items."""
    return request(url, "POST", "/v1/recommendations", {"user_id": user_id, "k": k})


def telling(url: str, user_id: str, item_id: str, value: float, key: str | None = None) -> bytes:
    """One event of a user."""
    body = {"user_id": user_id, "item_id": item_id, "value": value, "key": key}
    return request(url, "POST", "/v1/events", body)
