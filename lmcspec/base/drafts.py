"""A file or a folder that somebody named, written whole or not at all."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lmcspec.base.errors import UsageError
from lmcspec.base.flush import flush


@contextlib.contextmanager
def drafted(output: Path, help: str = "name another place") -> Iterator[Path]:
    """A draft to write to, which takes the place of `output` at the end of the block, and is gone where that fails.

    It has the rights of the file that is there. What is there and no file, such as a pipe, gets what comes as it
    comes. UsageError, with that help, where the system refuses.
    """
    # A link stays one, and a device too: only an ordinary file has another put in its place.
    place = Path(os.path.realpath(output))
    # With a name of its own: what lies there by another is another's, and two may write at once.
    draft = place.with_name(f".{os.urandom(16).hex()}.draft")
    try:
        if place.exists() and not place.is_file():
            yield place
            return
        try:
            rights = _begin(draft, place)
            yield draft
            _end(draft, rights)
            draft.replace(place)
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise
    except OSError as error:
        if error.filename not in (None, str(draft), str(place)):
            raise  # about something that was read
        raise UsageError(f"can't write {output}: {error.strerror or error}", help=help) from None


def _begin(draft: Path, place: Path) -> int | None:
    """Make an empty file, which is nobody else's; gives the rights of what is in its place, None where nothing is.

    Until it is written nobody else may read it, unless nothing is there that says who may.
    """
    rights = stat.S_IMODE(place.stat().st_mode) if place.exists() else None
    usual = 0o666 if rights is None else 0o600
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, usual))
    return rights


def _end(draft: Path, rights: int | None) -> None:
    """Its bytes are on the disk before its name is: a machine that goes down leaves the old file or the new one."""
    file = os.open(draft, os.O_RDONLY)
    try:
        if rights is not None:
            os.fchmod(file, rights)
        flush(file)
    finally:
        os.close(file)


@contextlib.contextmanager
def drafted_folder(output: Path, last: str) -> Iterator[Path]:
    """A folder to write files to, which becomes `output` at the end of the block, and is gone where that fails.

    An empty folder may be there already: it stays, since somebody may stand in it, and the files move into it, the one
    called `last` as the last. UsageError where anything else is there, or the system refuses.
    """
    import tempfile  # which takes a while, and few write folders

    place = Path(os.path.realpath(output))
    moved: list[Path] = []
    try:
        is_there = place.exists()
        if is_there and (not place.is_dir() or any(place.iterdir())):
            raise UsageError(f"{output} is there already", help="name another folder")
        beside = place if is_there else place.parent
        beside.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{place.name[:100]}.", suffix=".draft", dir=beside) as held:
            draft = Path(held, "files")  # a folder of its own has the rights that folders usually have
            draft.mkdir()
            yield draft
            if not is_there:
                draft.rename(place)
                return
            for file in sorted(draft.iterdir(), key=lambda file: file.name == last):
                moved.append(file.rename(place / file.name))
    except BaseException as error:
        for file in moved:
            with contextlib.suppress(OSError):
                file.unlink()
        if not isinstance(error, OSError):
            raise
        raise UsageError(f"can't write {output}: {error.strerror or error}", help="name another folder") from error
