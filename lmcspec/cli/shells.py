"""Answering shells that ask what may be typed next: by Typer's protocol, in a moment, and never with an error.

A shell runs `lmcspec` with the words so far in environment variables, and takes what is printed as candidates, or as
code to be run. So whatever goes wrong, nothing is said; and what takes longer than a key may take is given up.
"""

import contextlib
import io
import logging
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from shlex import quote, shlex
from types import FrameType

from typer import Typer

ASKED = "_LMCSPEC_COMPLETE"
"""Set by a shell that asks: `complete_bash`, say."""
SECONDS = 0.3
"""Of processor time, for all of an answer."""
_FOR_TASKS = 0.1
"""Seconds that finding tasks has at least, however long it took to start."""
_BREAKS = "=:"
"""At these bash begins a new word, and replaces what stands behind the last of them."""
_SPECIAL = re.compile(r"([\s;&|<>()$`\"'\\*?!#\[\]{}])")
_PLAIN = r"\\\1"
"""Such a sign with a backslash before it."""
_OBEYED = {"zsh": "\\$`\"'", "powershell": "$`\"';&|(){}", "pwsh": "$`\"';&|(){}"}
"""By shell the signs of a name that it would take for code, by which whoever names a file could run what they like:
zsh evaluates what it is told, twice, and PowerShell puts it on the line as it is."""


class TimeIsUp(BaseException):
    """The time for an answer is over. No error, so that nothing on the way takes it for one of its own."""


def is_asked() -> bool:
    """Whether a shell wants to know what may be typed next."""
    return ASKED in os.environ


def can_be_offered(name: str) -> bool:
    """Whether the shell that asks may be told a name: it can be seen whole, and nothing in it is obeyed."""
    shell = os.environ.get(ASKED, "").rpartition("_")[2]
    return name.isprintable() and not set(_OBEYED.get(shell, "")) & set(name)


def typed(environment: Mapping[str, str]) -> tuple[list[str], int]:
    """The words that were typed, the program's name first, and the place of the one that is to be completed."""
    if "COMP_WORDS" in environment:
        words, current = _split(environment["COMP_WORDS"]), int(environment.get("COMP_CWORD", "0"))
        return _rejoined(words + [""] * (current + 1 - len(words)), current)
    line = environment.get("_TYPER_COMPLETE_ARGS", "")
    words = _split(line)
    # PowerShell says apart what is to be completed, and drops spaces at the end.
    begins_anew = line.endswith(" ") or not environment.get("_TYPER_COMPLETE_WORD_TO_COMPLETE", "-")
    return ([*words, ""], len(words)) if begins_anew or not words else (words, len(words) - 1)


def answer(commands: Sequence[str], build: Callable[[Sequence[str]], Typer]) -> int:
    """Print candidates, or the shell's script; the exit code. `build` makes a program of some of the `commands`."""
    said, code = io.StringIO(), 1
    logging.disable()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()), _within(SECONDS):
            code = _ask(commands, build)
    except (Exception, TimeIsUp):  # noqa: BLE001 (a shell that gets no answer offers files)
        return code
    finally:
        logging.disable(logging.NOTSET)
    with contextlib.suppress(OSError):
        print(_for_shell(said.getvalue()), end="", flush=True)
    return code


def _ask(commands: Sequence[str], build: Callable[[Sequence[str]], Typer]) -> int:
    """What Typer says. Only the command that is typed is imported, if that is clear."""
    words, current = typed(os.environ)
    if "COMP_WORDS" in os.environ:
        os.environ |= {"COMP_WORDS": "\n".join(map(quote, words)), "COMP_CWORD": str(current)}
    begun = next((word for word in words[1:current] if not word.startswith("-")), "")
    try:
        build((begun,) if begun in commands else commands)([], prog_name="lmcspec", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raise TimeIsUp in the block once the process has computed for so long, where there is such a clock."""

    def over(number: int, frame: FrameType | None) -> None:
        raise TimeIsUp

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, max(_FOR_TASKS, seconds - time.process_time()))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _split(line: str) -> list[str]:
    """The words of a line as a shell would take them; of an open quotation what stands in it."""
    lexer = shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:
        words.append(lexer.token)
    return words


def _rejoined(words: list[str], current: int) -> tuple[list[str], int]:
    """Words that bash has taken apart at `=` and `:` together again: `imp[rewind`, `=`, `0]` are one."""
    whole: list[str] = []
    place, glued = 0, False
    for number, word in enumerate(words):
        breaks = bool(word) and all(sign in _BREAKS for sign in word)
        if number > 1 and (breaks or glued):
            whole[-1] += word
        else:
            whole.append(word)
        glued = breaks
        if number == current:
            place = len(whole) - 1
    return whole, place


def _for_shell(said: str) -> str:
    """In bash each candidate without what bash keeps, and with signs that it would obey made plain; else as it is."""
    if "COMP_WORDS" not in os.environ or not os.environ[ASKED].startswith("complete"):
        return said
    words, current = typed(os.environ)
    begun = words[current]
    kept = begun[: max(begun.rfind(sign) for sign in _BREAKS) + 1]
    return "".join(f"{_SPECIAL.sub(_PLAIN, line.removeprefix(kept))}\n" for line in said.splitlines())
