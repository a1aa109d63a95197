"""What tests of embeddings share: vectors as numbers, and a server that gives them."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np

Answer = Callable[[dict[str, Any]], Any]


def good(asked: dict[str, Any]) -> Any:
    """Answer in another order than asked, as a server may."""
    data = [{"index": n, "embedding": [len(t), 1.0, 0.0]} for n, t in enumerate(asked["input"])]
    return {"data": data[::-1], "model": asked["model"]}


class Server:
    def __init__(self) -> None:
        self.answer: Answer = good
        self.status = 200
        self.asked: list[tuple[str, str | None, dict[str, Any]]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                owner.asked.append((self.path, self.headers["authorization"], body))
                told = owner.answer(body)
                raw = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(owner.status)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Say nothing of clients that went away."""

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self._thread.join()
        self.http.server_close()


def unpack(vector: bytes) -> np.ndarray:
    """Return a stored vector as numbers."""
    return np.frombuffer(vector, dtype="<f2").astype(np.float64)
