"""A channel with listings, and a maker of stock values that a test feeds by hand."""

import itertools
from datetime import timedelta

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

from ..models import turn
from ..models.turn import SLICE, Wanted
from ..turn import leases

DEMO_SETTINGS = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "title": "Address", "pattern": "^https?://"},
        "pages": {"type": "integer", "title": "Pages"},
    },
    "required": ["url"],
    "additionalProperties": False,
}
CAPABILITIES = {
    "aspects": ["price", "stock"],
    "read_back": True,
    "batch_size": 250,
    "scheduled_prices": False,
    "compare_and_set": False,
    "allocations": False,
}
DESCRIPTION = {
    "code": "test_shop",
    "name": "Test Shop",
    "version": "1.0",
    "capabilities": CAPABILITIES,
    "settings_schema": DEMO_SETTINGS,
}


class FakeMaker:
    """Makes what the test says: quantities, work classes and rechecks by listing id."""

    def __init__(self):
        self.quantities, self.work_classes, self.rechecks, self.poisoned = {}, {}, {}, set()

    def __call__(self, channel, listings, now, reasons):
        return [self._wanted(listing) for listing in listings]

    def _wanted(self, listing):
        if listing.id in self.poisoned:
            raise ZeroDivisionError("a pack of nothing")
        quantity = self.quantities.get(listing.id)
        value = None
        if quantity is not None:
            value = {
                "aspect": "stock",
                "sku": listing.sku,
                "reference": listing.reference or None,
                "quantity": quantity,
            }
        work_class = self.work_classes.get(listing.id, "routine")
        return Wanted(listing.id, 0, value, work_class, self.rechecks.get(listing.id))


def make_channel(env, code, listings=1, **values):
    """A running channel of a connector of its own, with that many listings, marks flushed."""
    connector = env["lockgate.connector"].search([("code", "=", DESCRIPTION["code"])])
    if not connector:
        env["lockgate.connector"]._upsert([DESCRIPTION])
        connector = env["lockgate.connector"].search([("code", "=", DESCRIPTION["code"])])
    channel = env["lockgate.channel"].create(
        {
            "name": code.title(),
            "code": code,
            "connector_id": connector.id,
            "settings": {"url": "http://127.0.0.1:9"},
            **values,
        }
    )
    products = env["product.product"].create(
        [{"name": f"{code} {number}", "default_code": f"{code}-{number}"} for number in range(listings)]
    )
    env["lockgate.listing"].create(
        [{"channel_id": channel.id, "product_id": product.id} for product in products]
    )
    channel.action_start()
    env.cr.flush()
    return channel


def request(channel, results=(), work_class="bulk", ceiling=100, exchange_id=None):
    """An exchange as the turn takes it."""
    return {
        "channel": channel if isinstance(channel, str) else channel.code,
        "work_class": work_class,
        "exchange_id": exchange_id or f"exchange-{next(numbers)}",
        "results": list(results),
        "ceiling": ceiling,
    }


numbers = itertools.count(1)


def result(leased, lease, outcome="accepted", **values):
    """What a worker reports of one lease of an answer."""
    return {
        "token": leased["token"],
        "publication": lease["publication"],
        "outcome": outcome,
        "message": "",
        "retry_after": None,
        "reading": None,
        "answer": "",
        "request_id": None,
        "cause": None,
        "seconds": 0.01,
        **values,
    }


def event(channel, **values):
    """An order of 2 units of the channel's first SKU, as the contract tells it."""
    return {
        "channel": channel.code,
        "kind": "order",
        "external_id": "order-1",
        "sku": f"{channel.code}-0",
        "quantity": 2,
        "moment": "2026-03-01T12:00:00+01:00",
        "reference": "SO-1",
        **values,
    }


