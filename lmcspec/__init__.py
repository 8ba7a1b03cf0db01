"""lmcspec: studies of sparse networks as declarative specs.

From Python: `lmcspec.load("specs/quickstart.toml").plan().run()`.
"""

from lmcspec.version import __version__ as __version__

TYPE_CHECKING = False  # Without loading typing: a Ctrl-C is not ours before `lmcspec.__main__` has been read.

if TYPE_CHECKING:
    from typing import Any

    from lmcspec.api import load as load


def __getattr__(name: str) -> "Any":
    # The command line imports this package too, and has no use for the rest of it.
    if name == "load":
        from lmcspec.api import load

        return load
    raise AttributeError(f"module 'lmcspec' has no attribute {name!r}")
