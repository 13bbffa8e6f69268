"""Real servers that the tests of feeds share: one of each for the whole run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from brokers import Broker, MqttBroker, NatsServer, PostgresServer, RedisServer, short_folder


def _run(kind: type[Broker]) -> Iterator[Broker]:
    folder = short_folder()
    try:
        server = kind(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Broker]:
    yield from _run(RedisServer)


@pytest.fixture(scope="session")
def nats_server() -> Iterator[Broker]:
    yield from _run(NatsServer)


@pytest.fixture(scope="session")
def mqtt_broker() -> Iterator[Broker]:
    yield from _run(MqttBroker)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Broker]:
    yield from _run(PostgresServer)
