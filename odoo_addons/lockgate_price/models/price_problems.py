from odoo import fields, models

NAMED = 10


class PriceChange(models.Model):
    """What stands against asking for the approval of a price change, and against giving it."""

    _inherit = "lockgate.price.change"

    def _problems(self):
        """A sentence for each; what a line decides is read from the impact."""
        problems = []
        if not self.book_ids:
            problems.append(self.env._("Choose at least one price book."))
        if not self.line_ids:
            problems.append(
                self.env._(
                    "Add at least one line: a product, a category, a tag or the whole book, and a price."
                )
            )
        if problem := self._currency_problem() or self._rate_problem():
            problems.append(problem)
        if archived := self.book_ids.filtered(lambda book: not (book.active and book.channel_id.active)):
            problems.append(self.env._("Archived price books: %s.", self._named(archived)))
        if self.effective_to and self.effective_to <= fields.Datetime.now():
            problems.append(self.env._("Its end, %s, has passed: set Effective To later.", self.effective_to))
        if self.book_ids and self.line_ids:
            problems += self._line_problems()
        problems += self._cycle_problems()
        return problems

    def _line_problems(self):
        problems = []
        lines = self.env["lockgate.price.change.line"]
        mine = [("change_id", "=", self.id)]
        if archived := lines.search([*mine, ("product_id.active", "=", False)], limit=NAMED + 1):
            problems.append(
                self.env._(
                    "Archived products: %s. Remove their lines or put them back.", self._named(archived)
                )
            )
        if self.impact_pending:
            return problems
        self.env.cr.execute(
            """
            SELECT id FROM lockgate_price_change_line line
             WHERE change_id = %s AND NOT id = ANY(%s)
               AND NOT EXISTS (SELECT FROM lockgate_price_impact impact WHERE impact.line_id = line.id)
          ORDER BY id LIMIT %s
            """,
            [self.id, archived.ids, NAMED + 1],
        )
        idle = lines.browse(line_id for (line_id,) in self.env.cr.fetchall())
        left_out = self.env["lockgate.price.left.out"]

        def kept(why):
            return idle.filtered(
                lambda line: left_out.search([("line_id", "=", line.id), ("why", "=", why)], limit=1)
            )

        if lose := kept("rule"):
            problems.append(
                self.env._(
                    "More specific rules decide all that these lines name: %s. Have them override.",
                    self._named(lose),
                )
            )
        if baseless := kept("nothing") - lose:
            problems.append(
                self.env._(
                    "There is nothing to compute these prices from: %s. Seal a baseline first, or set costs.",
                    self._named(baseless),
                )
            )
        idle -= lose | baseless
        unlisted = idle.filtered(lambda line: line.applies_to == "variant")
        if unlisted:
            problems.append(
                self.env._(
                    "Not listed on any channel of the chosen books: %s. List them or remove their lines.",
                    self._named(unlisted),
                )
            )
        if others := idle - unlisted:
            problems.append(
                self.env._(
                    "These lines decide no price: %s. Nothing of it is listed on the channels of the chosen "
                    "books, or more specific lines name it all.",
                    self._named(others),
                )
            )
        return problems

    def _currency_problem(self):
        for book in self.book_ids:
            if book.currency_id != self.currency_id:
                return self.env._(
                    "Price change %(change)s is in %(currency)s, but %(book)s of channel %(channel)s sells "
                    "in %(other)s: choose books of one currency.",
                    change=self.name,
                    currency=self.currency_id.name,
                    book=book.name,
                    channel=book.channel_id.name,
                    other=book.currency_id.name,
                )
        return None

    def _rate_problem(self):
        """A currency that this change computes with and that has no rate by now: Odoo would take it as 1."""
        company = self.company_id
        used = self.currency_id | self._base_books().currency_id
        rates = self.env["res.currency.rate"].sudo()
        for currency in used - company.currency_id:
            known = [
                ("currency_id", "=", currency.id),
                ("company_id", "in", [False, company.root_id.id]),
                ("name", "<=", fields.Date.context_today(self)),
            ]
            if not rates.search(known, limit=1):
                return self.env._(
                    "%(currency)s has no exchange rate, so cost and margin cannot be told: add one under "
                    "Settings → Currencies.",
                    currency=currency.name,
                )
        return None

    def _base_books(self):
        """The books that lines compute from; read by themselves, for there may be very many lines."""
        lines = self.env["lockgate.price.change.line"]
        return lines.search([("change_id", "=", self.id), ("base", "=", "book")]).base_book_id

    def _cycle_problems(self):
        """Books whose prices stand on each other: in this change, or over it and others that are open."""
        books = self.book_ids
        if own := self._base_books() & books:
            return [
                self.env._(
                    "%s would be computed from itself: choose another book to compute from.",
                    self._named(own),
                )
            ]
        self.env.cr.execute(
            """
            WITH RECURSIVE stands_on AS (
                SELECT line.change_id, chosen.book_id, line.base_book_id
                  FROM lockgate_price_change_line line
                  JOIN lockgate_price_change_book_rel chosen ON chosen.change_id = line.change_id
                  JOIN lockgate_price_change change ON change.id = line.change_id
                 WHERE line.base = 'book' AND (change.state = 'to_approve' OR change.id = %(change)s)
              GROUP BY 1, 2, 3
            ), reached AS (
                SELECT book_id, base_book_id, ARRAY[change_id] AS change_ids, ARRAY[book_id] AS book_ids
                  FROM stands_on WHERE change_id = %(change)s
             UNION ALL
                SELECT reached.book_id, next.base_book_id, reached.change_ids || next.change_id,
                       reached.book_ids || next.book_id
                  FROM reached JOIN stands_on next ON next.book_id = reached.base_book_id
                 WHERE NOT next.book_id = ANY(reached.book_ids)
            )
            SELECT book_ids, change_ids FROM reached WHERE base_book_id = book_id LIMIT 1
            """,
            {"change": self.id},
        )
        found = self.env.cr.fetchone()
        if not found:
            return []
        book_ids, change_ids = found
        names = [self.env["lockgate.price.book"].browse(book_id).name for book_id in book_ids]
        return [
            self.env._(
                "These books would stand on each other: %(books)s. Decide on %(changes)s first.",
                books=" ← ".join([*names, names[0]]),
                changes=", ".join((self.browse(change_ids) - self).mapped("name")),
            )
        ]

    def _named(self, records):
        names = ", ".join(records[:NAMED].mapped("display_name"))
        more = len(records) - NAMED
        return self.env._("%(names)s and %(more)s more", names=names, more=more) if more > 0 else names
