from odoo import fields, models
from odoo.tools import SQL

# Where the bars part, in percent up or down.
STEPS = (5, 10, 20)


class PriceChange(models.Model):
    """The chart of the impact: how many prices fall and rise, and by how much."""

    _inherit = "lockgate.price.change"

    impact_chart = fields.Html(compute="_compute_impact_chart", sanitize=False)

    def _compute_impact_chart(self):
        for change in self:
            bars = change._origin._impact_bars()
            change.impact_chart = bars and self.env["ir.qweb"]._render(
                "lockgate_price.lockgate_price_impact_chart",
                {"bars": bars, "most": max(bar["count"] for bar in bars)},
            )

    def _impact_bars(self):
        """[{"label", "count", "side": fall, same or rise}], from the largest falls to the largest rises.

        Bars between the outermost two stand there when they are empty too. No listing had a price before:
        no bars.
        """
        self.env.flush_all()
        # What is at a step, but for the noise of floats, belongs to the bar that is nearer to nothing.
        self.env.cr.execute(
            SQL(
                """
                SELECT sign(percent)::int * (
                           1 + (SELECT count(*) FROM unnest(%s) step WHERE abs(percent) > step + 1e-6))::int,
                       count(*)
                  FROM (SELECT change_percent * 100 AS percent FROM lockgate_price_impact
                         WHERE change_id = ANY(%s) AND old_seal_id IS NOT NULL) changed
              GROUP BY 1
                """,
                list(STEPS),
                self.ids,
            )
        )
        counts = dict(self.env.cr.fetchall())
        return [
            {
                "label": self._bar_label(bar),
                "count": counts.get(bar, 0),
                "side": "fall" if bar < 0 else "rise" if bar else "same",
            }
            for bar in range(min(counts, default=0), max(counts, default=-1) + 1)
        ]

    def _bar_label(self, bar):
        if not bar:
            return self.env._("unchanged")
        sign, step = ("−" if bar < 0 else "+"), abs(bar) - 1
        if step == 0:
            return self.env._("up to %(sign)s%(most)s %%", sign=sign, most=STEPS[0])
        if step == len(STEPS):
            return self.env._("over %(sign)s%(least)s %%", sign=sign, least=STEPS[-1])
        return self.env._(
            "%(sign)s%(least)s to %(sign)s%(most)s %%", sign=sign, least=STEPS[step - 1], most=STEPS[step]
        )
