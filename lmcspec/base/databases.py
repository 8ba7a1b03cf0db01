"""What reading a sqlite file may end in that somebody else has written, or a dying disk."""

import sqlite3

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""The second where sqlite's own words quote names that are no text."""


def is_damage(error: Exception) -> bool:
    """Whether an error means that the file is damaged or not what was expected, and will be so the next time.

    No damage are locks, full disks, disks that can only be read, and whatever else passes.
    """
    # Python gives no code where a text is none.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
