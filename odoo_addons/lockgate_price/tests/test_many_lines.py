from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command

from .common import PriceCase

COLUMNS = ["change_id/.id", "product_id/.id", "price"]


class TestManyLines(PriceCase):
    def setUp(self):
        super().setUp()
        self.change = self.draft({})
        self.lines = self.env["lockgate.price.change.line"].with_user(self.analyst)

    def rows(self, *prices):
        return [
            [str(self.change.id), str(product.id), price]
            for product, price in zip(self.products, prices, strict=False)
        ]

    def test_an_import_adds_lines_of_every_target(self):
        category = self.env["product.category"].create({"name": "Boats"})
        self.third.categ_id = category
        columns = [*COLUMNS, "categ_id/.id", "base", "percent"]
        rows = [
            [str(self.change.id), str(self.product.id), "12.5", "", "fixed", ""],
            [str(self.change.id), "", "", str(category.id), "cost", "50"],
        ]
        result = self.lines.load(columns, rows)
        self.assertFalse(result["messages"])
        self.assertEqual(
            {row.product_id: row.new_price for row in self.change.impact_ids},
            {self.product: 12.5, self.third: 18},
        )

    def test_an_import_with_bad_rows_names_each_and_takes_none(self):
        rows = [
            *self.rows("12.5", "0", "13"),
            [str(self.change.id), str(self.product.id), "14"],
            [str(self.change.id), "", "15"],
            [str(self.change.id), "999999999", "15"],
            [str(self.change.id), str(self.second.id), "a lot"],
        ]
        result = self.lines.load(COLUMNS, rows)
        self.assertFalse(result["ids"])
        self.assertFalse(self.change.line_ids)
        errors = {message["rows"]["from"]: message["message"] for message in result["messages"]}
        self.assertEqual(set(errors), {1, 3, 4, 5, 6})
        self.assertIn("Boat 2: 0.0 is not a price", errors[1])
        self.assertIn("Boat 1: two lines name it, row 1 and row 4.", errors[3])
        self.assertIn("stands on nothing", errors[4])

    def test_an_import_into_a_change_that_is_not_a_draft_takes_none(self):
        change = self.requested()
        result = self.lines.load(COLUMNS, [[str(change.id), str(self.second.id), "1"]])
        self.assertFalse(result["ids"])
        self.assertIn("only a draft can be edited", result["messages"][0]["message"])

    def test_an_import_of_a_line_that_stands_already_is_named(self):
        self.lines.load(COLUMNS, self.rows("12.5"))
        result = self.lines.load(COLUMNS, self.rows("13"))
        self.assertIn("line 1, which is there already, and row 1.", result["messages"][0]["message"])
        self.assertEqual(self.change.line_ids.price, 12.5)

    def test_a_large_import_says_which_three_rows_are_bad(self):
        products = self.env["product.product"].create([{"name": f"P{n}"} for n in range(60)])
        rows = [[str(self.change.id), str(product.id), "5"] for product in products]
        for bad in (7, 31, 59):
            rows[bad][2] = "-1"
        result = self.lines.load(COLUMNS, rows)
        self.assertFalse(result["ids"])
        self.assertEqual([message["rows"]["from"] for message in result["messages"]], [7, 31, 59])

    def paste(self, text):
        wizard = self.env["lockgate.price.paste"].with_user(self.analyst)
        return wizard.create({"change_id": self.change.id, "rows": text}).action_add()

    def test_pasted_rows_become_lines(self):
        self.second.barcode = "4006381333931"
        self.baseline()
        self.paste("test-1\t12,50\n\n4006381333931\t-10%\n")
        self.assertEqual(
            {row.product_id: row.new_price for row in self.change.impact_ids},
            {self.product: 12.5, self.second: 18},
        )

    def test_pasted_rows_that_are_wrong_are_all_named_and_none_is_taken(self):
        with self.assertRaises(UserError) as caught:
            self.paste("test-1\t12.5\nnowhere\t1\ntest-2\tmuch\ntest-3\ntest-1\t3")
        words = str(caught.exception)
        for row in (
            "Row 2: no product has",
            "Row 3: much is not",
            "Row 4: a reference",
            "Row 5: the same product",
        ):
            self.assertIn(row, words)
        self.assertFalse(self.change.line_ids)
        with self.assertRaises(ValidationError):
            self.paste("test-1\t0")

    def test_only_analysts_paste_and_draft_in_bulk(self):
        for model in ("lockgate.price.paste", "lockgate.price.bulk"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.approver).create({})

    def bulk(self, **values):
        wizard = self.env["lockgate.price.bulk"].with_user(self.analyst)
        action = wizard.create({"applies_to": "book", "percent": -10, **values}).action_draft()
        return self.env["lockgate.price.change"].browse(action["res_id"])

    def test_all_of_a_category_on_all_books_of_a_channel_becomes_a_draft(self):
        self.baseline()
        category = self.env["product.category"].create({"name": "Boats"})
        (self.second + self.third).categ_id = category
        book = self.book.create(
            {"name": "B2B", "channel_id": self.channel.id, "pricelist_id": self.pricelist.copy().id}
        )
        change = self.bulk(
            applies_to="category",
            categ_id=category.id,
            rounding=1,
            surcharge=-0.01,
            channel_ids=[Command.set(self.channel.ids)],
        )
        self.assertEqual(change.state, "draft")
        self.assertEqual(change.book_ids, self.book + book)
        self.assertEqual(
            {row.product_id: row.new_price for row in change.impact_ids},
            {self.second: 17.99, self.third: 26.99},
        )
        self.assertEqual(change.left_out_count, 2)

    def test_a_bulk_change_of_nothing_is_refused(self):
        with self.assertRaisesRegex(UserError, "Choose price books"):
            self.bulk()
        with self.assertRaisesRegex(UserError, "Say how prices change"):
            self.bulk(percent=0, book_ids=[Command.set(self.book.ids)])
        with self.assertRaisesRegex(ValidationError, "leaves no price"):
            self.bulk(percent=-100, book_ids=[Command.set(self.book.ids)])
