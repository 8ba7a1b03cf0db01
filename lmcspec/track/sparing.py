"""A server of which some runs are left alone: those that a person deleted there, and those about which it says no."""

import functools
import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from lmcspec.track.said import WholeRun
from lmcspec.track.server import Server
from lmcspec.track.troubles import RefusedError

_log = logging.getLogger(__name__)
_P = ParamSpec("_P")


def _sparing(tell: Callable[Concatenate[Server, str, _P], None]) -> Callable[Concatenate["Sparing", str, _P], bool]:
    """See the method of that name of `Server`; about runs that are left alone nothing is told, and a no is noted.

    Gives whether it was told.
    """

    @functools.wraps(tell)
    def spared(self: "Sparing", run: str, /, *args: _P.args, **kwargs: _P.kwargs) -> bool:
        if run in self.left:
            return False
        try:
            getattr(self._server, tell.__name__)(run, *args, **kwargs)
        except RefusedError as error:
            if run not in self.refused:
                _log.warning("run %s: %s", run, error)
            self.refused[run] = str(error)
            return False
        return True

    return spared


class Sparing:
    """A server to which nothing is told about runs that a person deleted, so that none stands in others' way."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.left: set[str] = set()
        """Runs that are told nothing."""
        self.refused = server.refused
        """Run -> why the server would not take something about it."""
        self.uri = server.uri
        self.held, self.points, self.experiment = server.held, server.points, server.experiment
        self.mark, self.create, self.discard = server.mark, server.create, server.discard
        self.tags, self.tags_of_experiment, self.has = server.tags, server.tags_of_experiment, server.has

    def whole(self, run: WholeRun) -> str:
        """The id of a new run that is over, with all that is to be told about it."""
        runs = self._server.whole_runs
        if runs is not None and (identifier := runs.take(run)) is not None:
            if runs.is_full:
                self._server.flush()
            return identifier
        identifier = self.create(run.experiment, run.name, run.started, run.tags)
        self.log(identifier, run.points, run.params)
        self.end(identifier, run.status, run.ended)
        if runs is not None and identifier not in self.refused:
            runs.learn(identifier, run)
        return identifier

    log = _sparing(Server.log)
    untag = _sparing(Server.untag)
    datasets = _sparing(Server.datasets)
    rename = _sparing(Server.rename)
    resume = _sparing(Server.resume)
    end = _sparing(Server.end)
    file = _sparing(Server.file)
    keep = _sparing(Server.keep)
