import io

import xlsxwriter

from odoo.exceptions import AccessError

from .common import PriceCase

OPTIONS = {
    "quoting": '"',
    "separator": ",",
    "encoding": "utf-8",
    "float_thousand_separator": ",",
    "float_decimal_separator": ".",
    "has_headers": True,
    "sheet": "Sheet1",
}
CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class TestImport(PriceCase):
    """Lines through the web client's own import, as files."""

    def setUp(self):
        super().setUp()
        self.change = self.draft({})

    def run_import(self, columns, rows, kind=CSV, dryrun=False, **options):
        """What Odoo answers; each row is of the change, named first."""
        rows = [[self.change.name, *row] for row in rows]
        columns = ["change_id", *columns]
        wizard = self.env["base_import.import"].with_user(self.analyst)
        wizard = wizard.create(
            {
                "res_model": "lockgate.price.change.line",
                "file": self.as_csv([columns, *rows]) if kind == CSV else self.as_xlsx([columns, *rows]),
                "file_type": kind,
            }
        )
        return wizard.execute_import(columns, columns, {**OPTIONS, **options}, dryrun=dryrun)

    def as_csv(self, rows):
        return "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode()

    def as_xlsx(self, rows):
        file = io.BytesIO()
        with xlsxwriter.Workbook(file) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        return file.getvalue()

    def prices(self):
        return {line.display_name: line.price for line in self.change.line_ids}

    def errors(self, result):
        """{row of the file, counted from 0: what is wrong with it}."""
        self.assertFalse(result["ids"])
        self.assertFalse(self.change.line_ids)
        return {message["rows"]["from"]: message["message"] for message in result["messages"]}

    def test_products_are_named_by_reference_barcode_or_sku(self):
        self.second.barcode = "4006381333931"
        self.listings[2].sku = "SHOP-3"
        rows = [["test-1", "5"], ["4006381333931", "6"], ["SHOP-3", "7"]]
        for kind in (CSV, XLSX):
            with self.subTest(kind=kind):
                self.change.line_ids.unlink()
                result = self.run_import(["product_id", "price"], rows, kind)
                self.assertEqual(result["messages"], [])
                self.assertEqual({line.product_id: line.price for line in self.change.line_ids}, {
                    self.product: 5, self.second: 6, self.third: 7,
                })  # fmt: skip

    def test_a_line_names_an_external_id_a_category_or_a_tag(self):
        category = self.env["product.category"].create({"name": "Rowing Boats"})
        tag = self.env["product.tag"].create({"name": "Sale"})
        self.env["ir.model.data"].create(
            {"module": "shop", "name": "boat", "model": "product.product", "res_id": self.product.id}
        )
        result = self.run_import(
            ["product_id/id", "categ_id", "tag_id", "price"],
            [["shop.boat", "", "", "5"], ["", "Rowing Boats", "", "6"], ["", "", "Sale", "7"]],
        )
        self.assertEqual(result["messages"], [])
        lines = self.change.line_ids
        self.assertEqual((lines.product_id, lines.categ_id, lines.tag_id), (self.product, category, tag))
        self.assertEqual(lines.mapped("applies_to"), ["variant", "category", "tag"])

    def test_each_bad_row_is_named_and_none_is_taken(self):
        category = self.env["product.category"].create({"name": "Rowing Boats"})
        bad = {
            1: (["nowhere", "", "5", ""], "No matching record"),
            2: (["", "", "5", ""], "stands on nothing"),
            3: (["test-2", "", "1e308", ""], "is not a price"),
            4: (["test-2", "", "", "-100"], "is not a price"),
            5: (["test-1", "", "6", ""], "[test-1] Boat 1: two lines name it, row 1 and row 6."),
            6: (["test-2", category.name, "6", ""], "more than one target"),
        }
        rows = [["test-1", "", "5", ""], *(row for row, _words in bad.values()), ["test-3", "", "7", ""]]
        found = self.errors(self.run_import(["product_id", "categ_id", "price", "percent"], rows))
        self.assertEqual(set(found), set(bad))
        for number, (_row, words) in bad.items():
            self.assertIn(words, found[number])

    def test_each_row_with_what_is_no_number_is_named(self):
        rows = [["test-1", "5"], ["test-2", "nan"], ["test-3", "cheap"]]
        found = self.errors(self.run_import(["product_id", "price"], rows))
        self.assertEqual(set(found), {1, 2})
        self.assertIn("nan is not a price", found[1])
        self.assertIn("cheap", found[2])

    def test_bad_rows_are_left_out_where_the_user_says_so(self):
        rows = [["test-1", "5"], ["test-2", "cheap"], ["nowhere", "6"], ["test-3", "-1"], ["test-3", "7"]]
        result = self.run_import(["product_id", "price"], rows, dryrun=True, take_good_rows=True)
        self.assertEqual([message["type"] for message in result["messages"]], ["warning"] * 4)
        self.assertEqual({m["rows"]["from"] for m in result["messages"][1:]}, {1, 2, 3})
        self.assertFalse(self.change.line_ids)
        before = self.change.message_ids
        result = self.run_import(["product_id", "price"], rows, take_good_rows=True)
        self.assertEqual((len(result["ids"]), result["messages"]), (2, []))
        self.assertEqual({line.product_id: line.price for line in self.change.line_ids}, {
            self.product: 5, self.third: 7,
        })  # fmt: skip
        told = (self.change.message_ids - before)[0].body
        for word in ("3 rows", "cheap", "nowhere", "is not a price"):
            self.assertIn(word, told)

    def test_a_file_of_bad_rows_alone_says_so_also_where_they_are_left_out(self):
        result = self.run_import(["product_id", "price"], [["nowhere", "6"]], take_good_rows=True)
        self.assertFalse(result["ids"])
        self.assertIn("No matching record", result["messages"][0]["message"])

    def test_three_bad_rows_of_20_000_are_named_and_none_is_taken_unless_told(self):
        """Of 50,000 that people may bring, as many as leave the suite its pace: about 20 s for both files."""
        number = 20_000
        self.execute(
            "INSERT INTO product_product (product_tmpl_id, active, default_code, combination_indices)"
            " SELECT %s, true, 'P' || row, row::text FROM generate_series(1, %s) row",
            [self.product.product_tmpl_id.id, number],
        )
        rows = [[f"P{row}", "5"] for row in range(1, number + 1)]
        rows[17][1], rows[number // 2][0], rows[-3][1] = "1e308", "nowhere", "free"
        bad = {17, number // 2, number - 3}
        self.assertEqual(set(self.errors(self.run_import(["product_id", "price"], rows))), bad)
        result = self.run_import(["product_id", "price"], rows, XLSX, take_good_rows=True)
        self.assertEqual(len(result["ids"]), number - 3)
        self.assertEqual(len(self.change.line_ids), number - 3)

    def test_a_line_is_written_once(self):
        """Not a second time with what Odoo computes: for that it reads all new lines again and again."""
        before = self.updates()
        self.run_import(["product_id", "price"], [["test-1", "5"], ["test-2", "6"]])
        self.env.flush_all()
        self.assertEqual(self.updates(), before)
        self.assertEqual(self.change.line_ids.company_id, self.change.company_id)

    def updates(self):
        self.env.cr.execute(
            "SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'lockgate_price_change_line'"
        )
        return self.env.cr.fetchone()[0]

    def test_a_percentage_that_leaves_no_price_is_named(self):
        rows = [
            ["test-1", "in_force", "-10"],
            ["test-2", "in_force", "-100"],
            ["test-3", "in_force", "-1e308"],
        ]
        found = self.errors(self.run_import(["product_id", "base", "percent"], rows))
        self.assertIn("leaves no price", found[1])
        self.assertIn("not a number", found[2])

    def test_a_reference_of_several_products_is_named_not_guessed(self):
        self.second.default_code = "test-1"
        found = self.errors(self.run_import(["product_id", "price"], [["test-1", "5"], ["test-3", "6"]]))
        self.assertEqual(list(found), [0])
        self.assertIn("test-1 names several", found[0])

    def test_a_products_own_reference_comes_before_anothers_sku(self):
        self.listing.sku = "first"
        self.listings[2].sku = "test-1"
        self.run_import(["product_id", "price"], [["test-1", "5"]])
        self.assertEqual(self.change.line_ids.product_id, self.product)

    def test_rows_of_unknown_products_are_left_out_when_odoo_is_told_to_skip_them(self):
        rows = [["test-1", "5"], ["nowhere", "6"], ["test-3", "7"]]
        result = self.run_import(["product_id", "price"], rows, import_skip_records=["product_id"])
        self.assertEqual(result["messages"], [])
        self.assertEqual(self.change.line_ids.product_id, self.product + self.third)

    def test_a_bad_price_is_refused_also_where_unknown_products_are_skipped(self):
        rows = [["test-1", "-5"], ["nowhere", "6"]]
        result = self.run_import(["product_id", "price"], rows, import_skip_records=["product_id"])
        self.assertEqual(list(self.errors(result)), [0])

    def test_a_file_is_taken_as_a_whole_whatever_batches_the_client_asks_for(self):
        rows = [["test-1", "5"], ["test-2", "-1"], ["test-3", "6"]]
        found = self.errors(self.run_import(["product_id", "price"], rows, limit=1))
        self.assertEqual(list(found), [1])
        rows[1][1] = "5.5"
        result = self.run_import(["product_id", "price"], rows, limit=1)
        self.assertEqual((len(result["ids"]), result["nextrow"]), (3, 0))

    def test_nobody_else_reads_or_replaces_the_file_that_somebody_imports(self):
        wizard = self.env["base_import.import"].with_user(self.analyst)
        wizard = wizard.create({"res_model": "lockgate.price.change.line", "file": b"product_id,price"})
        other = wizard.with_user(self.approver)
        with self.assertRaises(AccessError):
            other.write({"file": b"product_id,price\nx,1"})
        with self.assertRaises(AccessError):
            other.unlink()
        with self.assertRaises(AccessError):
            other.invalidate_recordset()
            other.read(["file"])
        self.assertFalse(other.search([("id", "=", wizard.id)]))
        wizard.write({"file": b"product_id,price\nx,2"})

    def test_a_test_run_takes_nothing(self):
        result = self.run_import(["product_id", "price"], [["test-1", "5"]], dryrun=True)
        self.assertEqual(result["messages"], [])
        self.assertFalse(self.change.line_ids)

    def test_a_product_of_another_company_is_not_found(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.second.company_id = other
        found = self.errors(self.run_import(["product_id", "price"], [["test-1", "5"], ["test-2", "6"]]))
        self.assertEqual(list(found), [1])

    def test_statements_do_not_grow_with_the_rows(self):
        products = self.env["product.product"].create(
            [{"name": f"P{number}", "default_code": f"P{number}"} for number in range(80)]
        )
        rows = [[product.default_code, "5"] for product in products]
        few = self.statements(rows[:20])
        self.change.line_ids.unlink()
        self.assertLess(self.statements(rows) - few, 20)
        self.assertEqual(len(self.change.line_ids), 80)

    def statements(self, rows):
        before = self.env.cr.sql_log_count
        self.run_import(["product_id", "price"], rows)
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_lines_of_a_new_change_name_theirs_too(self):
        """As rows below the change itself; all of it or nothing."""
        before = self.env["lockgate.price.change"].search_count([])
        columns = ["reason", "book_ids/.id", "line_ids/product_id/.id", "line_ids/price"]
        rows = [["x", str(self.book.id), str(self.product.id), "5"], ["", "", str(self.second.id), "0"]]
        changes = self.env["lockgate.price.change"].with_user(self.analyst)
        result = changes.load(columns, rows)
        self.assertFalse(result["ids"])
        self.assertIn("Line 2: ", result["messages"][0]["message"])
        self.assertEqual(changes.search_count([]), before)
