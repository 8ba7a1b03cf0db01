"""MLflow's pages as `lmcspec ui` serves them: they begin with training runs, and a study opens on its figure.

MLflow takes whoever comes for a builder of agents until the browser is told otherwise, and opens experiments on an
overview of traces. No setting of a server or of an experiment changes that, so a few lines of script in its page do.
`mlflow server --app-name lmcspec` finds what is here by an entry point.
"""

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any

APP = "lmcspec"
"""The name of the entry point."""

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Coroutine[Any, Any, None]]

_ASKED = (b"if-none-match", b"if-modified-since", b"range")
"""What a browser that has MLflow's own page of this address asks: it would be told that nothing has changed."""
_SAID = (b"etag", b"last-modified", b"content-length", b"cache-control", b"accept-ranges")
_END = b"</head>"


def is_registered() -> bool:
    """Whether MLflow will find it: an installation that was made by an earlier lmcspec has no entry point."""
    return bool(entry_points(group="mlflow.app", name=APP))


def create_app() -> _App:
    """MLflow's server with this beginning; called by MLflow's command."""
    from mlflow.server.fastapi_app import app

    return with_script(app, files("lmcspec.track").joinpath("opening.js").read_bytes())


def with_script(app: _App, script: bytes) -> _App:
    """An ASGI app whose first page has a script in its head, and whose other answers are as they were."""

    async def answer(scope: _Message, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await app(scope, receive, send)
            return
        head: _Message = {}
        parts: list[bytes] = []

        async def take(message: _Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                page = b"".join(parts).replace(_END, b"<script>\n" + script + b"</script>" + _END, 1)
                await send({**head, "headers": _headers(head["headers"], len(page))})
                await send({"type": "http.response.body", "body": page})

        asked = [(name, value) for name, value in scope["headers"] if name.lower() not in _ASKED]
        await app({**scope, "headers": asked}, receive, take)

    return answer


def _headers(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name.lower() not in _SAID]
    return [*kept, (b"content-length", str(length).encode()), (b"cache-control", b"no-store")]
