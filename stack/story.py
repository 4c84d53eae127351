"""The story that `make demo` plays and a scenario test asserts: prices and stock, end to end.

Each step acts as a person would, waits until the channels themselves show what they should, and tells what
happened in rows. A step that does not hold raises `NotHeld` with what was expected and what was seen.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from stack.onboarding import TIMING
from stack.processes import wait_until
from stack.scene import Parts, Scene

BURST = 200
CAMPAIGN = "Autumn campaign"


@dataclass
class Row:
    """One line of the table: what happened, where, the value before and after, and how long it took."""

    what: str
    where: str
    before: str
    after: str
    seconds: float


class Story(Scene):
    """The steps in their order. `rows` is what has happened so far; `tell` is called with each new row."""

    def __init__(self, parts: Parts, tell: Callable[[Row], None] = lambda row: None) -> None:
        super().__init__(parts)
        self.rows: list[Row] = []
        self.tell = tell

    @property
    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        return [
            ("An approved baseline and Odoo's stock reach both channels", self.first_sync),
            (
                "A price change is drafted, approved by another person, and published at its time",
                self.price_change,
            ),
            ("Goods received and delivered change the stock that the shop shows", self.stock_moves),
            (f"A burst of {BURST} moves on one SKU becomes a handful of pushes", self.burst),
            ("The shop is down for a while: it heals by itself", self.outage),
            ("A refused SKU becomes an exception that a person resolves", self.refusal),
            ("Redis is flushed and the workers are killed: nothing is lost", self.kill),
        ]

    def first_sync(self) -> None:
        parts = self.parts
        with self.row(
            "onboarding: baseline approved, first sync", "both channels", "no price, no stock"
        ) as row:
            for code, book in parts.channels.books.items():
                parts.analyst.call("lockgate.price.book", "action_draft_baseline", [book])
                domain = [("book_ids", "in", [book]), ("kind", "=", "baseline")]
                change = parts.analyst.find("lockgate.price.change", domain, "id")[0]["id"]
                parts.analyst.call("lockgate.price.change", "action_request", [change])
                parts.approver.call("lockgate.price.change", "action_approve", [change])
                self.expect(
                    f"{code} has a seal for every listing",
                    lambda book=book: self.sealed(book),
                    len(self.products),
                )
            for product in self.products:
                for code in parts.channels.channels:
                    self.wait_price(code, product.sku, product.price)
                    self.wait_stock(code, product)
            row.after = f"{len(self.products)} listings each, as Odoo has them"

    def price_change(self) -> None:
        parts, changed = self.parts, self.products[:3]
        new = {product.sku: round(product.price * 0.9, 2) for product in changed}
        moment = datetime.now(UTC).replace(tzinfo=None, microsecond=0) + timedelta(seconds=8)
        with self.row("price change drafted, refused to its author", "Odoo", "draft") as row:
            change = self.draft(CAMPAIGN, new, effective_from=moment.isoformat(" "))
            impact = parts.analyst.find(
                "lockgate.price.impact",
                [("change_id", "=", change)],
                "old_price",
                "new_price",
                "change_percent",
                "margin",
            )
            self.expect(
                "the form shows old, new and change of each channel's listings",
                lambda: sorted(
                    (line["old_price"], line["new_price"], round(line["change_percent"], 2))
                    for line in impact
                ),
                sorted((product.price, new[product.sku], -0.1) for product in changed for _channel in "ab"),
            )
            self.expect("and what is earned", lambda: all(line["margin"] > 0 for line in impact), True)
            parts.analyst.call("lockgate.price.change", "action_request", [change])
            self.refused(
                "the analyst cannot approve",
                lambda: parts.analyst.call("lockgate.price.change", "action_approve", [change]),
            )
            row.after = "to approve"
        with self.row("price change approved, effective at its time", "Odoo", "to approve") as row:
            parts.approver.call("lockgate.price.change", "action_approve", [change])
            self.expect("it is approved", lambda: self.state(change), "approved")
            before = self.price("vendure", changed[0].sku)
            self.expect("the shop still shows the old price", lambda: float(before or 0), changed[0].price)
            row.after = f"approved, effective {moment:%H:%M:%S} UTC"
        pause = (moment - datetime.now(UTC).replace(tzinfo=None)).total_seconds()
        until = time.monotonic() + max(pause, 0)
        wait_until(lambda: time.monotonic() >= until, max(pause, 0) + 1)
        for product in changed:
            for code in parts.channels.channels:
                with self.row(
                    f"price of {product.sku}, from its moment on", code, f"{product.price:.2f}"
                ) as row:
                    self.wait_price(code, product.sku, new[product.sku])
                    row.after = f"{new[product.sku]:.2f}"
        with self.row("read back from both channels", "Odoo", "approved") as row:
            self.wait(
                "the change is published and reconciled on every channel, each with its time",
                lambda: all(
                    channel["published_count"] == channel["reconciled_count"] == len(changed)
                    and moment.isoformat(" ") <= channel["published_at"] <= channel["reconciled_at"]
                    for channel in self.progress(change)
                ),
            )
            times = ", ".join(channel["reconciled_at"][11:] for channel in self.progress(change))
            row.after = f"published, and reconciled at {times} UTC"

    def stock_moves(self) -> None:
        product = self.products[3]
        for what, act, quantity, difference in (
            ("12 units bought and received", self.receive, 12, 12),
            ("5 units sold and delivered", self.deliver, 5, -5),
        ):
            before = self.stock("vendure", product.sku)
            with self.row(f"{what}: {product.sku}", "vendure", str(before)) as row:
                act(product.id, quantity)
                for code in self.parts.channels.channels:
                    self.expect_stock(code, product, (before or 0) + difference)
                row.after = str(self.stock("vendure", product.sku))

    def burst(self) -> None:
        product = self.products[4]
        before, counted = self.stock("demo", product.sku), self.on_hand(product.id)
        last = self.history()["last"]
        with self.row(f"{BURST} stock moves of {product.sku}", "demo", str(before)) as row:
            began = time.monotonic()
            for number in range(BURST):
                self.count(product.id, counted + number + 1)
            self.expect_stock("demo", product, (before or 0) + BURST)
            windows = (time.monotonic() - began) / TIMING["routine_window"]
            pushes = [
                entry
                for entry in self.history(last)["entries"]
                if entry["sku"] == product.sku and entry["path"] == "/stock"
            ]
            # The changes of one window go together, so slow moves make more pushes than quick ones.
            told = f"at most a push for each window: {len(pushes)} in {windows:.1f}"
            self.expect(told, lambda: len(pushes) <= windows + 2, True)
            row.after = f"{self.stock('demo', product.sku)}, in {len(pushes)} pushes"
        self.wait_stock("vendure", product)

    def outage(self) -> None:
        parts, product = self.parts, self.products[5]
        before = self.stock("vendure", product.sku)
        with self.row("shop stopped, stock changed meanwhile", "vendure", str(before)) as row:
            parts.shop.stop()
            self.adjust(product.id, +7)
            self.wait(
                "Odoo's dashboard says that the channel cannot be reached",
                lambda: (
                    parts.admin.read("lockgate.channel", parts.channels.channels["vendure"], "health")[
                        "health"
                    ]
                    == "down"
                ),
            )
            row.after = "unreachable, retrying"
        with self.row("shop started again", "vendure", "unreachable") as row:
            parts.shop.start()
            self.expect_stock("vendure", product, (before or 0) + 7)
            row.after = f"{(before or 0) + 7}, by itself"

    def refusal(self) -> None:
        parts, product = self.parts, self.products[6]
        channel = parts.channels.channels["vendure"]
        listing = parts.admin.find(
            "lockgate.listing", [("channel_id", "=", channel), ("product_id", "=", product.id)], "id"
        )[0]["id"]
        wrong = f"{product.sku}-OLD"
        with self.row(f"SKU mapped to {wrong} by mistake", "vendure", product.sku) as row:
            parts.admin.call("lockgate.listing", "write", [listing], {"sku": wrong})
            domain = [("listing_id", "=", listing), ("resolved_at", "=", False)]
            self.wait(
                "price and stock failed",
                lambda: len(parts.admin.find("lockgate.exception.failure", domain, "id")) == 2,
            )
            failures = parts.admin.find(
                "lockgate.exception.failure", domain, "message", "value", "answer", "exception_id"
            )
            for failure in failures:
                self.expect(
                    "it says in plain words what failed", lambda e=failure: wrong in e["message"], True
                )
                self.expect("it holds the value that was sent", lambda e=failure: bool(e["value"]), True)
                self.expect("it holds the shop's answer", lambda e=failure: wrong in e["answer"], True)
            ids = list({failure["exception_id"] for failure in failures})
            self.expect("the same cause is one exception", lambda: len(ids), 1)
            row.after = f"exception: {failures[0]['message']}"
        with self.row("Retry pressed with nothing mended", "vendure", "exception open") as row:
            tries = [("publication_id.listing_id", "=", listing), ("outcome", "=", "rejected")]
            before = parts.admin.call("lockgate.attempt", "search_count", tries)
            parts.owner.call("lockgate.exception", "action_retry", ids)
            self.wait(
                "price and stock were tried again, and refused again",
                lambda: parts.admin.call("lockgate.attempt", "search_count", tries) >= before + 2,
            )
            row.after = "refused again"
        with self.row("mapping fixed, Retry pressed", "vendure", "exception open") as row:
            parts.owner.call("lockgate.listing", "write", [listing], {"sku": product.sku})
            parts.owner.call("lockgate.exception", "action_retry", ids)
            self.wait(
                "the exception resolved",
                lambda: (
                    {row["state"] for row in parts.admin.read("lockgate.exception", ids, "state")}
                    == {"resolved"}
                ),
            )
            row.after = "resolved"

    def kill(self) -> None:
        parts = self.parts
        before = ", ".join(str(self.stock("demo", product.sku)) for product in self.products[:3]) + ", …"
        with self.row(
            "Redis flushed and workers killed in the middle of a run", "both channels", before
        ) as row:
            script = httpx.post(
                f"{parts.fake_url}/script", json={"kind": "delay", "seconds": 1.0, "times": 2}
            )
            script.raise_for_status()
            last = self.history()["last"]
            dearer = {product.sku: round(product.price * 1.1, 2) for product in self.products[7:9]}
            change = self.draft("Dearer wood", dearer)
            parts.analyst.call("lockgate.price.change", "action_request", [change])
            parts.approver.call("lockgate.price.change", "action_approve", [change])
            for index, product in enumerate(self.products):
                self.adjust(product.id, 3 + index)
            self.wait("a run has begun", lambda: self.history(last)["last"] > last or self.in_flight() > 0)
            parts.workers.kill()
            self.flush_redis()
            parts.workers.start()
            for product in self.products:
                for code in parts.channels.channels:
                    self.wait_stock(code, product)
            for sku, price in dearer.items():
                for code in parts.channels.channels:
                    self.wait_price(code, sku, price)
            row.after = "Odoo's values on both"

    @contextmanager
    def row(self, what: str, where: str, before: str) -> Iterator[Row]:
        began = time.monotonic()
        row = Row(what, where, before, "", 0.0)
        yield row
        row.seconds = time.monotonic() - began
        self.rows.append(row)
        self.tell(row)
