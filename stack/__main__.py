"""`python -m stack`: what the Makefile and developers run."""

import argparse
import sys

from stack import dev
from stack.console import Failed, Missing, say


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start PostgreSQL and Redis for development and leave them running")
    commands.add_parser("down", help="end them")
    database = commands.add_parser("database", help="make a database from the template with Odoo's demo data")
    database.add_argument("name")
    database.add_argument("-i", "--install", default="", help="modules to install, with commas between")
    serve = commands.add_parser("odoo", help="run an Odoo server on a database until Ctrl-C")
    serve.add_argument("name")
    serve.add_argument("--workers", type=int, default=0)
    test = commands.add_parser("addon-tests", help="run add-on tests on a database that has the add-ons")
    test.add_argument("name")
    return parser


def main() -> int:
    """Run one command; 1 is a failure, 2 something that this machine lacks."""
    arguments, rest = _parser().parse_known_args()
    try:
        match arguments.command:
            case "up":
                dev.up()
            case "down":
                dev.down()
            case "database":
                dev.create_database(arguments.name, [name for name in arguments.install.split(",") if name])
            case "odoo":
                dev.serve(arguments.name, arguments.workers)
            case "addon-tests":
                return dev.test_addon(arguments.name, rest)
    except Failed as error:
        say(str(error))
        return 1
    except Missing as error:
        say(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
