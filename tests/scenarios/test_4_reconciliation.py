"""Somebody changes a channel behind Lockgate's back: a reconciliation finds it, and it is mended."""

import httpx
import pytest


@pytest.fixture
def demo(story, parts) -> int:
    """The demo channel, once nothing waits there."""
    channel = parts.channels.channels["demo"]
    waiting = [("channel_id", "=", channel), ("state", "!=", "settled")]
    story.wait("all is settled", lambda: not parts.admin.find("lockgate.publication", waiting, "id"))
    return channel


def change_behind_our_back(parts, stock, price) -> None:
    """What somebody types into the channel's own back office: a quantity of one SKU, a price of another."""
    told = {
        "/stock": {"aspect": "stock", "sku": stock.sku, "quantity": 4711},
        "/prices": {"aspect": "price", "sku": price.sku, "book": None, "amount": "0.01", "currency": "USD"},
    }
    for path, item in told.items():
        httpx.post(f"{parts.fake_url}{path}", json={"items": [item]}).raise_for_status()


def reconcile(story, parts, channel, button="action_reconcile") -> dict:
    """Press Reconcile, or Refresh, and wait until it is done; returns the record."""
    reconciliation = parts.admin.call("lockgate.channel", button, [channel])["res_id"]

    def read():
        return parts.admin.read(
            "lockgate.reconciliation",
            reconciliation,
            "state",
            "total",
            "finished",
            "agreed",
            "differed",
            "sent",
            "unread",
            "difference_ids",
        )

    story.wait("the reconciliation is done", lambda: read()["state"] == "done")
    return read()


def differences(parts, record) -> set[tuple[str, str]]:
    attempts = parts.admin.find(
        "lockgate.attempt", [("id", "in", record["difference_ids"])], "aspect", "reading_text"
    )
    return {(attempt["aspect"], attempt["reading_text"]) for attempt in attempts}


def test_what_was_changed_behind_our_back_is_found_and_mended(story, parts, demo):
    stock, price = parts.channels.products[:2]
    shown = story.price("demo", price.sku)
    change_behind_our_back(parts, stock, price)
    record = reconcile(story, parts, demo)
    assert (record["finished"], record["differed"], record["unread"]) == (record["total"], 2, 0)
    assert record["total"] == 2 * len(parts.channels.products)
    assert differences(parts, record) == {("stock", "4711"), ("price", "0.01 USD")}
    story.wait_stock("demo", stock)
    story.wait_price("demo", price.sku, float(shown))


def test_a_channel_that_shows_what_it_should_is_told_nothing(story, parts, demo):
    last = story.history()["last"]
    record = reconcile(story, parts, demo)
    assert (record["agreed"], record["differed"]) == (record["total"], 0)
    assert story.history(last)["entries"] == []


def test_a_frozen_channel_is_compared_before_it_sends(story, parts, demo):
    stock, price = parts.channels.products[2:4]
    parts.admin.call("lockgate.channel", "action_freeze", [demo])
    story.wait("nothing is in flight", lambda: story.in_flight() == 0)
    change_behind_our_back(parts, stock, price)
    last = story.history()["last"]
    record = reconcile(story, parts, demo)
    assert differences(parts, record) == {("stock", "4711"), ("price", "0.01 USD")}
    assert story.history(last)["entries"] == []
    parts.admin.call("lockgate.channel", "action_resume", [demo])
    story.wait_stock("demo", stock)
    story.wait("the price is mended", lambda: float(story.price("demo", price.sku) or 0) > 0.01)


def test_a_full_refresh_sends_everything_again_and_says_what_it_corrected(story, parts, demo):
    stock, price = parts.channels.products[4:6]
    change_behind_our_back(parts, stock, price)
    last = story.history()["last"]
    record = reconcile(story, parts, demo, "action_refresh")
    assert (record["finished"], record["differed"], record["sent"]) == (
        record["total"],
        2,
        record["total"] - 2,
    )
    assert differences(parts, record) == {("stock", "4711"), ("price", "0.01 USD")}
    story.wait_stock("demo", stock)
    told = {(entry["sku"], entry["aspect"]) for entry in story.history(last)["entries"]}
    assert len(told) == record["total"]
