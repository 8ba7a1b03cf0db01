"""The scheduler: runs the tasks of a plan on a runner's slots, with retries, and tells what happens."""

from lmcspec.engine.events import Event
from lmcspec.engine.interrupts import RunInterrupted
from lmcspec.engine.planned import Job, PlannedTask
from lmcspec.engine.run import Listener, run
from lmcspec.engine.runner import Runner, Slot
from lmcspec.engine.schedule import Retries
from lmcspec.engine.summary import Summary

__all__ = ["Event", "Job", "Listener", "PlannedTask", "Retries", "RunInterrupted", "Runner", "Slot", "Summary", "run"]
