"""A mirror on this machine, with small files to fetch from it."""

import gzip
import hashlib
import struct
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from autograd.data.sources import Published, Source

IMAGES = bytes(range(256)) * 49  # 16 images of 28 x 28
LABELS = bytes(range(10)) + bytes(6)
CONTENT = {
    f"{prefix}-{part}": header + body
    for prefix in ("train", "t10k")
    for part, header, body in (
        ("images-idx3-ubyte", struct.pack(">4B3I", 0, 0, 8, 3, 16, 28, 28), IMAGES),
        ("labels-idx1-ubyte", struct.pack(">4BI", 0, 0, 8, 1, 16), LABELS),
    )
}


class Mirror:
    """Serves `/<file>.gz`. `answers` says what a path gets: bytes, a status, or an action on the handler."""

    def __init__(self):
        self.answers = {f"/{name}.gz": gzip.compress(content) for name, content in CONTENT.items()}
        self.asked = Counter()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.asked[self.path] += 1
                answer = mirror.answers.get(self.path, 404)
                if callable(answer):
                    answer(self)
                elif isinstance(answer, int):
                    self.send_error(answer)
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.released = threading.Event()  # lets answers that hang end with the test
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.server.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def mirror():
    with Mirror() as mirror:
        yield mirror


@pytest.fixture
def second_mirror():
    with Mirror() as mirror:
        yield mirror


@pytest.fixture
def content():
    """File name -> what the mirrors have under it, decompressed."""
    return CONTENT


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and no way to the outside."""
    monkeypatch.setenv("AUTOGRAD_DATA", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache" / "tiny"


@pytest.fixture
def tiny(mirror, cache):
    """A data set like MNIST with 16 images, on one mirror."""
    files = {name: Published(len(body), hashlib.sha256(body).hexdigest()) for name, body in CONTENT.items()}
    return Source(title="Tiny", folder="tiny", files=files, mirrors=(mirror.url,), advice="ask a neighbour")
