"""A run of studies, from their plans to the results in the store: the same for the command and from Python."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lmcspec.base.batching import Batching
from lmcspec.catalog import get
from lmcspec.engine.execute import Origin, execute, keep
from lmcspec.engine.limits import Limits
from lmcspec.engine.provenance import provenance_of
from lmcspec.engine.recording import unrecorded
from lmcspec.engine.run import Listener
from lmcspec.engine.silence import patience_of
from lmcspec.engine.summary import Summary
from lmcspec.plan import Plan
from lmcspec.plan.chosen import Chosen
from lmcspec.plan.figures_chosen import figures_of
from lmcspec.plan.outlook import Outlook, outlook, refuse_blocked
from lmcspec.plan.planned_study import PlannedStudy
from lmcspec.plan.selected import selected
from lmcspec.plan.together import figures_together, together
from lmcspec.report import tracked
from lmcspec.store import Store
from lmcspec.track import Tracker, tracking_uri
from lmcspec.track.about import by_spec
from lmcspec.track.telling import LATER, telling
from lmcspec_runners.placing import Places, placed


class Options(NamedTuple):
    """How a run is to be: options of `lmcspec run` by their names there, but for `targets` and `track`."""

    runner: str = "local"
    workers: int | None = None
    devices: str = ""
    max_parallel: int | None = None
    address: str | None = None
    objects: str | None = None
    node_store: str | None = None
    allow_skew: bool = False
    force: Sequence[str] = ()
    targets: Sequence[str] = ()
    """Of which each is a `--target`."""
    until: Sequence[str | int] = ()
    only: Sequence[str] = ()
    failed: bool = False
    batching: Batching = "off"
    fail_fast: bool = False
    patience: float | None = None
    tracking_uri: str | None = None
    track: bool = True
    """False is `--no-tracking`."""
    require_tracking: bool = False

    @property
    def limits(self) -> Limits:
        """How the run is to be held back. UsageError where nothing could ever run."""
        return Limits(self.max_parallel, self.fail_fast, patience_of(self.patience), self.batching)

    @property
    def chosen(self) -> Chosen | None:
        """The part of the plan that is asked for; None where that is all."""
        part = Chosen(tuple(self.targets), tuple(map(str, self.until)), tuple(self.only), self.failed)
        return part if part != Chosen() else None

    @property
    def places(self) -> Places:
        """Where tasks run."""
        return Places(
            self.runner, self.workers, self.devices, self.address, self.objects, self.node_store, self.allow_skew
        )

    def check(self) -> None:
        """Refuse what can't be had, before anything is read or written. UsageError."""
        get("runner", self.runner)
        self.limits  # noqa: B018 (it is made to see whether it can be)


def _silent(line: str) -> None:
    """Let the line go unsaid."""


class Talk(NamedTuple):
    """Who hears of a run on its way; nobody unless told."""

    say: Callable[[str], None] = _silent
    complain: Callable[[str], None] = _silent
    """What is to be heard also where nothing else is."""
    phase: Callable[[str], AbstractContextManager[Any]] = lambda words: nullcontext()
    """Times the block."""
    later: str = LATER
    """The command that sends to the tracking server what was left."""


SILENCE = Talk()


class Asked(NamedTuple):
    """A study as it was planned, and the file by which it was named."""

    study: PlannedStudy
    path: Path


class Ended(NamedTuple):
    """What became of a run."""

    summary: Summary | None
    """None where nothing had to run."""
    unrecorded: Sequence[str]
    """Studies whose plans could not be recorded."""


@dataclass(frozen=True, slots=True)
class Run:
    """Studies that are to run, held against the store."""

    asked: Sequence[Asked]
    store: Store
    options: Options
    command: str
    """As it is recorded."""
    view: Outlook
    tracker: Tracker | None
    talk: Talk

    def telling(self) -> AbstractContextManager[None]:
        """Tell the tracking server about the block while it runs, and what is left after it."""
        return telling(
            self.tracker,
            self.view.plan,
            running=bool(self.view.diff.run),
            required=self.options.require_tracking,
            say=self.talk.say,
            complain=self.talk.complain,
            later=self.talk.later,
        )

    def carry_out(self, showing: AbstractContextManager[Listener | None]) -> Ended:
        """Run what is to run, which `showing` shows; where nothing is, have the store keep the plan.

        Raises RunInterrupted after Ctrl-C.
        """
        if not self.view.diff.run:
            return Ended(None, keep(self.store, self.view.plan))
        placing = placed(self.options.places, self.view.diff.stale)
        origins = {
            study.plan.study: Origin(study.resolved, provenance_of(self.command, study.loaded, path))
            for study, path in self.asked
        }
        with showing as listener:
            listeners = [listener] if listener else []
            summary = execute(self.view, self.store, placing, listeners, origins=origins, limits=self.options.limits)
        return Ended(summary, summary.unrecorded)

    def check_recorded(self, ended: Ended) -> None:
        """StoreError where a plan could not be recorded, so that `gc` would delete what it needs."""
        if ended.unrecorded:
            raise unrecorded(self.store, ended.unrecorded)


def prepared(asked: Sequence[Asked], store: Store, options: Options, command: str, talk: Talk = SILENCE) -> Run:
    """The run that options ask for, of several studies in one store.

    What others have done is fetched first. Raises BlockedError where nothing could run, UsageError for options that
    name what there is not, and UnreachableError where a tracking server is required and does not answer.
    """
    plan = together([study.plan for study, _ in asked])
    if options.objects is not None:
        _fetch(options.objects, store, plan, talk)
    named = figures_together(plan, [figures_of(study.loaded) for study, _ in asked]) if options.targets else {}
    forced = selected(plan, options.force)
    with talk.phase("compared with the store"):
        view = outlook(plan, store, forced, checked=True, chosen=options.chosen, figures=named)
    if view.diff.blocked:
        blocked = sum(task.id in view.diff.blocked for task in view.counted)
        talk.say(f"{blocked:,} tasks are blocked and left out: {'; '.join(view.obstacles)}")
    refuse_blocked(view)
    return Run(asked, store, options, command, view, _tracker(asked, store, options, command, talk), talk)


def _fetch(url: str, store: Store, plan: Plan, talk: Talk) -> None:
    """Fetch what of a plan others have done."""
    from lmcspec.store.remote import shown_url
    from lmcspec_runners.exchanging import fetch_what_is_there

    fetched = fetch_what_is_there(url, store, lambda: outlook(plan, store, checked=True).diff.run)
    if fetched:
        talk.say(f"{fetched:,} objects fetched from {shown_url(url)}")


def _tracker(asked: Sequence[Asked], store: Store, options: Options, command: str, talk: Talk) -> Tracker | None:
    """The tracker of the run, with what specs say of their studies: a saved plan says nothing."""
    if not options.track:
        return None
    first = {study.plan.study: study.loaded.cases[0].study for study, _ in asked if study.loaded is not None}
    abouts = {name: by_spec(study, command) for name, study in first.items()}
    tracker = Tracker(store, tracking_uri(store, options.tracking_uri), tracked, talk.say, abouts)
    if options.require_tracking:
        tracker.sync()
    return tracker
