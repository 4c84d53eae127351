import sys
from optparse import OptionGroup

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config

CHAINS = {
    "seals": "lockgate.price.seal",
    "approvals": "lockgate.price.approval",
    "taken": "lockgate.price.taken",
}


class VerifyLedger(Command):
    """Verify the chains of evidence of a database; ends with 1 where they do not hold."""

    name = "verify_ledger"

    def run(self, args):
        parser = config.parser
        parser.prog = self.prog
        group = OptionGroup(parser, "Verify the Price Ledger")
        for chain in CHAINS:
            group.add_option(f"--{chain}", default="", help=f"a hash of {chain} that an earlier check showed")
        parser.add_option_group(group)
        options = config.parse_config(args, setup_logging=True)
        if len(config["db_name"]) != 1:
            sys.exit("Name one database with -d.")
        known = {model: getattr(options, chain) for chain, model in CHAINS.items()}
        with Registry(config["db_name"][0]).cursor() as cr:
            holds = self._verify(api.Environment(cr, SUPERUSER_ID, {}), known)
        sys.exit(0 if holds else 1)

    def _verify(self, env, known):
        """Write what was found, and the hashes to keep, to standard output; whether the ledger holds."""
        answer = env["lockgate.price.ledger"]._verify(known)
        found = answer["problems"] or ["The ledger holds."]
        heads = [f"--{chain} {answer['heads'][model] or ''}".rstrip() for chain, model in CHAINS.items()]
        sys.stdout.write("\n".join([*found, "Keep these hashes outside of Odoo:", *heads]) + "\n")
        return answer["holds"]
