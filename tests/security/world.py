"""What is attacked: a channel with sealed prices, price changes in each state, leases that are out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from pydantic import SecretStr

from lockgate.contract import WorkClass
from lockgate.odoo import Gateway
from lockgate.pacer import descriptions
from lockgate.settings import Settings
from stack.onboarding import issue_key, products_to_list, set_up
from stack.processes import wait_until
from stack.stack import Stack
from stack.user import User
from tests.security.transports import Caller

ANALYST = "lockgate_price.lockgate_price_group_analyst"
APPROVER = "lockgate_price.lockgate_price_group_approver"
EMERGENCY = "lockgate_price.lockgate_price_group_emergency"
# The roles beside those of the demo data: {login: groups}.
PEOPLE = {
    "employee": ["base.group_user"],
    "both": [ANALYST, APPROVER],
    "director": [APPROVER],
    "emergency": [EMERGENCY],
    "rights": ["base.group_user", "base.group_erp_manager"],
    "chief": [APPROVER, "base.group_erp_manager"],
}
DECIDED = "SELECT id FROM lockgate_price_change WHERE id = ANY(%(changes)s) OR state <> 'draft'"
OF_PRICES = "SELECT id FROM ir_model_fields WHERE model LIKE 'lockgate.price%%'"
# What is compared before and after: nothing of it may change, whatever is tried. A table, and a condition
# where people may add to it legitimately.
PROTECTED = {
    "lockgate_price_approval": "",
    "lockgate_price_seal": "",
    "lockgate_price_check": "",
    "lockgate_price_chain": "",
    "lockgate_price_job": "",
    "lockgate_price_policy": "",
    "lockgate_price_tier": "",
    # Drafts that attempts may make are nothing; a change that is more is a trace, whoever made it.
    "lockgate_price_change": "WHERE id = ANY(%(changes)s) OR state <> 'draft'",
    "lockgate_price_change_line": f"WHERE change_id IN ({DECIDED})",
    "lockgate_price_change_book_rel": f"WHERE change_id IN ({DECIDED})",
    "lockgate_price_change_above_rel": f"WHERE change_id IN ({DECIDED})",
    "lockgate_price_change_approver_rel": "",
    "lockgate_price_release": f"WHERE change_id IN ({DECIDED})",
    "lockgate_price_policy_tier_rel": "",
    "lockgate_price_tier_user_rel": "",
    "lockgate_price_taken": "",
    "lockgate_price_drift": "",
    "lockgate_price_decision": "WHERE id = %(decision)s",
    "lockgate_event": "",
    "lockgate_reconciliation": "",
    "lockgate_mapping_change_user_rel": "",
    "res_users": "",
    "res_company": "",
    "res_company_users_rel": "",
    # A default of a price change opens nothing, so whoever may set one may.
    "ir_default": f"WHERE field_id NOT IN ({OF_PRICES})",
    "ir_rule": "",
    "ir_model_access": "",
    "ir_model_data": "",
    "ir_model_fields": "",
    "mail_activity": "WHERE res_model LIKE 'lockgate.%%'",
    "lockgate_price_impact": "WHERE change_id = ANY(%(changes)s)",
    "lockgate_price_change_editor_rel": "WHERE change_id = ANY(%(changes)s)",
    "lockgate_price_book": "",
    "lockgate_channel": "",
    "lockgate_connector": "",
    "lockgate_listing": "",
    "lockgate_publication": "",
    "lockgate_attempt": "",
    "lockgate_exception": "",
    "lockgate_outbox": "",
    "lockgate_turn": "",
    "res_groups_users_rel": "",
    "res_groups_implied_rel": "",
    "ir_attachment": "WHERE res_model = 'lockgate.price.change'",
    "mail_message": "WHERE model = 'lockgate.price.change' AND res_id = ANY(%(changes)s)",
    "product_template": "",
    "product_product": "",
    "product_pricelist": "",
    "product_pricelist_item": "",
    "lockgate_mapping_change": "",
    "base_import_import": "",
    "base_automation": "",
    "ir_module_module": "WHERE name LIKE 'lockgate%%'",
}


@dataclass
class World:
    """Ids of what the attempts aim at; the zeros stand for them where nothing runs."""

    draft: int = 0
    asked: int = 0
    asked_by_both: int = 0
    two_tiers: int = 0
    approved: int = 0
    approved_hash: str = ""
    line: int = 0
    approved_line: int = 0
    asked_line: int = 0
    book: int = 0
    channel: int = 0
    listing: int = 0
    product: int = 0
    other_product: int = 0
    third_product: int = 0
    template: int = 0
    pricelist: int = 0
    connector: int = 0
    approval: int = 0
    seal: int = 0
    check: int = 0
    impact: int = 0
    policy: int = 0
    tier: int = 0
    publication: int = 0
    attempt: int = 0
    attachment: int = 0
    message: int = 0
    foreign_company: int = 0
    price_module: int = 0
    automation: int = 0
    cron: int = 0
    import_file: int = 0
    rule: int = 0
    model: int = 0
    record_rule: int = 0
    board: int = 0
    emergency: int = 0
    effective: int = 0
    rollback: int = 0
    rollback_policy: int = 0
    on_call: int = 0
    mapping: int = 0
    words: int = 0
    decision: int = 0
    paste: int = 0
    bulk: int = 0
    key: int = 0
    incarnation: int = 0
    ledger_check: int = 0
    users: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    gateway: dict[str, Any] = field(default_factory=dict)
    actions: dict[str, int] = field(default_factory=dict)
    callers: dict[str, Caller] = field(default_factory=dict)

    def user(self, login: str) -> int:
        return self.users.get(login, 0)

    def group(self, name: str) -> int:
        return self.groups.get(name, 0)

    @property
    def changes(self) -> list[int]:
        return [
            self.draft, self.asked, self.asked_by_both, self.two_tiers, self.approved, self.emergency,
            self.effective, self.rollback,
        ]  # fmt: skip


@contextmanager
def attacked() -> Iterator[tuple[Stack, World]]:
    """A running Odoo with a world made by its own people over the web client's calls."""
    with Stack("security", shop=False, max_cron_threads=0) as stack:  # a cron's write is no trace
        admin = User(stack.odoo.url, stack.odoo.database, "admin", "admin")
        world = World()
        key = _channel(stack, admin, world)
        _people(stack, admin, world, key)
        _changes(stack, admin, world)
        _wizards(stack, admin, world)
        _lease(stack, world, key)
        try:
            yield stack, world
        finally:
            for caller in world.callers.values():
                caller.close()


