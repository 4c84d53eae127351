from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form
from odoo.tools import mute_logger

from .common import LockgateCase


class TestChannel(LockgateCase):
    def new_channel(self, **values):
        return self.env["lockgate.channel"].create(
            {
                "name": "Lock Keeper's Shop",
                "code": "keepers_shop",
                "connector_id": self.channel.connector_id.id,
                "settings": {"url": "https://shop.example"},
                **values,
            }
        )

    def test_a_channel_starts_as_a_draft(self):
        channel = self.new_channel()
        self.assertEqual((channel.state, channel.health), ("draft", "draft"))
        with self.assertRaisesRegex(ValidationError, "starts as a draft"):
            self.new_channel(code="other", state="running")

    def test_starting_a_channel_marks_what_is_listed(self):
        channel = self.new_channel()
        self.env["lockgate.listing"].create(
            {"channel_id": channel.id, "product_id": self.listing.product_id.id}
        )
        self.env.cr.flush()
        self.env.cr.execute("DELETE FROM lockgate_outbox")
        channel.action_start()
        self.env.cr.flush()
        self.env.cr.execute("SELECT listing_id, reason FROM lockgate_outbox")
        self.assertEqual(self.env.cr.fetchall(), [(None, "onboarded")])

    def test_the_state_is_changed_by_its_buttons_alone(self):
        with self.assertRaisesRegex(ValidationError, "buttons"):
            self.channel.write({"state": "frozen"})
        with self.assertRaisesRegex(ValidationError, "Running"):
            self.channel.action_start()
        self.channel.action_freeze()
        with self.assertRaisesRegex(ValidationError, "Frozen"):
            self.channel.action_freeze()
        self.channel.action_resume()
        self.assertEqual(self.channel.state, "running")

    def test_operators_freeze_and_resume_and_readers_do_not(self):
        with self.assertRaises(AccessError):
            self.channel.with_user(self.user_reader).action_freeze()
        self.channel.with_user(self.user_operator).action_freeze()
        self.assertEqual(self.channel.state, "frozen")
        self.channel.with_user(self.user_operator).action_resume()
        self.assertEqual(self.channel.state, "running")

    def test_only_an_administrator_sets_up_a_channel(self):
        values = {"name": "X", "code": "x", "connector_id": self.channel.connector_id.id}
        for user in (self.user_operator, self.user_owner, self.user_reader):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["lockgate.channel"].with_user(user).create(values)
            for name, value in {"credential": "mine", "settings": {"url": "x"}, "deadline": 1}.items():
                with self.subTest(user=user.login, field=name), self.assertRaises(AccessError):
                    self.channel.with_user(user).write({name: value})

    def test_an_access_right_sets_up_no_channel(self):
        self.env["ir.model.access"].create(
            {
                "name": "all",
                "model_id": self.env["ir.model"]._get_id("lockgate.channel"),
                "group_id": self.env.ref("lockgate.lockgate_group_user").id,
                **{f"perm_{right}": True for right in ("read", "write", "create", "unlink")},
            }
        )
        for user in (self.user_operator, self.user_reader):
            with self.assertRaisesRegex(AccessError, "only Lockgate's administrators"):
                self.channel.with_user(user).credential = "mine"
        with self.assertRaisesRegex(AccessError, "channel operators"):
            self.channel.with_user(self.user_reader).action_freeze()

    def test_where_all_is_sent_to_is_told_when_it_changes(self):
        settings = {"url": "https://elsewhere.example"}
        self.channel.with_user(self.user_manager).settings = settings
        self.assertIn("https://elsewhere.example", self.channel.message_ids[0].body)

    def test_an_administrator_sets_up_a_channel_in_the_form(self):
        form = Form(self.env["lockgate.channel"].with_user(self.user_manager))
        form.name, form.code = "Web Shop", "web_shop"
        form.connector_id = self.channel.connector_id
        self.assertEqual([setting["name"] for setting in form.settings], ["url", "pages"])
        form.settings = [
            {**setting, "value": "https://shop.example" if setting["name"] == "url" else False}
            for setting in form.settings
        ]
        self.assertEqual(form.save().settings["url"], "https://shop.example")

    def test_a_setting_of_the_wrong_type_is_refused_by_its_name(self):
        for settings, word in (
            ({"url": "https://shop.example", "pages": "many"}, "setting pages must be integer"),
            ({"url": "ftp://shop.example"}, "setting url must match"),
            ({}, "setting url is missing"),
        ):
            with self.subTest(settings=settings):
                refused = self.assertRaisesRegex(ValidationError, f"(?s)Keeper's Shop.*Test Shop.*{word}")
                with refused, self.env.cr.savepoint():
                    self.new_channel(settings=settings)

    def test_a_setting_that_was_emptied_counts_as_not_given(self):
        channel = self.new_channel(settings={"url": "https://shop.example", "pages": False})
        self.assertFalse(channel.settings.get("pages"))

    @mute_logger("odoo.sql_db")
    def test_two_channels_cannot_have_one_code(self):
        imported = self.env["lockgate.channel"].load(
            ["name", "code", "connector_id/.id"], [["Twin", "quay", str(self.channel.connector_id.id)]]
        )
        self.assertIn("Channel Quay has the code quay already", imported["messages"][0]["message"])

    def test_a_code_fits_into_a_list_and_a_key(self):
        for code in ("web,shop", "web shop", "*", "wéb", "a\n"):
            with self.subTest(code=code), self.assertRaisesRegex(ValidationError, "may only have letters"):
                self.new_channel(code=code)
        self.assertTrue(self.new_channel(code="Web_Shop-2.eu"))

    def test_it_opens_the_products_that_it_does_not_list(self):
        unlisted = self.env["product.product"].create({"name": "Barge"})
        self.listing.active = False
        action = self.channel.with_user(self.user_operator).action_open_unlisted()
        found = self.env["product.product"].search(action["domain"])
        self.assertIn(unlisted, found)
        self.assertIn(self.listing.product_id, found)
        self.assertNotIn(self.listings[1].product_id, found)

    @mute_logger("odoo.sql_db")
    def test_times_below_zero_are_refused(self):
        for values in ({"send_within": 0}, {"deadline": -1}, {"late_bound": -1}, {"routine_window": 901}):
            with self.subTest(values=values), self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self.channel.write(values)
                self.env.flush_all()

    def test_a_channel_with_listings_stays_with_its_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        with self.assertRaisesRegex(ValidationError, "stays with its company"):
            self.channel.company_id = company

    def test_channels_of_another_company_are_not_seen(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.user_operator.write({"company_ids": [(6, 0, company.ids)], "company_id": company.id})
        self.settle(7)
        for model in ("lockgate.channel", "lockgate.listing", "lockgate.publication", "lockgate.attempt"):
            with self.subTest(model=model):
                found = self.env[model].with_user(self.user_operator).search([])
                field = "id" if model == "lockgate.channel" else "channel_id"
                self.assertNotIn(self.channel.id, found.mapped(field) if field == "id" else found[field].ids)

    def test_the_dashboard_counts_what_is_there_now(self):
        for number, listing in enumerate(self.listings):
            self.want(number, listing)
        answer = self.turn(ceiling=2)
        self.pass_time(90)
        self.env.cr.execute("UPDATE lockgate_publication SET lease_until = lease_until + interval '1 hour'")
        self.assertRecordValues(
            self.channel,
            [
                {
                    "listing_count": 3,
                    "due_count": 1,
                    "in_flight_count": 2,
                    "failed_count": 0,
                    "oldest_wait": 90,
                    "health": "busy",
                }
            ],
        )
        self.report(answer, "rejected")
        self.catch_up()
        self.assertRecordValues(
            self.channel, [{"failed_count": 2, "exception_count": 1, "health": "failing"}]
        )

    def test_a_channel_whose_values_are_all_verified_is_up_to_date(self):
        self.settle(7)
        self.env.invalidate_all()
        self.assertRecordValues(
            self.channel, [{"settled_count": 1, "due_count": 0, "oldest_wait": 0, "health": "good"}]
        )

    def test_its_buttons_open_what_belongs_to_it(self):
        for method in ("action_open_listings", "action_open_publications", "action_open_exceptions"):
            with self.subTest(method=method):
                action = getattr(self.channel.with_user(self.user_reader), method)()
                self.assertEqual(action["domain"], [("channel_id", "=", self.channel.id)])
