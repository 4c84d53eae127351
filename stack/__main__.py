"""`python -m stack`: what the Makefile and developers run."""

import argparse
import signal
import sys

from stack import checks, dev
from stack.console import Failed, Missing, say


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="play the story on a private stack; ONCE=1 ends it afterwards")
    commands.add_parser("test", help="run every test")
    commands.add_parser("lint", help="check style, types, add-on conventions and the links of the docs")
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
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # so that contexts end what they began
    try:
        match arguments.command:
            case "demo":
                from stack import demo

                return demo.run()
            case "test":
                return checks.test()
            case "lint":
                return checks.lint()
            case "up":
                dev.up()
            case "down":
                dev.down()
            case "database":
                dev.create_database(arguments.name, [name for name in arguments.install.split(",") if name])
            case "odoo":
                dev.serve(arguments.name, arguments.workers)
            case "addon-tests":
                return dev.test_addons(arguments.name, rest)
    except Failed as error:
        say(str(error))
        return 1
    except Missing as error:
        say(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
