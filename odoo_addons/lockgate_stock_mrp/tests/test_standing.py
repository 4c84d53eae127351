from odoo import Command
from odoo.addons.lockgate.turn.values import SETTLE_AFTER
from odoo.tests import new_test_user, tagged

from ..hooks import uninstall_hook
from .common import KitCase


@tagged("post_install", "-at_install")
class TestStanding(KitCase):
    """What a listing stands on is kept true, and whatever changes it marks."""

    def test_a_parts_receipt_marks_its_kits_and_no_other_listing(self):
        other = self._listing(self.unlisted)
        self.marks()
        self.receive(5, self.paddle)
        self.assertEqual(self.marked(), {self.kit_listing.id})
        self.receive(5)
        self.assertEqual(self.marked(), {self.kit_listing.id, self.listing.id})
        self.receive(5, self.unlisted)
        self.assertEqual(self.marked(), {other.id})

    def test_a_part_of_an_archived_listings_kit_marks_nothing(self):
        self.kit_listing.active = False
        self.marks()
        self.receive(5, self.paddle)
        self.assertEqual(self.marks(), [])
        self.kit_listing.active = True
        self.marks()
        self.receive(5, self.paddle)
        self.assertEqual(self.marked(), {self.kit_listing.id})

    def test_a_kit_that_is_listed_stands_on_itself_and_its_parts(self):
        self.assertEqual(self.stands(), {self.kit: 0, self.product: 1, self.paddle: 2})
        self.assertEqual(self.stands(self.listing), {self.product: 1})

    def test_a_listing_that_gets_another_product_stands_on_that(self):
        self.kit_listing.product_id = self.paddle
        self.assertEqual(self.stands(), {self.paddle: 1})

    def test_a_listed_product_becomes_a_kit_and_one_no_more(self):
        bom = self._bom(self.product, (self.unlisted, 2))
        self.assertEqual(self.marked(), {self.listing.id, self.kit_listing.id})
        self.assertEqual(self.stands(self.listing), {self.product: 0, self.unlisted: 2})
        self.assertEqual(self.stands(), {self.kit: 0, self.product: 0, self.unlisted: 2, self.paddle: 2})
        bom.type = "normal"
        self.assertEqual(self.marked(), {self.listing.id, self.kit_listing.id})
        self.assertEqual(self.stands(self.listing), {self.product: 1})
        bom.type = "phantom"
        bom.action_archive()
        self.assertEqual(self.stands(self.listing), {self.product: 1})
        bom.action_unarchive()
        self.assertEqual(self.stands(self.listing), {self.product: 0, self.unlisted: 2})
        bom.unlink()
        self.assertEqual(self.stands(self.listing), {self.product: 1})

    def test_every_edit_of_a_bill_marks_its_kits(self):
        line = self.bom.bom_line_ids[1]
        new = Command.create({"product_id": self.unlisted.id, "product_qty": 1})
        for edit, stands in [
            (lambda: line.write({"product_qty": 3}), {self.product: 1, self.paddle: 3}),
            (lambda: line.write({"product_uom_id": self.dozen.id}), {self.product: 1, self.paddle: 36}),
            (lambda: self.bom.write({"product_qty": 2}), {self.product: 0.5, self.paddle: 18}),
            (lambda: self.bom.write({"bom_line_ids": [new]}), {self.unlisted: 0.5}),
            (lambda: line.unlink(), {self.product: 0.5, self.unlisted: 0.5}),
            (
                lambda: self.bom.bom_line_ids[0].write({"product_id": self.paddle.id}),
                {self.paddle: 0.5, self.unlisted: 0.5},
            ),
        ]:
            edit()
            self.assertEqual(self.marks(), [(self.kit_listing.id, "stock", "bill of materials changed")])
            self.assertGreaterEqual(self.stands().items(), stands.items())

    def test_what_could_not_see_a_changed_bill_is_found_soon(self):
        for part in self.product | self.paddle | self.unlisted:
            self.receive(20, part)
        self.turn()
        self.bring_rechecks_near(SETTLE_AFTER)
        self.turn()
        self.bom.bom_line_ids[1].product_id = self.unlisted
        self.turn()
        self.assertEqual(self.published(self.kit_listing), 10)
        self.order(4, self.unlisted)
        self.forget_marks()
        self.bring_rechecks_near(SETTLE_AFTER)
        self.turn()
        self.assertEqual(self.published(self.kit_listing), 8)

    def test_an_edit_that_changes_no_quantity_leaves_no_mark(self):
        self.bom.code = "Canoes"
        self.bom.bom_line_ids.sequence = 7
        self.assertEqual(self.marks(), [])

    def test_a_bill_for_manufacturing_leaves_no_mark(self):
        bom = self._bom(self.product, (self.unlisted, 2), type="normal")
        bom.bom_line_ids.product_qty = 3
        self.assertEqual(self.marks(), [])
        self.assertEqual(self.stands(self.listing), {self.product: 1})

    def test_the_first_bill_by_sequence_counts(self):
        self.bom.sequence = 1
        self._bom(self.kit, (self.unlisted, 1), sequence=2)
        self.assertEqual(self.stands(), {self.kit: 0, self.product: 1, self.paddle: 2})
        self.bom.sequence = 3
        self.assertEqual(self.stands(), {self.kit: 0, self.unlisted: 1})

    def test_a_bill_that_moves_to_another_product_marks_both(self):
        other = self._product("Barge kit")
        listing = self._listing(other)
        self.marks()
        self.bom.product_tmpl_id = other.product_tmpl_id
        self.assertEqual(self.marked(), {self.kit_listing.id, listing.id})
        self.assertEqual(self.stands(), {self.kit: 1})
        self.assertEqual(self.stands(listing), {other: 0, self.product: 1, self.paddle: 2})

    def test_a_kit_within_kits_marks_all_that_stand_on_it(self):
        fleet = self._product("Fleet", is_storable=False)
        self._bom(fleet, (self.kit, 3))
        listing = self._listing(fleet)
        self.assertEqual(self.stands(listing), {fleet: 0, self.kit: 0, self.product: 3, self.paddle: 6})
        self.marks()
        self.bom.bom_line_ids[1].product_qty = 1
        self.assertEqual(self.marked(), {self.kit_listing.id, listing.id})
        self.assertEqual(self.stands(listing)[self.paddle], 3)

    def test_changed_units_are_asked_anew(self):
        crate = self.env["uom.uom"].create(
            {"name": "Crate", "relative_factor": 10, "relative_uom_id": self.unit.id}
        )
        self.bom.bom_line_ids[1].product_uom_id = crate
        self.assertEqual(self.stands()[self.paddle], 20)
        crate.relative_factor = 8
        self.assertEqual(self.stands()[self.paddle], 16)
        self.assertIn(self.kit_listing.id, self.marked())

    def test_a_part_kept_in_another_unit_from_now_on_is_asked_anew(self):
        self.bom.bom_line_ids[1].unlink()
        self.paddle.uom_id = self.dozen
        self.bom.bom_line_ids = [
            Command.create({"product_id": self.paddle.id, "product_qty": 6, "product_uom_id": self.unit.id})
        ]
        self.assertEqual(self.stands()[self.paddle], 0.5)

    def test_a_kit_that_becomes_a_service_is_no_kit(self):
        self.kit.type = "service"
        self.assertEqual(self.stands(), {self.kit: 1})
        self.assertIsNone(self.quantity(self.kit_listing))

    def test_an_archived_kit_sells_nothing_and_comes_back_with_its_parts(self):
        self.receive(10)
        self.receive(20, self.paddle)
        self.publish(self.kit_listing, 10)
        self.kit.action_archive()
        self.assertIn(self.kit_listing.id, self.marked())
        self.assertEqual(self.quantity(self.kit_listing), 0)
        self.kit.action_unarchive()
        self.assertEqual(self.quantity(self.kit_listing), 10)

    def test_a_bill_that_is_rolled_back_leaves_everything_as_it_was(self):
        savepoint = self.env.cr.savepoint()
        self.bom.bom_line_ids[1].product_qty = 3
        self.env.cr.flush()
        savepoint.close(rollback=True)
        self.env.invalidate_all()
        self.assertEqual(self.marks(), [])
        self.assertEqual(self.stands()[self.paddle], 2)

    def test_a_manufacturer_without_lockgate_rights_edits_bills(self):
        user = new_test_user(self.env, "manufacturer", "mrp.group_mrp_manager")
        self.bom.with_user(user).bom_line_ids[1].product_qty = 5
        self.assertEqual(self.stands()[self.paddle], 5)

    def test_a_cycle_made_past_odoo_ends(self):
        self._bom(self.paddle, (self.unlisted, 1))
        self.env.cr.execute(
            "UPDATE mrp_bom_line SET product_id = %s WHERE product_id = %s", [self.kit.id, self.unlisted.id]
        )
        self.env.invalidate_all()
        self.channel._sweep()
        self.assertEqual(self.stands()[self.product], 1)

    def test_what_passes_the_hooks_is_found_by_comparing(self):
        self.channel._mark_stock("listed")
        self.turn()
        self.channel._sweep()
        self.assertEqual(self.marks(), [])
        self.env.cr.execute("UPDATE mrp_bom_line SET product_qty = 4 WHERE product_id = %s", [self.paddle.id])
        self.env.invalidate_all()
        self.channel._sweep()
        self.assertEqual(self.stands()[self.paddle], 4)
        self.assertEqual(self.marks(), [(self.kit_listing.id, "stock", "found to stand on something else")])

    def test_uninstalled_it_leaves_every_listing_on_its_own_product(self):
        uninstall_hook(self.env)
        self.env.invalidate_all()
        self.assertEqual(self.marks(), [(self.kit_listing.id, "stock", "kits are not followed any more")])
        self.assertEqual(self.stands(), {self.kit: 1})
        self.assertEqual(self.stands(self.listing), {self.product: 1})
