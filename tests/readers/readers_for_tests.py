"""Every reader of a file that somebody else may have written: a sound one, and the call that reads it.

The tests walk this table. A reader that is added to the source comes here too: `sources.txt` is held against it.
"""

import store_readers_for_tests
import user_readers_for_tests
from reader_for_tests import READERS, Reader

__all__ = ["READERS", "Reader", "store_readers_for_tests", "user_readers_for_tests"]