def _settings(stack: Stack, key: dict[str, str]) -> Settings:
    return Settings(
        odoo_url=stack.odoo.url,
        odoo_database=key["LOCKGATE_ODOO_DATABASE"],
        odoo_login=key["LOCKGATE_ODOO_LOGIN"],
        odoo_uuid=key["LOCKGATE_ODOO_UUID"],
        odoo_incarnation=int(key["LOCKGATE_ODOO_INCARNATION"]),
        odoo_key=SecretStr(key["LOCKGATE_ODOO_KEY"]),
        redis_url=stack.redis.url,
    )


def _channel(stack: Stack, admin: User, world: World) -> dict[str, str]:
    key = issue_key(admin)
    Gateway.open(_settings(stack, key)).register(descriptions())
    channels = set_up(admin, {"demo": {"settings": {"url": stack.fake.url}}}, products_to_list(admin, 3))
    world.channel, world.book = channels.channels["demo"], channels.books["demo"]
    book = admin.read("lockgate.price.book", world.book, "pricelist_id")
    world.pricelist, world.product = book["pricelist_id"], channels.products[0].id
    world.other_product, world.third_product = channels.products[1].id, channels.products[2].id
    world.template = admin.read("product.product", world.product, "product_tmpl_id")["product_tmpl_id"]
    world.connector = admin.find("lockgate.connector", [("code", "=", "demo")], "id")[0]["id"]
    listing = [("channel_id", "=", world.channel), ("product_id", "=", world.product)]
    world.listing = admin.find("lockgate.listing", listing, "id")[0]["id"]
    world.gateway = {
        "contract": 1,
        "database": key["LOCKGATE_ODOO_UUID"],
        "incarnation": int(key["LOCKGATE_ODOO_INCARNATION"]),
    }
    world.price_module = admin.find("ir.module.module", [("name", "=", "lockgate_price")], "id")[0]["id"]
    return key


