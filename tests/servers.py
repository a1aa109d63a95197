"""Real servers on loopback: a web server whose answers the tests write, and a mail server."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

Route = Callable[[BaseHTTPRequestHandler], None]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # as many may come at once


class Web:
    """A server: `routes` answers by path; `asked` holds each request's path and headers."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.released = threading.Event()
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                self.close_connection = True
                route = web.routes.get(self.path.partition("?")[0])
                # The client may have had enough.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    route(self) if route else self.send_error(404)

            def log_message(self, *said: object) -> None:
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def url(self, path: str = "/feed") -> str:
        return f"http://{self.host}{path}"

    def answer(
        self,
        path: str = "/feed",
        body: bytes = b"",
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> str:
        """Answer a path with a body; return its address."""

        def route(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        self.routes[path] = route
        return self.url(path)

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@dataclass
class MailServer:
    """A mail server that takes everything in; `seconds` go by before it answers for a mail."""

    seconds: float = 0.0
    port: int = 0
    begun: int = 0
    mails: list[tuple[list[str], bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.begun += 1
        await asyncio.sleep(self.seconds)
        self.mails.append((envelope.rcpt_tos, envelope.original_content))
        return "250 2.0.0 queued"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["MailServer"]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(self, hostname="mail.example.org"), "127.0.0.1", 0
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Inbox:
    """A mail server in a thread of its own, for tests of whole programs.

    It runs as long as its context; `seconds` go by before it answers for a mail.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.port = free_port()
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.came = threading.Event()
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.recipients += envelope.rcpt_tos
        self.mails.append(message_from_bytes(envelope.original_content, policy=policy.default))
        self.came.set()
        await asyncio.sleep(self.seconds)
        return "250 2.0.0 queued"

    def __enter__(self) -> "Inbox":
        self._server.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.stop()
