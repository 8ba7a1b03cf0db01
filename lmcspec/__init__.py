"""lmcspec: studies of sparse networks as declarative specs.

From Python: `lmcspec.load("specs/quickstart.toml").plan().run()`. `load` reads a spec and gives a Study, that a Plan,
and that Results, of which `frame()` is a pandas.DataFrame with a row for each number.
"""

import sys

from lmcspec.systems import WINDOWS
from lmcspec.version import __version__ as __version__

TYPE_CHECKING = False  # Without loading typing: a Ctrl-C is not ours before `lmcspec.__main__` has been read.

if TYPE_CHECKING:
    from typing import Any

    from lmcspec.api import Plan as Plan
    from lmcspec.api import Results as Results
    from lmcspec.api import RunFailedError as RunFailedError
    from lmcspec.api import Study as Study
    from lmcspec.api import load as load

__all__ = ["Plan", "Results", "RunFailedError", "Study", "__version__", "load"]


def __getattr__(name: str) -> "Any":
    # The command line imports this package too, and has no use for the rest of it.
    if name in __all__:
        if sys.platform == "win32":
            raise ImportError(WINDOWS)
        from lmcspec import api

        return getattr(api, name)
    raise AttributeError(f"module 'lmcspec' has no attribute {name!r}")


def __dir__() -> "list[str]":
    return [*__all__]
