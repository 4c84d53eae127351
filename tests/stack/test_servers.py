"""Which servers a stack runs on, its own or those that the environment names, and what it asks for first."""

import pytest
import redis

from stack import servers
from stack.console import Failed, Missing
from stack.files import locked
from stack.postgres import Postgres, RunningPostgres
from stack.redis_server import Redis, RunningRedis
from stack.servers import _postgres, _redis
from stack.shop import need_node
from stack.stack import Stack


@pytest.fixture
def running(tmp_path):
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


def test_a_stack_has_servers_of_its_own_also_where_production_names_its_redis(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCKGATE_REDIS_URL", "redis://redis.internal:6379/0")
    assert isinstance(_redis(tmp_path), Redis)
    assert isinstance(_postgres(tmp_path), Postgres)


def test_servers_that_the_environment_names_are_used(tmp_path, monkeypatch):
    monkeypatch.setenv("STACK_REDIS_URL", "redis://127.0.0.1:9/3")
    monkeypatch.setenv("STACK_POSTGRES_URL", "postgresql://somebody@127.0.0.1:9")
    assert (type(_redis(tmp_path)), _redis(tmp_path).url) == (RunningRedis, "redis://127.0.0.1:9/3")
    assert isinstance(_postgres(tmp_path), RunningPostgres)


def test_a_named_server_that_does_not_answer_is_told_by_the_name_of_its_setting():
    with pytest.raises(Missing, match="STACK_REDIS_URL"):
        RunningRedis("redis://127.0.0.1:9/0").start()
    with pytest.raises(Missing, match="STACK_POSTGRES_URL"):
        RunningPostgres("postgresql://somebody@127.0.0.1:9").start()


def test_a_named_server_goes_on_running(running):
    named = RunningRedis(running.url)
    named.start()
    named.stop()
    assert redis.Redis.from_url(running.url).ping()


def test_a_stack_with_a_shop_says_at_once_that_node_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match=r"node is not found: install it, or use `docker compose up`"):
        need_node()
    with pytest.raises(Missing, match="node"), Stack("nowhere"):
        pass


def test_a_second_demo_beside_the_first_is_told_in_a_line_and_touches_nothing_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(servers, "STACK", tmp_path)
    ours = tmp_path / "demo" / "sidecar.log"
    ours.parent.mkdir()
    ours.write_text("running")
    with (
        locked(tmp_path / "demo.lock"),
        pytest.raises(Failed, match=r"a stack `demo` already runs in .*: end it first"),
        servers.Servers("demo"),
    ):
        pass
    assert ours.read_text() == "running"
