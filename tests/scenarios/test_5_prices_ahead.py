"""A channel that keeps dated prices holds what is coming, shows it in time, and gives it up again."""

from datetime import UTC, datetime, timedelta

import pytest


@pytest.fixture
def product(story, parts):
    """A product of the demo channel that nothing is in flight for, and its price now."""
    channel = parts.channels.channels["demo"]
    waiting = [("channel_id", "=", channel), ("state", "!=", "settled")]
    story.wait("all is settled", lambda: not parts.admin.find("lockgate.publication", waiting, "id"))
    return story.products[-1]


def ask(parts, product, price, starts, ends) -> int:
    """Ask for a price of the demo channel for a time to come, and have it approved."""
    change = parts.analyst.create(
        "lockgate.price.change",
        book_ids=[(6, 0, [parts.channels.books["demo"]])],
        line_ids=[(0, 0, {"product_id": product.id, "price": price})],
        effective_from=f"{starts:%Y-%m-%d %H:%M:%S}",
        effective_to=f"{ends:%Y-%m-%d %H:%M:%S}",
    )
    parts.analyst.call("lockgate.price.change", "action_request", [change])
    parts.approver.call("lockgate.price.change", "action_approve", [change])
    return change


def held(story, sku) -> list[str]:
    """The prices that the channel holds ahead."""
    return [price["amount"] for price in story.fake(sku)["coming"]]


def test_a_price_is_shown_from_its_moment_to_its_end_though_no_worker_runs(story, parts, product):
    usual = story.price("demo", product.sku)
    starts = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=25)
    ask(parts, product, 4.44, starts, starts + timedelta(seconds=20))
    story.wait("the channel holds it", lambda: held(story, product.sku) == ["4.44", f"{usual:.2f}"])
    assert story.price("demo", product.sku) == usual
    parts.workers.kill()
    story.wait_price("demo", product.sku, 4.44)
    assert datetime.now(UTC) >= starts
    story.wait_price("demo", product.sku, float(usual))
    parts.workers.start()


def test_a_price_that_is_cancelled_is_taken_back(story, parts, product):
    usual = story.price("demo", product.sku)
    starts = datetime.now(UTC) + timedelta(hours=2)
    change = ask(parts, product, 3.33, starts, starts + timedelta(hours=1))
    story.wait("the channel holds it", lambda: held(story, product.sku) == ["3.33", f"{usual:.2f}"])
    parts.approver.call("lockgate.price.change", "action_cancel", [change])
    story.wait("the channel gave it up", lambda: held(story, product.sku) == [])
    assert story.price("demo", product.sku) == usual
