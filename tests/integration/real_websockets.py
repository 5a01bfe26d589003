"""A raw WebSocket server on loopback, and real clients of it: npm ``ws`` on Node, and Chromium.

What the server does is named by the path that a client dials, so that every ending can be made
exactly: with or without a close frame, by FIN or RST, at once or never. A scenario is JavaScript
that runs unchanged in Node, in a page and in the lab's engine; see ``test_fidelity.py``.
"""

import base64
import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stormlab.hosts.javascript.npm import set_of_esbuild

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE = 1, 2, 8
CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """Where a Chromium is installed, if one is."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


class RealServer:
    """Serves until :meth:`stop`: pages by path, what is posted, and WebSockets.

    A text that is posted is a signal, all else a report.
    """

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.posted: list[Any] = []
        self._news = threading.Condition()
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.port = 0
        self.listen()

    def listen(self) -> None:
        """Take connections, again after :meth:`kill`."""
        if self._listener is not None:
            return
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def kill(self) -> None:
        """End as a process does that is killed: nobody listens, nothing stays open."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the one who accepts
            self._listener.close()
        self._listener = None
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def stop(self) -> None:
        """End everything."""
        self.kill()

    def has_posted(self, wanted: Any, timeout_s: float) -> bool:
        """Wait until somebody posts this; tells whether it came in time."""
        with self._news:
            return self._news.wait_for(lambda: wanted in self.posted, timeout_s)

    def next_posted(self, count: int, timeout_s: float) -> Any:
        """Wait for the report after so many; it, or None when it does not come in time."""

        def reports() -> list[Any]:
            return [each for each in self.posted if not isinstance(each, str)]

        with self._news:
            self._news.wait_for(lambda: len(reports()) > count, timeout_s)
            return reports()[count] if len(reports()) > count else None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            peer.settimeout(600)
            self._open.append(peer)
            threading.Thread(target=self._guarded, args=(peer,), daemon=True).start()

    def _guarded(self, peer: socket.socket) -> None:
        with suppress(OSError, EOFError):
            self._serve(peer)

    def _serve(self, peer: socket.socket) -> None:
        head, _, rest = _until(peer, b"\r\n\r\n").partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        place = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(place.query).items()}
        if method == "POST":
            while len(rest) < int(headers["content-length"]):
                rest += peer.recv(65_536)
            _answer(peer, 200, "")
            with self._news:
                self.posted.append(json.loads(rest))
                self._news.notify_all()
        elif "sec-websocket-key" not in headers:
            page = self.pages.get(place.path)
            _answer(peer, 200 if page else 404, page or "")
        elif place.path == "/never":
            peer.recv(1)
        elif place.path == "/drop":
            peer.close()
        elif place.path[1:].isdecimal():
            _answer(peer, int(place.path[1:]), "no")
        else:
            self._websocket(peer, headers["sec-websocket-key"], place.path, asked)

    def _websocket(self, peer: socket.socket, key: str, path: str, asked: dict[str, str]) -> None:
        accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()  # noqa: S324
        chosen = f"Sec-WebSocket-Protocol: {asked['p']}\r\n" if "p" in asked else ""
        peer.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {accept}\r\n{chosen}\r\n".encode()
        )
        if path in {"/close", "/linger"}:
            said = b""
            if "code" in asked:
                said = struct.pack("!H", int(asked["code"])) + asked.get("reason", "").encode()
            peer.sendall(_frame(CLOSE, said))
        elif path == "/hello":
            peer.sendall(_frame(TEXT, b"hello") + _frame(BINARY, bytes([0, 128, 255])))
        while True:
            kind, data = _read_frame(peer)
            if kind == CLOSE:
                _closed(peer, path, data)
                return
            if data == b"fin":
                peer.shutdown(socket.SHUT_WR)
                peer.recv(1)
                return
            if data == b"rst":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.close()
                return
            if path in {"/echo", "/hello"}:
                peer.sendall(_frame(kind, data))


def _closed(peer: socket.socket, path: str, data: bytes) -> None:
    """The client's close frame has come."""
    if path not in {"/close", "/linger", "/mute"}:
        peer.sendall(_frame(CLOSE, data))
    if path in {"/linger", "/mute", "/keep"}:
        peer.recv(1)  # the client has to end it
    peer.close()


def _until(peer: socket.socket, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        more = peer.recv(65_536)
        if not more:
            raise EOFError
        data += more
    return data


def _exactly(peer: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = peer.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _answer(peer: socket.socket, status: int, text: str) -> None:
    body = text.encode()
    peer.sendall(
        f"HTTP/1.1 {status} Said\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    peer.close()


def _frame(kind: int, data: bytes) -> bytes:
    """An unmasked frame of at most 125 bytes."""
    return bytes([0x80 | kind, len(data)]) + data


def _read_frame(peer: socket.socket) -> tuple[int, bytes]:
    first, second = _exactly(peer, 2)
    length = second & 0x7F
    if length == 126:
        length = struct.unpack("!H", _exactly(peer, 2))[0]
    mask = _exactly(peer, 4)
    data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(_exactly(peer, length)))
    return first & 0x0F, data


def closed_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def in_node(script: str, timeout_s: float) -> Any:
    """Run a script, which can ``require("ws")``; what it prints as JSON last."""
    modules = set_of_esbuild().installation().install() / "node_modules"
    text = f"const require_ = require({json.dumps(str(modules / 'ws'))});\n{script}"
    ended = subprocess.run(
        ["node", "-"],
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout_s,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def in_chromium(server: RealServer, script: str, timeout_s: float) -> Any:
    """Run a script in a page of the server; what it hands to ``report``."""
    program = chromium()
    assert program is not None
    reporting = (
        'const report = (log) => fetch("/log", { method: "POST", body: JSON.stringify(log) });'
    )
    server.pages["/page"] = f"<!doctype html><script>{reporting}\n{script}</script>"
    before = len([each for each in server.posted if not isinstance(each, str)])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = subprocess.Popen(
            [
                program,
                *CHROMIUM_FLAGS,
                f"--user-data-dir={folder}",
                f"http://127.0.0.1:{server.port}/page",
            ],
            env={**os.environ, "TZ": "UTC"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            found = server.next_posted(before, timeout_s)
        finally:
            browser.terminate()
            try:
                browser.wait(10)
            except subprocess.TimeoutExpired:
                browser.kill()
                browser.wait(10)
    assert found is not None, "the page did not report in time"
    return found
