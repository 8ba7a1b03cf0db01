"""Descriptions on a server: written where there is none or the last one is ours, and never over a person's."""

from collections.abc import Mapping

from lmcspec.base.ids import digest, short
from lmcspec.track.ledger import Ledger
from lmcspec.track.sparing import Sparing

NOTE = "mlflow.note.content"
"""MLflow's tag for the description of an experiment or a run."""
OURS = "lmcspec.note"
"""The tag of an experiment with the digests of notes that we wrote. One with another was written, or emptied, by a
person."""
KIND = "mlflow.experimentKind"
TRAINING = "custom_model_development"
"""The kind of an experiment that some versions of MLflow ask for, to open it on its training runs."""


def is_ours(tags: Mapping[str, str]) -> bool:
    """Whether an experiment with these tags has no note, or one that we wrote."""
    return NOTE not in tags or _mark(tags[NOTE]) in tags.get(OURS, "").split()


def note_experiment(server: Sparing, ledger: Ledger, study: str, experiment: str, text: str) -> None:
    """Have an experiment say this of itself, and be one of training runs, unless a person has said otherwise."""
    written = f"note/{study}"
    if ledger.note(written) == _mark(text):
        return
    tags = server.tags_of_experiment(experiment)
    if KIND not in tags:
        server.mark(experiment, KIND, TRAINING)
    if is_ours(tags) and tags.get(NOTE) != text:
        # First what it may be from now on: whatever stops this between the two, the note is known as ours.
        server.mark(experiment, OURS, " ".join(_mark(note) for note in (tags.get(NOTE, ""), text) if note))
        server.mark(experiment, NOTE, text)
    ledger.write(written, _mark(text))


def note_run(server: Sparing, run: str, text: str) -> None:
    """Have a run of an earlier lmcspec say this of itself, unless a person has said something."""
    if run not in server.left and NOTE not in server.tags(run):
        server.log(run, tags={NOTE: text})


def _mark(text: str) -> str:
    return short(digest(text))
