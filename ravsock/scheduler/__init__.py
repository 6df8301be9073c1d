"""The pure scheduler: events in, instructions out."""

from .core import Scheduler
from .state import Settings

__all__ = ["Scheduler", "Settings"]
