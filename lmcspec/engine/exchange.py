"""A task whose store is not the driver's: what it needs comes from a URL before it starts, what it made goes there.

Both before anything is said of it: a by-product or a result counts once it is at the URL, where all others find it.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from lmcspec.base.errors import StoreError
from lmcspec.base.ids import short
from lmcspec.engine.context import Workplace, present
from lmcspec.engine.failures import DamagedInputError
from lmcspec.store import Store, driving


class Ended(Protocol):
    """What is asked of a report here."""

    @property
    def status(self) -> str:
        """How the try at the task ended."""
        ...


Told = TypeVar("Told", bound=Ended)
Work = Callable[[Store, str, dict[str, Any], Workplace], Told]


def exchanging(store: Store, identifier: str, payload: dict[str, Any], place: Workplace, work: Work[Told]) -> Told:
    """Do a task by `work` in this store, with inputs from the URL `payload["objects"]["url"]` and results to it.

    `payload["objects"]["forced"]`: what this store and the URL have of the task is made again. `["resend"]`: what the
    URL has of it is not the object, and is replaced. `["digests"]`: of the inputs the driver's results are these, and
    another one that this store has from before is not what the task is to start from.
    """
    # Whoever deletes in this store waits: what was brought here is needed, before anything says so.
    with driving(store):
        return _exchanging(store, identifier, payload, place, work)


def _exchanging(store: Store, identifier: str, payload: dict[str, Any], place: Workplace, work: Work[Told]) -> Told:
    from lmcspec.store import remote_checkpoints as checkpoints
    from lmcspec.store.remote import Remote, RemoteError
    from lmcspec.store.remote_commit import RemoteDamage
    from lmcspec.store.remote_objects import fetch, send

    wishes = payload["objects"]
    remote = Remote.at(wishes["url"])
    anew, forced = wishes.get("resend", False), wishes.get("forced", False)
    if forced:
        store.discard(identifier)
        anew = True
    else:
        try:
            fetch(store, remote, identifier, numbers=False)
        except RemoteDamage:
            anew = True
    left = False
    if not present(store, identifier):
        _bring_inputs(store, payload, remote, place)
        with suppress(RemoteError):
            left = checkpoints.is_there(remote, identifier)
            if left and not forced:
                _bring_checkpoint(store, identifier, payload, remote)

    def say(message: Mapping[str, Any]) -> None:
        if "byproduct" in message:
            send(store, remote, message["byproduct"], anew=anew)
        place.send(dict(message))

    with checkpoints.sending(store, remote, identifier) as sent:
        report = work(store, identifier, payload, replace(place, send=say))
    if report.status in ("done", "reused"):
        ready = store.present(entry["id"] for entry in payload.get("byproducts", ()))
        for made in (*ready, identifier):
            send(store, remote, made, anew=anew)
        if left or sent:
            with suppress(StoreError):
                checkpoints.forget_checkpoint(remote, identifier)
    elif report.status == "interrupted":
        with suppress(StoreError):
            checkpoints.send_checkpoint(store, remote, identifier)
    return report


def _bring_checkpoint(store: Store, identifier: str, payload: Mapping[str, Any], remote: Any) -> None:
    """Fetch what another node has left of the task, if that is further than what is here.

    With it the states that were passed before: else it would have to begin before them.
    """
    from lmcspec.store import remote_checkpoints as checkpoints
    from lmcspec.store.remote_commit import RemoteDamage
    from lmcspec.store.remote_objects import bring

    if not checkpoints.fetch_checkpoint(store, remote, identifier):
        return
    for entry in payload.get("byproducts", ()):
        with suppress(RemoteDamage):
            bring(store, remote, entry["id"])


def _is_another(store: Store, identifier: str, digests: Mapping[str, str]) -> bool:
    """Whether the store has another result of a task than the driver's, of which `digests` has the digest."""
    stored = store.find(identifier)
    return stored is not None and stored.digest != digests.get(identifier, stored.digest)


def _bring_inputs(store: Store, payload: Mapping[str, Any], remote: Any, place: Workplace) -> None:
    from lmcspec.store.remote_commit import RemoteDamage
    from lmcspec.store.remote_objects import bring

    digests = payload["objects"].get("digests", {})
    for name, source in payload.get("inputs", {}).items():
        if _is_another(store, source, digests):
            store.discard(source)
        try:
            there = bring(store, remote, source, place.stopping)
            if _is_another(store, source, digests):
                raise RemoteDamage(source, remote.url, "it is another result than the driver's")
        except RemoteDamage as error:
            raise DamagedInputError(name, error) from error
        if not there and not place.stopping():
            raise StoreError(
                f"the input {name!r}, object {short(source)}, is not at {remote.url}",
                help="run the same command again: it sends what is there, and makes what is missing",
            )
