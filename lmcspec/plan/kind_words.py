"""What the kind of a task is called."""

from lmcspec.tasks import Task


def kind_words(task: Task) -> str:
    """`prune`, `load weights`; a training on a distilled set is `train distilled`."""
    return task.kind.replace("_", " ") + (" distilled" if task.trains and task.on_distilled else "")
