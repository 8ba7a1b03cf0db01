"""A server of which some runs are left alone: those that a person deleted there, and those about which it says no."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lmcspec.track.server import Point, Server
from lmcspec.track.troubles import RefusedError

_log = logging.getLogger(__name__)


class Sparing:
    """A server to which nothing is told about runs that a person deleted, so that none stands in others' way."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.left: set[str] = set()
        """Runs that are told nothing."""
        self.refused: dict[str, str] = {}
        """Run -> why the server would not take something about it."""
        self.uri = server.uri
        self.held, self.points, self.experiment = server.held, server.points, server.experiment
        self.mark, self.create = server.mark, server.create

    def log(
        self,
        run: str,
        points: Sequence[Point] = (),
        params: Mapping[str, Any] = MappingProxyType({}),
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """See `Server.log`; so all that follows."""
        with self._spared(run) as tell:
            tell(self._server.log, points, params, tags)

    def untag(self, run: str, name: str) -> None:
        with self._spared(run) as tell:
            tell(self._server.untag, name)

    def datasets(self, run: str, datasets: Sequence[tuple[str, str, str]]) -> None:
        with self._spared(run) as tell:
            tell(self._server.datasets, datasets)

    def rename(self, run: str, name: str) -> None:
        with self._spared(run) as tell:
            tell(self._server.rename, name)

    def resume(self, run: str) -> None:
        with self._spared(run) as tell:
            tell(self._server.resume)

    def end(self, run: str, status: str, at: float) -> None:
        with self._spared(run) as tell:
            tell(self._server.end, status, at)

    def file(self, run: str, path: Path) -> None:
        with self._spared(run) as tell:
            tell(self._server.file, path)

    def keep(self, run: str, path: str, content: bytes) -> None:
        with self._spared(run) as tell:
            tell(self._server.keep, path, content)

    @contextlib.contextmanager
    def _spared(self, run: str) -> Iterator[Callable[..., None]]:
        if run in self.left:
            yield lambda *_: None
            return
        try:
            yield lambda act, *rest: act(run, *rest)
        except RefusedError as error:
            if run not in self.refused:
                _log.warning("run %s: %s", run, error)
            self.refused[run] = str(error)