def _people(stack: Stack, admin: User, world: World, key: dict[str, str]) -> None:
    url, database = stack.odoo.url, stack.odoo.database
    world.foreign_company = admin.create("res.company", name="Elsewhere")
    for login, groups in PEOPLE.items():
        _create_user(admin, login, groups)
    elsewhere = {"company_id": world.foreign_company, "company_ids": [(6, 0, [world.foreign_company])]}
    _create_user(admin, "stranger", [ANALYST, APPROVER], **elsewhere)
    logins = [*PEOPLE, "stranger", "analyst", "approver", "operator", "owner", "admin"]
    for login in logins:
        caller = Caller(url, database, login, login)
        caller.make_key(login)
        world.callers[login], world.users[login] = caller, caller.uid
    integration = Caller(url, database, key["LOCKGATE_ODOO_LOGIN"], key=key["LOCKGATE_ODOO_KEY"])
    found = admin.find("res.users", [("login", "=", integration.login)], "id")
    integration.uid = world.users["integration"] = found[0]["id"]
    world.callers["integration"], world.callers["none"] = integration, Caller(url, database)
    for name in (APPROVER, EMERGENCY, "lockgate.lockgate_group_manager", "base.group_user"):
        module, short = name.split(".")
        row = admin.find("ir.model.data", [("module", "=", module), ("name", "=", short)], "res_id")[0]
        world.groups[name], world.names[name] = row["res_id"], row["id"]
    # Whoever manages access rights may give themselves access to any model: it has to lead nowhere.
    for model in admin.find("ir.model", [("model", "like", "lockgate.")], "id"):
        access = {f"perm_{right}": True for right in ("read", "write", "create", "unlink")}
        group = admin.reference("base.group_erp_manager")
        admin.create("ir.model.access", name="all", model_id=model["id"], group_id=group, **access)


def _create_user(admin: User, login: str, groups: list[str], **values: Any) -> int:
    ids = [admin.reference(name) for name in dict.fromkeys(["base.group_user", *groups])]
    return admin.create(
        "res.users", name=login.title(), login=login, password=login, group_ids=[(6, 0, ids)], **values
    )


def _changes(stack: Stack, admin: User, world: World) -> None:
    people = {
        login: User(stack.odoo.url, stack.odoo.database, login, login)
        for login in ("analyst", "approver", "both", "emergency", "operator")
    }
    analyst, approver = people["analyst"], people["approver"]
    model = "lockgate.price.change"

    def draft(person: User, price: float, day: str, product: int = 0, **values: Any) -> int:
        """For one day of its own: changes that meet would be refused for that reason, and not for another."""
        line = (0, 0, {"product_id": product or world.product, "price": price})
        period = {"effective_from": f"{day} 00:00:00", "effective_to": f"{day} 12:00:00"}
        return person.create(model, book_ids=[(6, 0, [world.book])], line_ids=[line], **period, **values)

    analyst.call("lockgate.price.book", "action_draft_baseline", [world.book])
    baseline = analyst.find(model, [("kind", "=", "baseline")], "id")[0]["id"]
    analyst.call(model, "action_request", [baseline])
    approver.call(model, "action_approve", [baseline])
    world.approved = draft(analyst, 110, "2099-01-01")
    world.attachment = analyst.create(
        "ir.attachment", name="prices.csv", raw="MTAw", res_model=model, res_id=world.approved
    )
    analyst.call(model, "action_request", [world.approved])
    approver.call(model, "action_approve", [world.approved])
    world.draft, world.asked, world.asked_by_both = (
        draft(analyst, 120, "2099-01-02"), draft(analyst, 130, "2099-01-03"),
        draft(people["both"], 140, "2099-01-04"),
    )  # fmt: skip
    analyst.call(model, "action_request", [world.asked])
    people["both"].call(model, "action_request", [world.asked_by_both])
    _emergency(people["emergency"], draft(analyst, 150, "2099-01-07", world.other_product), world)
    _held(stack, world)
    _mapping(admin, people["operator"], world)
    world.words = analyst.call(model, "message_post", [world.approved], body="As agreed with the buyers")[0]
    world.board = admin.create("res.groups", name="Board")
    world.tier = admin.create(
        "lockgate.price.tier",
        name="First",
        group_id=world.board,
        user_ids=[(6, 0, [world.users["approver"]])],
    )
    second = admin.create(
        "lockgate.price.tier",
        name="Second",
        sequence=20,
        user_ids=[(6, 0, [world.users["director"], world.users["approver"]])],
    )
    world.policy = admin.create(
        "lockgate.price.policy",
        name="Large rises",
        kind="rise",
        percent=5,
        effect="ask",
        tier_ids=[(6, 0, [world.tier, second])],
    )
    world.two_tiers = draft(analyst, 99_000, "2099-01-05")
    analyst.call(model, "action_request", [world.two_tiers])
    approver.call(model, "action_approve", [world.two_tiers])
    lines = "lockgate.price.change.line"
    for name, change in (
        ("line", world.draft),
        ("asked_line", world.asked),
        ("approved_line", world.approved),
    ):
        setattr(world, name, admin.find(lines, [("change_id", "=", change)], "id")[0]["id"])
    for name in ("approval", "seal", "impact"):
        of_change = [("change_id", "=", world.approved)]
        setattr(world, name, admin.find(f"lockgate.price.{name}", of_change, "id")[0]["id"])
    row = admin.read("lockgate.price.approval", world.approval, "hash")
    world.approved_hash = row["hash"]
    of_change = [("model", "=", model), ("res_id", "=", world.approved)]
    world.message = admin.find("mail.message", of_change, "id", order="id desc", limit=1)[0]["id"]
    _actions(admin, world)


