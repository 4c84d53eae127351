"""What people see in a real browser, after the story was played."""

from playwright.sync_api import expect

from stack.story import CAMPAIGN


def test_the_operator_sees_both_channels_with_their_state_and_health(sign_in):
    page = sign_in("operator")
    page.goto("/odoo/action-lockgate.lockgate_channel_action")
    for channel in ("Web shop", "Demo channel"):
        card = page.locator(".o_kanban_record", has_text=f"{channel}Up to date")
        expect(card).to_contain_text("Listings: 12")
        expect(card.get_by_role("button", name="Freeze")).to_be_visible()


def test_the_operator_freezes_a_channel_and_resumes_it(sign_in, parts):
    page = sign_in("operator")
    page.goto(f"/odoo/action-lockgate.lockgate_channel_action/{parts.channels.channels['demo']}")
    page.click("button[name=action_freeze]")
    expect(page.locator("button[name=action_resume]")).to_be_visible()
    page.click("button[name=action_resume]")
    expect(page.locator("button[name=action_freeze]")).to_be_visible()


def test_the_approver_sees_impact_and_progress_of_a_price_change(sign_in, parts):
    change = parts.approver.find("lockgate.price.change", [("reason", "=", CAMPAIGN)], "id")[0]["id"]
    page = sign_in("approver")
    page.goto(f"/odoo/action-lockgate_price.lockgate_price_change_action/{change}")
    form = page.locator(".o_form_view")
    sealed = parts.approver.find("lockgate.price.change", [("id", "=", change)], "seal_count")[0][
        "seal_count"
    ]
    for stage in ("Effective", "Published", "Reconciled"):
        shown = form.locator(f".o_statusbar_status [data-value={stage.lower()}]")
        expect(shown).to_have_text(f"{stage} {sealed} of {sealed}")
    page.click("a[name=impact]")
    impact = form.locator("[name=top_impact_ids] tr", has_text="Web shop")
    expect(impact).to_have_count(3)
    expect(impact.first).to_contain_text("-10%")


def test_the_analyst_has_no_button_to_approve(sign_in, parts):
    product = parts.channels.products[0]
    change = parts.analyst.create(
        "lockgate.price.change",
        reason="Seen by its author",
        book_ids=[(6, 0, list(parts.channels.books.values()))],
        line_ids=[(0, 0, {"product_id": product.id, "price": product.price})],
    )
    parts.analyst.call("lockgate.price.change", "action_request", [change])
    page = sign_in("analyst")
    page.goto(f"/odoo/action-lockgate_price.lockgate_price_change_action/{change}")
    expect(page.locator(".o_form_view")).to_contain_text("Seen by its author")
    expect(page.locator("button[name=action_approve]")).to_have_count(0)


def test_the_owner_reads_the_exception_in_plain_words(sign_in, parts):
    exception = parts.owner.find(
        "lockgate.exception", [("state", "=", "resolved")], "id", "message", limit=1
    )[0]
    page = sign_in("owner")
    page.goto(f"/odoo/action-lockgate.lockgate_exception_action/{exception['id']}")
    form = page.locator(".o_form_view")
    expect(form).to_contain_text(exception["message"])
    expect(form).to_contain_text("Resolved")


def test_the_owners_badge_follows_an_exception_that_comes_and_resolves_by_itself(sign_in, parts):
    page = sign_in("owner")
    page.goto("/odoo/action-lockgate.lockgate_exception_action")
    page.wait_for_selector(".o_lockgate_exceptions")
    open_before = parts.owner.call("lockgate.exception", "my_open_count")
    badge = page.locator(".o_lockgate_exceptions")
    expect(badge).to_have_text(str(open_before or ""))
    channel, product = parts.channels.channels["vendure"], parts.channels.products[7]
    mine = [("channel_id", "=", channel), ("product_id", "=", product.id)]
    (listing,) = parts.admin.find("lockgate.listing", mine, "id", "sku")
    parts.admin.call("lockgate.listing", "write", [listing["id"]], {"sku": f"{listing['sku']}-OLD"})
    expect(badge).to_have_text(str(open_before + 1), timeout=60_000)
    parts.admin.call("lockgate.listing", "write", [listing["id"]], {"sku": listing["sku"]})
    expect(badge).to_have_text(str(open_before or ""), timeout=60_000)


def test_the_operator_opens_what_a_channel_does_not_list(sign_in, parts):
    page = sign_in("operator")
    page.goto(f"/odoo/action-lockgate.lockgate_channel_action/{parts.channels.channels['demo']}")
    page.click("button[name=action_open_unlisted]")
    expect(page.locator(".o_list_view .o_data_row").first).to_be_visible()
    expect(page.locator(".o_error_dialog")).to_have_count(0)


def test_the_operator_sees_how_far_a_refresh_is_without_reloading(sign_in, parts):
    page = sign_in("operator")
    page.goto(f"/odoo/action-lockgate.lockgate_channel_action/{parts.channels.channels['demo']}")
    page.click("button[name=action_refresh]")
    page.click(".modal .btn-primary")
    stage = page.locator(".o_statusbar_status .o_arrow_button_current")
    expect(stage).to_have_text("Done", timeout=60_000)
    expect(page.locator("[name=progress]")).to_contain_text("100")
