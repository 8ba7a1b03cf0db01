"""The files of a report in a folder."""

from pathlib import Path

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError, UsageError
from lmcspec.store import layout


def write_report(root: Path, folder: Path, files: dict[str, bytes]) -> list[str]:
    """Write each file whole or not at all; their paths. UsageError where the folder can't be written to.

    Below `root`, which is the store or what the user named, no link is followed.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        beneath.make_folders(root, folder)
        for name, content in files.items():
            layout.put_file(root, folder / name, content)
    except StoreError:
        raise
    except OSError as error:
        raise UsageError(
            f"can't write the report to {folder}: {error.strerror}", help="name another folder with -o"
        ) from None
    return [str(folder / name) for name in files]
