from odoo.tests import tagged

from .common import StockCase


@tagged("post_install", "-at_install")
class TestHooks(StockCase):
    """What reaches stock by other ways than moves: quants, locations, warehouses, products."""

    def quant(self, **values):
        values = {"product_id": self.product.id, "location_id": self.stock.id, "quantity": 4, **values}
        return self.env["stock.quant"].create(values)

    def test_a_quant_made_changed_or_deleted_marks(self):
        quant = self.quant()
        self.assertEqual(self.reasons(), {"on hand"})
        quant.quantity = 5
        self.assertEqual(self.reasons(), {"on hand"})
        quant.reserved_quantity = 1
        self.assertEqual(self.reasons(), {"reserved"})
        quant.owner_id = self.env.user.partner_id
        self.assertEqual(self.reasons(), {"on hand"})
        quant.unlink()
        self.assertEqual(self.reasons(), {"on hand"})

    def test_what_does_not_change_availability_leaves_no_mark(self):
        quant = self.quant()
        self.reasons()
        quant.user_id = self.env.user
        quant.inventory_date = "2030-01-01"
        self.assertEqual(self.marks(), [])

    def test_merged_quants_mark_and_those_that_stand_alone_do_not(self):
        other = self._product("Barge")
        self._listing(other)
        self.quant()
        self.quant()
        self.quant(product_id=other.id)
        self.marks()
        self.env["stock.quant"]._merge_quants()
        self.assertEqual(self.marks(), [(self.listing.id, "stock", "on hand")])
        self.assertEqual(self.quantity(), 8)

    def test_a_location_that_changes_its_place_marks_what_lies_below(self):
        bay = self.env["stock.location"].create({"name": "Bay", "location_id": self.shelf.id})
        self.count(4, location=bay)
        self.reasons()
        self.shelf.location_id = self.elsewhere.lot_stock_id
        self.assertEqual(self.reasons(), {"location changed"})
        self.assertEqual(self.quantity(), 0)

    def test_a_location_that_changes_its_usage_marks_what_is_to_leave_it(self):
        self.order(4, source=self.shelf)
        self.reasons()
        self.shelf.usage = "transit"
        self.assertEqual(self.reasons(), {"location changed"})

    def test_a_location_that_is_renamed_leaves_no_mark(self):
        self.count(4, location=self.shelf)
        self.reasons()
        self.shelf.name = "Top shelf"
        self.assertEqual(self.marks(), [])

    def test_another_stock_location_of_the_warehouse_marks_its_channels(self):
        self._listing(self.unlisted, self._channel("stock_test_2", self.elsewhere))
        self.count(4, location=self.shelf)
        self.count(6)
        self.marks()
        self.warehouse.lot_stock_id = self.shelf
        self.assertEqual(self.scoped(), {(self.channel, "warehouse changed")})
        self.assertEqual(self.quantity(), 4)

    def test_another_place_for_quality_control_marks_what_lies_there(self):
        self.count(4, location=self.shelf)
        self.count(6)
        self.marks()
        self.warehouse.wh_qc_stock_loc_id = self.shelf
        self.assertEqual(self.reasons(), {"location changed"})
        self.assertEqual(self.quantity(), 6)
        self.warehouse.wh_qc_stock_loc_id = False
        self.assertEqual(self.reasons(), {"location changed"})
        self.assertEqual(self.quantity(), 10)

    def test_an_archived_product_marks_going_and_coming(self):
        self.product.action_archive()
        self.assertEqual(self.reasons(), {"archived or put back"})
        self.product.action_unarchive()
        self.assertEqual(self.reasons(), {"archived or put back"})

    def test_an_archived_template_marks_its_variants(self):
        self.product.product_tmpl_id.action_archive()
        self.assertEqual(self.reasons(), {"archived or put back"})

    def test_a_product_that_is_kept_in_stock_from_now_on_marks(self):
        product = self._product("Paint", is_storable=False)
        listing = self._listing(product)
        self.marks()
        product.is_storable = True
        self.assertEqual(self.marks(), [(listing.id, "stock", "product changed")])

    def test_a_product_that_becomes_a_service_marks(self):
        self.product.type = "service"
        self.assertEqual(self.reasons(), {"product changed"})
        self.assertIsNone(self.quantity())

    def test_a_products_unit_marks(self):
        self.product.uom_id = self.dozen
        self.assertIn((self.listing.id, "stock", "product changed"), self.marks())

    def test_a_unit_of_another_size_marks_what_is_listed(self):
        crate = self.env["uom.uom"].create(
            {"name": "Crate", "relative_factor": 10, "relative_uom_id": self.unit.id}
        )
        listing = self._listing(self.product, sku="BOATS-CRATE", uom_id=crate.id)
        self.receive(40)
        self.marks()
        self.assertEqual(self.quantity(listing), 4)
        crate.relative_factor = 8
        self.assertIn((self.channel, "unit changed"), self.scoped())
        self.assertEqual(self.quantity(listing), 5)
        crate.name = "Box"
        self.assertEqual(self.marks(), [])

    def test_an_owner_of_goods_marks(self):
        quant = self.quant()
        self.marks()
        quant.owner_id = self.env["res.partner"].create({"name": "Consignor"})
        self.assertEqual(self.reasons(), {"on hand"})
        self.assertEqual(self.quantity(), 0)

    def test_an_owner_who_is_deleted_leaves_goods_to_sell(self):
        owner = self.env["res.partner"].create({"name": "Consignor"})
        self.env["lockgate.exposure.policy"].create({"name": "All", "basis": "forecast"})
        self.quant(owner_id=owner.id)
        lines = (self.product, 5)
        self._picking(self.warehouse.in_type_id, self.suppliers, self.stock, lines).owner_id = owner
        self._picking(
            self.warehouse.in_type_id, self.suppliers, self.stock, lines, restrict_partner_id=owner.id
        )
        self.assertEqual(self.quantity(), 0)
        self.reasons()
        owner.unlink()
        self.assertEqual(self.reasons(), {"expected"})
        self.assertEqual(self.quantity(), 14)

    def test_a_partner_who_owned_nothing_leaves_no_mark(self):
        self.quant()
        self.marks()
        self.env["res.partner"].create({"name": "Passer-by"}).unlink()
        self.assertEqual(self.marks(), [])

    def test_a_location_that_is_deleted_marks_what_was_to_end_there(self):
        bay = self.env["stock.location"].create({"name": "Bay", "location_id": self.shelf.id})
        self.env["lockgate.exposure.policy"].create({"name": "All", "basis": "forecast"})
        self._picking(
            self.warehouse.in_type_id,
            self.suppliers,
            self.warehouse.wh_input_stock_loc_id,
            (self.product, 5),
            location_final_id=bay.id,
        )
        self.assertEqual(self.quantity(), 5)
        self.reasons()
        bay.unlink()
        self.assertEqual(self.reasons(), {"location changed"})
        self.assertEqual(self.quantity(), 0)

    def test_a_products_name_and_cost_leave_no_mark(self):
        self.product.name = "Narrow boat"
        self.product.standard_price = 12.5
        self.product.list_price = 20.0
        self.assertEqual(self.marks(), [])
