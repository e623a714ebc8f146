"""The stacks, in the order in which they are deployed."""

from infra.stacks.api import Api
from infra.stacks.base import PlatformStack
from infra.stacks.catalog import Catalog
from infra.stacks.database import Database
from infra.stacks.delivery import Delivery
from infra.stacks.monitoring import Monitoring
from infra.stacks.network import Network
from infra.stacks.orchestration import Orchestration
from infra.stacks.state import State
from infra.stacks.storage import Storage
from infra.stacks.streaming import Streaming

# Monitoring comes before what it watches: the functions' log groups are there before they write to them.
STACKS: tuple[type[PlatformStack], ...] = (
    Storage,
    State,
    Monitoring,
    Streaming,
    Api,
    Catalog,
    Network,
    Database,
    Orchestration,
    Delivery,
)
