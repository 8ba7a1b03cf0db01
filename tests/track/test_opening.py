"""The first page as `lmcspec ui` serves it: MLflow's with a script; all other answers as they were."""

import asyncio
from importlib.resources import files

import pytest

from lmcspec.store import Store
from lmcspec.track import pages, view
from lmcspec.track.serve import command

PAGE = b"<html><head><title>MLflow</title></head><body></head></body></html>"


def asked(path, *, method="GET", headers=(), parts=(PAGE[:9], PAGE[9:]), script=b"S"):
    """What a browser is answered, and what the app behind was asked."""
    seen, sent = {}, []

    async def app(scope, receive, send):
        seen.update(scope)
        said = [(b"content-type", b"text/html"), (b"Content-Length", b"67"), (b"etag", b"x"), (b"x-own", b"y")]
        await send({"type": "http.response.start", "status": 200, "headers": said})
        for number, part in enumerate(parts, 1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": method, "path": path, "headers": list(headers)}
    asyncio.run(pages.with_script(app, script)(scope, receive, send))
    return sent[0], b"".join(message["body"] for message in sent[1:]), seen


def test_the_page_has_the_script_in_its_head_once():
    head, body, _ = asked("/")
    assert body == PAGE.replace(b"</head>", b"<script>\nS</script></head>", 1)
    headers = dict(head["headers"])
    assert headers[b"content-length"] == str(len(body)).encode() and headers[b"x-own"] == b"y"
    assert head["status"] == 200


def test_a_browser_that_has_the_page_from_elsewhere_gets_it_anew_and_keeps_it_not():
    head, _, seen = asked("/", headers=[(b"If-None-Match", b"x"), (b"if-modified-since", b"y"), (b"host", b"z")])
    assert seen["headers"] == [(b"host", b"z")]
    headers = {name.lower(): value for name, value in head["headers"]}
    assert b"etag" not in headers and headers[b"cache-control"] == b"no-store"
    assert sum(name.lower() == b"content-length" for name, _ in head["headers"]) == 1


@pytest.mark.parametrize(("path", "method"), [("/api/2.0/mlflow/runs/get", "GET"), ("/", "POST"), ("/health", "GET")])
def test_everything_else_passes(path, method):
    head, body, seen = asked(path, method=method, headers=[(b"if-none-match", b"x")])
    assert body == PAGE and (b"etag", b"x") in head["headers"]
    assert seen["headers"] == [(b"if-none-match", b"x")]


def test_what_is_no_page_stays_as_it_is():
    _, body, _ = asked("/", parts=[b"no head"])
    assert body == b"no head"


def test_the_script_leads_to_the_link_that_is_printed():
    script = files("lmcspec.track").joinpath("opening.js").read_text(encoding="utf-8")
    assert view.charts("${id}") in script and f'"{view.TAG}"' in script
    assert "</script" not in script and script.isascii()


@pytest.mark.parametrize("registered", [False, True])
def test_mlflow_is_asked_for_it_where_it_can_find_it(tmp_path, monkeypatch, registered):
    monkeypatch.setattr(pages, "is_registered", lambda: registered)
    line = command("sqlite:///here.db", Store.open(tmp_path / "store"), 5000)
    assert ("--app-name" in line) == registered