def _emergency(person: User, change: int, world: World) -> None:
    """Put in force by a person who confirms who they are; nobody has reviewed it."""
    check = person.call("lockgate.price.change", "action_put_in_force", [change], reason="Sold below cost")
    person.call(check["res_model"], "run_check", [check["res_id"]], context={"password": person.login})
    world.emergency = change


def _held(stack: Stack, world: World) -> None:
    """The approved price is held, as a turn would hold it when a policy turns against it."""
    connection = stack.databases.connect(stack.odoo.database)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO lockgate_price_check"
                " (seal_id, change_id, channel_id, company_id, date, answer, policies)"
                " SELECT id, change_id, channel_id, company_id, now() AT TIME ZONE 'UTC', 'held', '[]'"
                " FROM lockgate_price_seal WHERE change_id = %s RETURNING id",
                [world.approved],
            )
            world.check = cursor.fetchone()[0]
        connection.commit()
    finally:
        connection.close()


def _mapping(admin: User, operator: User, world: World) -> None:
    """A change of a mapping waits for another operator."""
    company = "res.company"
    admin.call(company, "write", [1], {"lockgate_mapping_approval": True})
    listing = admin.find("lockgate.listing", [("channel_id", "=", world.channel)], "id", order="id desc")[0]
    operator.call("lockgate.listing", "write", [listing["id"]], {"sku": "ANOTHER"})
    world.mapping = admin.find("lockgate.mapping.change", [("state", "=", "open")], "id")[0]["id"]
    admin.call(company, "write", [1], {"lockgate_mapping_approval": False})


def _wizards(stack: Stack, admin: User, world: World) -> None:
    """Dialogs that people have open."""
    approver, analyst = (
        User(stack.odoo.url, stack.odoo.database, login, login) for login in ("approver", "analyst")
    )
    decision = {"change_ids": [(6, 0, [world.asked])], "decision": "rejected", "reason": "Too dear"}
    world.decision = approver.create("lockgate.price.decision", **decision)
    world.paste = analyst.create("lockgate.price.paste", change_id=world.draft, rows="x\t1")
    world.bulk = analyst.create("lockgate.price.bulk", applies_to="book", book_ids=[(6, 0, [world.book])],
                                percent=-10)  # fmt: skip
    world.key = admin.create("lockgate.integration.key")
    world.incarnation = admin.create("lockgate.incarnation")
    world.ledger_check = admin.create("lockgate.ledger.check")
    world.model = admin.find("ir.model", [("model", "=", "lockgate.price.change")], "id")[0]["id"]
    of_model = [("model_id", "=", world.model)]
    world.record_rule = admin.find("ir.rule", of_model, "id", limit=1)[0]["id"]


def _actions(admin: User, world: World) -> None:
    """Server actions that an administrator may make, and that approve or put a state by other means."""
    model = admin.find("ir.model", [("model", "=", "lockgate.price.change")], "id")[0]["id"]
    changed = f"env['lockgate.price.change'].browse({world.asked})"
    codes = {
        "approve": f"{changed}.action_approve()",
        "approve as the approver": f"{changed}.with_user({world.user('approver')}).action_approve()",
        "approve as superuser": f"{changed}.sudo().with_user(1).action_approve()",
        "write the state": f"{changed}.sudo().write({{'state': 'approved'}})",
        "create an approval": "env['lockgate.price.approval'].sudo().create({})",
        "delete approvals": "env['lockgate.price.approval'].sudo().search([]).unlink()",
    }
    for what, code in codes.items():
        world.actions[what] = admin.create(
            "ir.actions.server", name=what, model_id=model, state="code", code=code
        )
    what = "update the state without code"
    update = {"update_path": "state", "evaluation_type": "equation", "value": "'approved'"}
    world.actions[what] = admin.create(
        "ir.actions.server", name=what, model_id=model, state="object_write", **update
    )


def _lease(stack: Stack, world: World, key: dict[str, str]) -> None:
    """Lease a publication, so that there is a lease whose result could be forged."""
    gateway = Gateway.open(_settings(stack, key))

    def leased() -> bool:
        answer = gateway.exchange("demo", WorkClass.BULK, exchange_id=str(uuid4()), results=[], ceiling=1)
        return bool(answer.leases)

    if not wait_until(leased, 30):
        raise RuntimeError("nothing was leased")
    admin = User(stack.odoo.url, stack.odoo.database, "admin", "admin")
    world.publication = admin.find("lockgate.publication", [("state", "=", "leased")], "id")[0]["id"]
    world.attempt = admin.find("lockgate.attempt", [], "id")[0]["id"]
