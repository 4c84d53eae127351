from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lockgate.connectors.base import Session
from lockgate.connectors.vendure import VendureConnector
from lockgate.contract import Channel
from stack.postgres import Postgres
from stack.shop import Shop

PRODUCTS = {f"FURN_{number}": f"Desk {number}" for number in range(1, 9)}


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The real shop with a few products, on a PostgreSQL of its own."""
    folder = tmp_path_factory.mktemp("shop")
    with ExitStack() as stack:
        postgres = Postgres(folder)
        stack.callback(postgres.stop)
        postgres.start()
        shop = Shop(folder, postgres)
        stack.callback(shop.stop)
        shop.start()
        shop.seed(PRODUCTS)
        yield shop


@pytest.fixture
def channel(shop: Shop) -> Channel:
    return Channel(code="shop", connector="vendure", credential="shop", settings={"url": shop.url})


@pytest.fixture
def connector(shop: Shop, channel: Channel) -> Iterator[VendureConnector]:
    connector = VendureConnector(Session(channel, {"username": shop.user, "password": shop.password}, 10.0))
    yield connector
    connector.close()