class TurnCase(TransactionCase):
    """Turns run on the test's own cursor. In life their bounds end with their transaction: here they would
    end the test's, when a busy machine keeps it waiting between two statements. No lot is drawn."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.classPatch(turn, "STATEMENT_TIMEOUT", "0")
        cls.classPatch(leases, "draw", lambda: 1)

    def run_cron(self, method, model="lockgate.exception"):
        """Call a cron's method, which commits and rolls back within the test's transaction."""
        self.env.flush_all()
        self.registry_enter_test_mode(register_cleanup=False)
        try:
            with self.registry.cursor() as cr:
                getattr(api.Environment(cr, SUPERUSER_ID, {})[model], method)()
        finally:
            self.registry_leave_test_mode()
        self.env.invalidate_all()


class LaterTurns:
    """Each turn on `self.channel` is a second after the last: in one transaction the clock stands still."""

    def setUp(self):
        super().setUp()
        self.seconds = 60
        turns = type(self.env["lockgate.turn"])
        lock = turns._lock

        def later(turn, code):
            now, channel = lock(turn, code)
            return now + timedelta(seconds=self.seconds), channel

        self.patch(turns, "_lock", later)

    def later(self, *results):
        """A turn a second later; returns its answer."""
        self.env.flush_all()
        self.seconds += 1
        answer = self.env["lockgate.turn"]._take(request(self.channel, results))
        self.env.invalidate_all()
        return answer

    def drift(self, shown):
        """The channel takes all and shows this reading until Lockgate gives up; returns the exception."""
        answer = self.later()
        while answer["leases"]:
            results = []
            for lease in answer["leases"]:
                read = lease["purpose"] == "read"
                outcome, reading = ("read", shown) if read else ("accepted", None)
                results.append(result(answer, lease, outcome, reading=reading))
            answer = self.later(*results)
        self.env["lockgate.exception"]._catch_up(self.channel)
        return self.env["lockgate.exception"].search([("channel_id", "=", self.channel.id)])


class LockgateCase(TurnCase):
    """Turns run on the test's own cursor, where time stands still until `pass_time`."""

    LISTINGS = 3
    ROWS = SLICE
    """How many listings a turn computes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.maker = FakeMaker()
        cls.classPatch(type(cls.env["lockgate.turn"]), "_wanted_makers", lambda turn: {"stock": cls.maker})
        cls.channel = make_channel(
            cls.env, "quay", cls.LISTINGS, send_within=5, deadline=10, late_bound=5, lag=1
        )
        cls.listings = cls.channel.listing_ids
        cls.listing = cls.listings[0]
        cls.env.cr.execute("DELETE FROM lockgate_outbox")
        cls.user_internal = new_test_user(cls.env, "plain", "base.group_user")
        cls.user_reader = new_test_user(cls.env, "reader", "lockgate.lockgate_group_user")
        cls.user_operator = new_test_user(cls.env, "harbour", "lockgate.lockgate_group_operator")
        cls.user_owner = new_test_user(cls.env, "clerk", "lockgate.lockgate_group_exception_owner")
        cls.user_manager = new_test_user(cls.env, "keeper", "lockgate.lockgate_group_manager")
        cls.user_integration = cls.env["res.users"].create(
            {
                "name": "Sidecar",
                "login": "sidecar",
                "group_ids": [Command.set(cls.env.ref("lockgate.lockgate_group_integration").ids)],
            }
        )

    def setUp(self):
        super().setUp()
        self.maker.__init__()

    # What a test does

    def want(self, quantity, listing=None, work_class="routine"):
        """The stock of a listing becomes this, and is marked."""
        listing = listing or self.listing
        self.maker.quantities[listing.id] = quantity
        self.maker.work_classes[listing.id] = work_class
        self.mark(listing)

    def mark(self, listings, reason="adjusted"):
        self.env["lockgate.outbox"]._mark_listings("stock", listings.ids, reason)
        self.env.cr.flush()

    def turn(self, *results, **values):
        """One turn; returns its answer."""
        self.env.flush_all()
        answer = self.env["lockgate.turn"]._take(request(self.channel, results, **values), self.ROWS)
        self.env.invalidate_all()
        return answer

    def lease(self, quantity=7, **values):
        """Want a quantity and lease it: returns (answer, lease)."""
        self.want(quantity)
        answer = self.turn(**values)
        (lease,) = answer["leases"]
        return answer, lease

    def report(self, leased, outcome="accepted", **values):
        """Report every lease of an answer; returns the next answer."""
        return self.turn(*(result(leased, lease, outcome, **values) for lease in leased["leases"]))

    def tell(self, leased, outcome="accepted", **values):
        """As `report`, and lease nothing more."""
        return self.turn(*(result(leased, lease, outcome, **values) for lease in leased["leases"]), ceiling=0)

    def settle(self, quantity=7):
        """Push, and verify by an equal read-back."""
        answer = self.report(self.lease(quantity)[0])
        self.pass_time(2)
        answer = self.turn()
        return self.report(answer, "read", reading={"aspect": "stock", "quantity": quantity})

    def block(self, quantity=7, message="The channel does not know it.", **values):
        """Push, and be refused."""
        return self.report(self.lease(quantity)[0], "rejected", message=message, **values)

    def catch_up(self):
        self.env["lockgate.exception"]._catch_up(self.channel)
        self.env.flush_all()
        return self.exceptions()

    def block_all(self, listings=None, outcome="rejected", message="No product {sku}.", **values):
        """Push these listings' stock (all of them) and be refused; `message` may name the SKU."""
        listings = listings or self.listings
        for listing in listings:
            self.maker.quantities[listing.id] = self.maker.quantities.get(listing.id, 0) + 7
        self.mark(listings)
        answer = self.turn(ceiling=5000)
        return self.turn(
            *(
                result(answer, lease, outcome, message=message.format(sku=lease["value"]["sku"]), **values)
                for lease in answer["leases"]
            )
        )

    def ignore(self, exceptions, reason="It is known.", user=None):
        """What the dialog of Ignore does."""
        decision = self.env["lockgate.exception.decision"].with_user(user or self.user_owner)
        decision.create({"exception_ids": exceptions.ids, "kind": "ignore", "reason": reason}).action_apply()

    def pass_time(self, seconds):
        """Move every moment on record into the past: inside one transaction the clock stands still."""
        self.env.flush_all()
        for table, columns in {
            "lockgate_publication": (
                "wanted_at",
                "behind_since",
                "due_at",
                "recheck_at",
                "confirmed_at",
                "verified_at",
                "lease_until",
                "look_at",
                "failed_at",
                "failing_since",
            ),
            "lockgate_attempt": ("leased_at", "until", "reported_at"),
            "lockgate_turn": ("resume_at", "turned_at"),
            "lockgate_channel": ("state_since",),
            "lockgate_reconciliation": ("began_at", "ended_at"),
            "lockgate_exception": (
                "first_at",
                "last_at",
                "resolved_at",
                "deadline",
                "skip_until",
                "escalated_at",
            ),
            "lockgate_exception_failure": ("first_at", "last_at"),
            "lockgate_outage": ("since", "seen_at"),
        }.items():
            assignments = ", ".join(
                f"{column} = {column} - make_interval(secs => %(by)s)" for column in columns
            )
            self.env.cr.execute(f"UPDATE {table} SET {assignments}", {"by": seconds})
        self.env.invalidate_all()

    def end_leases(self):
        """All that is out ends without a result, and whatever was told shows on the channel."""
        self.pass_time(20)
        self.turn(ceiling=0)
        self.pass_time(1)

    # What a test looks at

    def publication(self, listing=None):
        self.env.invalidate_all()
        return self.env["lockgate.publication"].search([("listing_id", "=", (listing or self.listing).id)])

    def exceptions(self):
        self.env.invalidate_all()
        return self.env["lockgate.exception"].search([("channel_id", "=", self.channel.id)], order="id")

    def marks(self):
        self.env.cr.flush()
        self.env.cr.execute(
            "SELECT listing_id, aspect, reason FROM lockgate_outbox WHERE channel_id = %s ORDER BY id",
            [self.channel.id],
        )
        return self.env.cr.fetchall()
