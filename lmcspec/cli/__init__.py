"""The command line. Each command is one file; nothing heavy is imported before it is needed."""

import atexit
import gc as garbage  # a command is called gc
import os
import sys

# A spec is read by the models of this program alone. Looking for plugins of pydantic takes a tenth of `plan`.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# Imports and plans make many objects and drop few of them: looking for garbage as often as Python does finds none.
garbage.set_threshold(200_000, 20, 100)


@atexit.register
def _leave_the_rest() -> None:
    """Look for no garbage at the end, when all goes anyway; extensions of torch complain of that, so not beside it."""
    if "torch" not in sys.modules:
        garbage.freeze()


from lmcspec.cli.app import main  # noqa: E402

__all__ = ["main"]
