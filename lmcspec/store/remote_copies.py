"""Many objects to or from a URL at once."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import NamedTuple

from lmcspec.store.index import Index
from lmcspec.store.remote import Remote
from lmcspec.store.remote_commit import RemoteDamage
from lmcspec.store.remote_objects import fetch, remote_ids, send
from lmcspec.store.store import Store
from lmcspec.store.stored import DamagedError

AT_ONCE = 8
"""Objects that are copied at a time: it is mostly waiting."""


class Copies(NamedTuple):
    """What became of objects that were to be copied."""

    copied: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    """Were there before."""
    other: tuple[str, ...] = ()
    """The other side has another result of the same task, which stays."""
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    """A sentence for each that is not what was committed, here or there."""


def send_all(store: Store, remote: Remote, identifiers: Iterable[str] | None = None, *, anew: bool = False) -> Copies:
    """Send these committed objects, or all. Raises RemoteError where the URL can't be reached or written to."""
    wanted = store.ids() if identifiers is None else store.present(identifiers)
    return _all(sorted(wanted), lambda identifier: send(store, remote, identifier, anew=anew))


def fetch_all(store: Store, remote: Remote, identifiers: Iterable[str] | None = None) -> Copies:
    """Fetch these objects as far as the URL has them, or all that it lists, and enter them in the store's index."""
    wanted = remote_ids(remote) if identifiers is None else sorted(identifiers)
    copies = _all(wanted, lambda identifier: fetch(store, remote, identifier))
    if copies.copied:
        with Index(store) as index:
            index.add(copies.copied)
    return copies


def _all(identifiers: Sequence[str], copy: Callable[[str], str]) -> Copies:
    ended: dict[str, list[str]] = {name: [] for name in ("copied", "there", "other", "missing", "damaged")}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="lmcspec-copies") as pool:
        futures: dict[Future[str], str] = {pool.submit(copy, identifier): identifier for identifier in identifiers}
        try:
            for future in as_completed(futures):
                try:
                    how = future.result()
                    ended["copied" if how in ("sent", "fetched") else how].append(futures[future])
                except (DamagedError, RemoteDamage) as error:
                    ended["damaged"].append(str(error))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return Copies(**{name: tuple(sorted(what)) for name, what in ended.items()})
