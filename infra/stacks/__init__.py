"""The stacks, in the order in which they are deployed."""

from infra.stacks.base import PlatformStack
from infra.stacks.storage import Storage

STACKS: tuple[type[PlatformStack], ...] = (Storage,)
