"""What reading a sqlite file may end in that somebody else has written, or a dying disk."""

import sqlite3

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""The second where sqlite's own words quote names that are no text."""


LARGEST = 64 * 2**20
"""Bytes of a value; ours have a few thousand."""


def refuse_strange(connection: sqlite3.Connection) -> None:
    """Raise DatabaseError where a database of ours has more than tables: a view or a trigger may go on for ever."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
    strange = connection.execute(_STRANGE).fetchone()
    if strange:
        raise sqlite3.DatabaseError(f"it has what none of ours has: a {strange[0]}")


_STRANGE = """
SELECT type FROM sqlite_master WHERE type NOT IN ('table', 'index')
OR sql LIKE '%VIRTUAL%' OR sql LIKE '%GENERATED%' OR sql LIKE '%CHECK%' OR sql LIKE '% AS %' LIMIT 1
"""


def is_damage(error: Exception) -> bool:
    """Whether an error means that the file is damaged or not what was expected, and will be so the next time.

    No damage are locks, full disks, disks that can only be read, and whatever else passes.
    """
    # Python gives no code where a text is none.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_TOOBIG)
