"""Channels, keys and brokers that misbehave: a clear message that says what to do, and nothing lost."""

import os
import subprocess
import sys

import httpx
import pytest

from stack.processes import wait_until


@pytest.fixture
def script(parts):
    """Script the fake channel; what is left of the script is cleared afterwards."""

    def add(**rule) -> None:
        httpx.post(f"{parts.fake_url}/script", json=rule).raise_for_status()

    yield add
    httpx.delete(f"{parts.fake_url}/script").raise_for_status()


def check(stack, *channels: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """Run `lockgate check` with the sidecar's settings, some of them changed."""
    environment = {**os.environ, **stack.sidecar.settings, **changed}
    argv = [sys.executable, "-m", "lockgate", "check", *channels]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120)


def test_check_tries_every_channel_and_finds_nothing_wrong(stack, parts):
    done = check(stack)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "channel demo" in done.stdout
    assert "channel vendure" in done.stdout


def test_check_tries_only_the_channels_that_are_named(stack, parts):
    done = check(stack, "demo")
    assert "channel demo" in done.stdout
    assert "channel vendure" not in done.stdout


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"LOCKGATE_ODOO_KEY": "0" * 40}, "API key"),
        ({"LOCKGATE_ODOO_URL": "http://127.0.0.1:9"}, "127.0.0.1:9"),
        ({"LOCKGATE_REDIS_URL": "redis://127.0.0.1:9/0"}, "Redis"),
        ({"LOCKGATE_ODOO_UUID": "11111111-2222-3333-4444-555555555555"}, "another database"),
    ],
)
def test_check_says_in_words_what_is_wrong(stack, parts, changed, words):
    done = check(stack, **changed)
    assert done.returncode == 1
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_check_names_a_channel_that_does_not_exist(stack, parts):
    done = check(stack, "nowhere")
    assert done.returncode == 1
    assert "nowhere" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("kind", "path", "words"),
    [
        ("html", "/stock", "answered HTML instead of JSON"),
        ("misfit", "/stock", "something else than its connector expects"),
        ("endless", "/read", "longer than"),
    ],
)
def test_a_channel_that_answers_nonsense_becomes_an_exception_and_heals_on_retry(
    story, parts, script, kind, path, words
):
    product = parts.channels.products[8]
    script(kind=kind, times=1, path=path)
    story.adjust(product.id, +1)
    domain = [("channel_id", "=", parts.channels.channels["demo"]), ("state", "=", "open")]
    story.wait("an exception is open", lambda: parts.owner.find("lockgate.exception", domain, "id"))
    exception = parts.owner.find("lockgate.exception", domain, "id", "message", "category")[0]
    assert exception["category"] == "bad_answer"
    assert words in exception["message"]
    parts.owner.call("lockgate.exception", "action_retry", [exception["id"]])
    story.wait_stock("demo", product)
    story.wait(
        "it resolved by itself",
        lambda: parts.owner.read("lockgate.exception", exception["id"], "state")["state"] == "resolved",
    )


def test_a_wrong_credential_is_one_exception_and_all_goes_out_once_it_is_right(story, parts, script):
    products = parts.channels.products[:8]
    domain = [("channel_id", "=", parts.channels.channels["demo"]), ("category", "=", "credentials")]
    script(kind="fail", status=401)
    for product in products:
        story.adjust(product.id, +1)
    story.wait("an exception is open", lambda: parts.owner.find("lockgate.exception", domain, "id"))
    httpx.delete(f"{parts.fake_url}/script").raise_for_status()
    (exception,) = parts.owner.find("lockgate.exception", domain, "id", "message")
    assert "refused the credential" in exception["message"]
    parts.owner.call("lockgate.exception", "action_retry", [exception["id"]])
    for product in products:
        story.wait_stock("demo", product)
    story.wait(
        "it resolved by itself",
        lambda: parts.owner.read("lockgate.exception", exception["id"], "state")["state"] == "resolved",
    )


def test_a_request_whose_answer_is_lost_is_settled_by_reading_back(story, parts, script):
    product = parts.channels.products[9]
    script(kind="late", seconds=0.5, times=1, path="/stock")
    story.adjust(product.id, +1)
    story.wait_stock("demo", product)
    domain = [("publication_id.listing_id.product_id", "=", product.id), ("outcome", "=", "unknown")]
    story.wait("the unknown outcome is recorded", lambda: parts.admin.find("lockgate.attempt", domain, "id"))


def test_a_channel_that_asks_to_wait_is_sent_the_newest_value_afterwards(story, parts, script):
    product = parts.channels.products[10]
    before = story.stock("demo", product.sku)
    script(kind="fail", status=429, times=1, retry_after=2, path="/stock")
    story.adjust(product.id, +1)
    domain = [("publication_id.listing_id.product_id", "=", product.id), ("outcome", "in", ["retry", "down"])]
    story.wait("the channel asked to wait", lambda: parts.admin.find("lockgate.attempt", domain, "id"))
    story.adjust(product.id, +1)
    story.expect_stock("demo", product, before + 2)
    seen = [
        entry["value"]["quantity"]
        for entry in story.history()["entries"]
        if entry["sku"] == product.sku and entry["aspect"] == "stock" and entry["applied"]
    ]
    assert before + 1 not in seen, "an old value was sent after the wait"


def test_a_frozen_channel_gets_nothing_and_catches_up_when_resumed(story, parts):
    product, channel = parts.channels.products[11], parts.channels.channels["demo"]
    parts.admin.call("lockgate.channel", "action_freeze", [channel])
    story.wait("nothing is in flight", lambda: story.in_flight() == 0)
    last = story.history()["last"]
    story.adjust(product.id, +1)
    story.wait_stock("vendure", product)  # the other channel goes on
    assert not [entry for entry in story.history(last)["entries"] if entry["path"] != "/read"]
    parts.admin.call("lockgate.channel", "action_resume", [channel])
    story.wait_stock("demo", product)


def test_a_second_pacer_stands_by(stack, parts):
    second = stack.sidecar.new_pacer("pacer-2")
    second.start()
    try:
        assert wait_until(lambda: second.logged("standing by"), 20)
    finally:
        second.stop()
