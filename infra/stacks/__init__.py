"""The stacks, in the order in which they are deployed."""

from infra.stacks.api import Api
from infra.stacks.base import PlatformStack
from infra.stacks.catalog import Catalog
from infra.stacks.state import State
from infra.stacks.storage import Storage
from infra.stacks.streaming import Streaming

STACKS: tuple[type[PlatformStack], ...] = (Storage, State, Streaming, Api, Catalog)
