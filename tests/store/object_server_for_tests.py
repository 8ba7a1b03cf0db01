"""An object server on this machine and the fsspec file system that speaks with it, for faults that real ones have.

As with S3: a flat list of keys, PUT in one step, GET by ranges, listings by prefix and delimiter. `server.fault` is asked
before each answer and may return "fail" (503), "deny" (403), "hang", "cut" (half of the body), "flip" (one bit of it).
"""

import http.client
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

import fsspec
from fsspec.spec import AbstractFileSystem


class ObjectServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.fault = lambda method, key: None
        self.listed = lambda keys: keys
        """What a listing says, from what is there."""
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self):
        return f"objects://127.0.0.1:{self.server_port}/bucket/study"

    def close(self):
        self.over.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ObjectServer

    def log_message(self, *_):
        pass

    def _key(self):
        return unquote(urlsplit(self.path).path).lstrip("/")

    def _answer(self, status, body=b"", length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _troubled(self, key):
        self.server.asked.append((self.command, key))
        trouble = self.server.fault(self.command, key)
        if trouble == "hang":
            self.server.over.wait(20)
        if trouble in ("fail", "deny", "hang"):
            self.close_connection = True
            self._answer(403 if trouble == "deny" else 503)
            return None
        return trouble or "none"

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._troubled(self._key()):
            self.server.objects[self._key()] = body
            self._answer(200)

    def do_DELETE(self):
        if self._troubled(self._key()):
            self._answer(204 if self.server.objects.pop(self._key(), None) is not None else 404)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query)
        if "prefix" in query:
            prefix = query["prefix"][0]
            if self._troubled(prefix):
                keys = self.server.listed([key for key in self.server.objects if key.startswith(prefix)])
                below = {prefix + key.removeprefix(prefix).partition("/")[0]: key for key in keys}
                kinds = {name: "file" if key == name else "directory" for name, key in below.items()}
                self._answer(200, json.dumps(kinds).encode())
            return
        key = self._key()
        trouble = self._troubled(key)
        if trouble is None:
            return
        body = self.server.objects.get(key)
        if body is None:
            self._answer(404)
            return
        begin, end = 0, len(body)
        if asked := self.headers.get("Range"):
            begin, end = (int(number) for number in asked.removeprefix("bytes=").split("-"))
            end = min(end + 1, len(body))
        part = body[begin:end]
        if trouble == "flip" and part:
            part = part[:-1] + bytes([part[-1] ^ 1])
        if trouble == "cut" and self.command == "GET" and len(part) > 1:
            self.close_connection = True
            self._answer(200, part[: len(part) // 2], length=len(part))
            return
        self._answer(206 if asked else 200, part, length=len(part))


class ObjectServerFileSystem(AbstractFileSystem):
    protocol = "objects"
    cachable = False

    @classmethod
    def _strip_protocol(cls, path):
        return str(path).removeprefix("objects://").rstrip("/")

    def _ask(self, method, path, body=None, query="", **headers):
        host, _, key = path.partition("/")
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request(method, f"/{quote(key)}{query}", body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status == 404:
                raise FileNotFoundError(path)
            if answer.status == 403:
                raise PermissionError(path)
            if answer.status >= 400:
                raise OSError(f"the server says {answer.status}")
            return answer, content
        finally:
            connection.close()

    def info(self, path, **_):
        path = self._strip_protocol(path)
        answer, _ = self._ask("HEAD", path)
        return {"name": path, "size": int(answer.headers["Content-Length"]), "type": "file"}

    def ls(self, path, detail=True, **_):
        path = self._strip_protocol(path)
        host, _, key = path.partition("/")
        _, content = self._ask("GET", host, query=f"/?prefix={quote(key + '/', safe='')}")
        kinds = {f"{host}/{name}": kind for name, kind in json.loads(content).items()}
        return [{"name": name, "size": 0, "type": kind} for name, kind in kinds.items()] if detail else [*kinds]

    def _rm(self, path):
        self._ask("DELETE", self._strip_protocol(path))

    def _open(self, path, mode="rb", **_):
        return _Upload(self, path) if "w" in mode else _Download(self, path)


class _Upload(io.BytesIO):
    def __init__(self, filesystem, path):
        super().__init__()
        self._filesystem, self._path = filesystem, path

    def close(self):
        if not self.closed:
            body = self.getvalue()
            super().close()
            self._filesystem._ask("PUT", self._path, body)


class _Download(io.RawIOBase):
    def __init__(self, filesystem, path):
        self._filesystem, self._path = filesystem, path
        self.size, self._place = filesystem.info(path)["size"], 0

    def seek(self, place, whence=0):
        self._place = place
        return place

    def read(self, size=-1):
        end = self.size if size < 0 else min(self.size, self._place + size)
        if self._place >= end:
            return b""
        _, content = self._filesystem._ask("GET", self._path, Range=f"bytes={self._place}-{end - 1}")
        self._place += len(content)
        return content


fsspec.register_implementation("objects", ObjectServerFileSystem, clobber=True)
