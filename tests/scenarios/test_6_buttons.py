"""Every view of the exceptions, and the buttons that nothing else presses in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from stack.screenshots import leave_an_exception

# More than are decided about at once.
MANY = 240
VIEWS = {
    "list": ".o_list_view .o_data_row",
    "kanban": ".o_kanban_view .o_kanban_record:not(.o_kanban_ghost)",
    "activity": ".o_activity_view .o_activity_type_cell",
    "pivot": ".o_pivot_view .o_pivot_cell_value",
    "graph": ".o_graph_view canvas",
}


@pytest.fixture(scope="module")
def refused(story, parts) -> Iterator[int]:
    """An exception of a SKU that the shop does not have, price and stock; mended in the end."""
    exception = leave_an_exception(story)
    listing = parts.admin.read("lockgate.exception", exception, "listing_id")["listing_id"]
    yield exception
    parts.admin.call("lockgate.listing", "write", [listing], {"sku": story.products[7].sku})


@pytest.fixture
def undecided(stack, parts) -> Iterator[list[int]]:
    """Very many exceptions of which nothing waits to be sent; by SQL, as no channel has so many causes."""
    connection = stack.databases.connect(stack.odoo.database)
    cr = connection.cursor()
    cr.execute(
        """
        INSERT INTO lockgate_exception (
               name, channel_id, company_id, category, severity, fingerprint, state, first_at, last_at,
               count, listing_count, failing_count)
        SELECT 'Undecided', id, company_id, 'conflict', '0', 'undecided ' || number, 'open',
               now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', 1, 1, 1
          FROM lockgate_channel, generate_series(1, %s) AS number WHERE id = %s
     RETURNING id
        """,
        [MANY, parts.channels.channels["demo"]],
    )
    ids = [row[0] for row in cr.fetchall()]
    cr.execute(
        """
        INSERT INTO lockgate_exception_failure (
               exception_id, channel_id, category, subject, listing_id, aspect, first_at, last_at, count)
        SELECT e.id, channel_id, category, fingerprint,
               (SELECT min(id) FROM lockgate_listing l WHERE l.channel_id = e.channel_id), 'stock',
               first_at, last_at, 1
          FROM lockgate_exception e WHERE e.id = ANY(%s)
        """,
        [ids],
    )
    yield ids
    cr.execute("DELETE FROM mail_activity WHERE res_model = 'lockgate.exception' AND res_id = ANY(%s)", [ids])
    cr.execute("DELETE FROM lockgate_exception WHERE id = ANY(%s)", [ids])
    connection.close()


def test_every_view_of_the_exceptions_opens(sign_in, refused):
    page = sign_in("operator")
    page.goto("/odoo/action-lockgate.lockgate_exception_action")
    for view, shown in VIEWS.items():
        page.click(f".o_switch_view.o_{view}")
        expect(page.locator(shown).first).to_be_visible()


def test_the_owner_sees_the_activities_of_their_exceptions(sign_in, refused):
    page = sign_in("owner")
    page.goto("/odoo/action-lockgate.lockgate_exception_action?view_type=activity")
    expect(page.locator(".o_activity_view .o-mail-ActivityCell-deadline").first).to_be_visible()


def test_the_form_of_an_exception_shows_its_tries_its_listings_and_what_was_said(sign_in, refused):
    page = sign_in("operator")
    page.goto(f"/odoo/action-lockgate.lockgate_exception_action/{refused}")
    for tab, rows in (("attempts", "attempt_ids"), ("failures", "failure_ids")):
        page.click(f".o_notebook a[name={tab}]")
        expect(page.locator(f"[name={rows}] .o_data_row").first).to_be_visible()
    expect(page.locator(".o-mail-Chatter")).to_be_visible()


def test_the_dead_letters_open_as_list_and_pivot(sign_in, refused):
    page = sign_in("operator")
    page.goto("/odoo/action-lockgate.lockgate_exception_failure_action")
    expect(page.locator(".o_list_view .o_group_header").first).to_be_visible()
    page.click(".o_switch_view.o_pivot")
    expect(page.locator(".o_pivot_view .o_pivot_cell_value").first).to_be_visible()


def test_retry_is_shown_where_something_waits_to_be_sent(sign_in, refused, undecided):
    page = sign_in("owner")
    for exception, buttons in ((refused, 1), (undecided[0], 0)):
        page.goto(f"/odoo/action-lockgate.lockgate_exception_action/{exception}")
        expect(page.locator("button[name=action_assign]")).to_have_count(0)
        expect(page.locator("button[name=action_skip]")).to_be_visible()
        expect(page.locator(".o_form_statusbar button[name=action_retry]")).to_have_count(buttons)


def test_what_is_done_to_very_many_shows_how_far_it_is(sign_in, undecided):
    page = sign_in("owner")
    page.goto("/odoo/action-lockgate.lockgate_exception_action")
    page.click(".o_list_view thead .o_list_record_selector")
    page.click(".o_list_select_domain, .o_select_domain")
    page.click("button[name=action_assign_to_me]")
    progress = page.locator(".modal [name=progress]")
    expect(progress).to_contain_text("100", timeout=60_000)
    expect(page.locator(".modal .o_statusbar_status .o_arrow_button_current")).to_have_text("Done")


def decide(page: Page, button: str, reason: str) -> None:
    """Press a button that asks for a reason, and give it."""
    page.click(f"button[name={button}]")
    page.fill(".modal [name=reason] textarea", reason)
    page.click(".modal button[name=action_confirm]")


def test_one_person_puts_a_change_in_force_and_another_one_reviews_it(sign_in, story, parts):
    roles = ("analyst", "emergency")
    ids = [parts.admin.reference(f"lockgate_price.lockgate_price_group_{role}") for role in roles]
    parts.admin.create(
        "res.users", name="Flora Fireman", login="fireman", password="fireman", group_ids=[(6, 0, ids)]
    )
    product = story.products[9]
    change = story.draft("Sold below cost", {product.sku: round(product.price * 1.5, 2)})
    page = sign_in("fireman")
    page.goto(f"/odoo/action-lockgate_price.lockgate_price_change_action/{change}")
    decide(page, "action_put_in_force", "It was sold below cost.")
    page.fill(".modal input[type=password]", "fireman")
    page.click(".modal button[name=run_check]")
    expect(page.locator(".modal")).to_have_count(0)
    expect(page.locator("button[name=action_put_in_force]")).to_have_count(0)
    page = sign_in("approver")
    page.goto(f"/odoo/action-lockgate_price.lockgate_price_change_action/{change}")
    decide(page, "action_review", "Well done.")
    expect(page.locator("button[name=action_review]")).to_have_count(0)
    expect(page.locator(".o-mail-Chatter")).to_contain_text("Well done.")


def test_the_approver_stops_a_release_that_has_not_begun_everywhere(sign_in, story, parts):
    product = story.products[10]
    later = [(0, 0, {"channel_id": parts.channels.channels["vendure"], "delay": 2.0})]
    change = story.draft("By and by", {product.sku: round(product.price * 1.1, 2)}, release_ids=later)
    parts.analyst.call("lockgate.price.change", "action_request", [change])
    parts.approver.call("lockgate.price.change", "action_approve", [change])
    page = sign_in("approver")
    page.goto(f"/odoo/action-lockgate_price.lockgate_price_change_action/{change}")
    page.click("button[name=action_stop]")
    page.click(".modal .btn-primary")
    expect(page.locator("button[name=action_stop]")).to_have_count(0)
    expect(page.locator(".o-mail-Chatter")).to_contain_text("Release stopped: 1 prices")


def test_the_operator_pauses_resumes_and_stops_a_refresh(sign_in, parts):
    parts.workers.kill()
    try:
        page = sign_in("operator")
        page.goto(f"/odoo/action-lockgate.lockgate_channel_action/{parts.channels.channels['demo']}")
        page.click("button[name=action_refresh]")
        page.click(".modal .btn-primary")
        stage = page.locator(".o_statusbar_status .o_arrow_button_current")
        for button, state in (("pause", "Paused"), ("resume", "Running"), ("stop", "Stopped")):
            page.click(f"button[name=action_{button}]")
            expect(stage).to_have_text(state)
        expect(page.locator("button[name=action_pause]")).to_have_count(0)
        expect(page.locator(".o_form_view [name=progress]")).to_have_count(0)
    finally:
        parts.workers.start()


def test_the_operator_approves_a_mapping_and_rejects_another(sign_in, parts):
    listings = parts.admin.find(
        "lockgate.listing", [("channel_id", "=", parts.channels.channels["demo"])], "sku", limit=2
    )
    (company,) = parts.admin.find("res.company", [], "id", limit=1, order="id")
    parts.admin.call("res.company", "write", [company["id"]], {"lockgate_mapping_approval": True})
    try:
        for listing in listings:
            parts.admin.call("lockgate.listing", "write", [listing["id"]], {"reference": "Another"})
        page = sign_in("operator")
        page.goto("/odoo/action-lockgate.lockgate_mapping_change_action")
        for listing, decision in zip(listings, ("approve", "reject"), strict=True):
            row = page.locator(".o_data_row", has_text=listing["sku"])
            row.locator(f"button[name=action_{decision}]").click()
            expect(row).to_have_count(0)
    finally:
        parts.admin.call("res.company", "write", [company["id"]], {"lockgate_mapping_approval": False})
    references = [parts.admin.read("lockgate.listing", each["id"], "reference") for each in listings]
    assert [each["reference"] for each in references] == ["Another", False]
