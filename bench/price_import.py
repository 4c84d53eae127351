"""How long Odoo's own import takes for lines of a price change, from a file of which three rows are bad.

As the web client does it: the file is uploaded, tried, refused for its bad rows, and taken without them
once the user says so. Half as many rows as the shop has listings, so 50,000 at the larger size.
"""

import io
import time

CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS = ["change_id", "product_id", "price"]
OPTIONS = {
    "quoting": '"',
    "separator": ",",
    "encoding": "utf-8",
    "float_thousand_separator": ",",
    "float_decimal_separator": ".",
    "has_headers": True,
    "sheet": "Sheet1",
}


def measure(prices, size: int) -> dict:
    """Seconds until bad rows are told and until the others are taken, of a CSV and of a spreadsheet.

    `prices`: the process of `bench.price`, with a shop of `size` listings.
    """
    found = {}
    for name, kind, write in (("csv", CSV, as_csv), ("xlsx", XLSX, as_xlsx)):
        with prices.registry.cursor() as cr:
            env = prices.environment(cr, prices.people["analyst"], {})
            change = env["lockgate.price.change"].create({"book_ids": [(6, 0, [prices.book])]})
            rows = lines(change.name, size)
            file = env["base_import.import"].create(
                {
                    "res_model": "lockgate.price.change.line",
                    "file": write([COLUMNS, *rows]),
                    "file_type": kind,
                }
            )
            cr.commit()
            for step, good_rows in (("refused", False), ("taken", True)):
                begun = time.perf_counter()
                answer = file.execute_import(COLUMNS, COLUMNS, {**OPTIONS, "take_good_rows": good_rows})
                cr.commit()
                seconds = time.perf_counter() - begun
                found[f"import_{name}_{step}"] = {
                    "seconds": round(seconds, 2),
                    "rows_a_second": round(len(rows) / seconds),
                }
                check(answer, len(rows) - 3 if good_rows else 0)
            change.line_ids.unlink()
    return found


def lines(change: str, size: int) -> list[list[str]]:
    """Rows of a file: each a SKU of the shop and its price; one price too high, one text, one SKU unknown."""
    rows = [[change, f"{size}-{number}", "5.5"] for number in range(1, size // 2 + 1)]
    rows[17][2], rows[len(rows) // 2][1], rows[-3][2] = "1e308", "nowhere", "free"
    return rows


def check(answer: dict, expected: int) -> None:
    bad = {message["rows"]["from"] for message in answer["messages"]}
    if len(answer["ids"] or ()) != expected or (not expected and len(bad) != 3):
        raise SystemExit(f"price import: {len(answer['ids'] or ())} rows taken, {bad} named as bad")


def as_csv(rows: list[list[str]]) -> bytes:
    return "\n".join(",".join(row) for row in rows).encode()


def as_xlsx(rows: list[list[str]]) -> bytes:
    import xlsxwriter

    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return file.getvalue()
