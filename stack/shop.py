"""The real shop: a Vendure server from npm, in a database of the stack's PostgreSQL.

What it shows is asked over its own Admin API, with queries of this module's own, so that what the demo prints
and the tests assert does not rest on the connector that is being shown.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import httpx

from stack.console import Failed, Missing, step
from stack.files import built, digest, locked
from stack.paths import CACHE, ROOT
from stack.postgres import Databases
from stack.processes import Process, free_port

SOURCE = ROOT / "stack" / "vendure"
OLDEST_NODE = 20
USER = PASSWORD = "lockgate"

LOGIN = """mutation($user: String!, $password: String!) {
    login(username: $user, password: $password) { __typename } }"""
VARIANTS = """query($skip: Int!) { productVariants(options: {skip: $skip, sort: {id: ASC}}) { totalItems
    items { sku prices { price currencyCode } stockLevels { stockOnHand stockAllocated } } } }"""
LOCATION = "{ stockLocations { items { id } } }"
CREATE_PRODUCT = (
    'createProduct(input: {translations: [{languageCode: en, name: %s, slug: %s, description: ""}]}) { id }'
)
CREATE_VARIANTS = (
    "mutation($input: [CreateProductVariantInput!]!) { createProductVariants(input: $input) { id } }"
)


def need_node() -> None:
    """Raise `Missing` unless Node.js and npm are there and new enough."""
    wanted = f"the real shop needs Node.js {OLDEST_NODE} or later with npm"
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise Missing(f"{wanted}, and {program} is not found: install it, or use `docker compose up`")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(re.match(r"v(\d+)", version)[1]) < OLDEST_NODE:
        raise Missing(f"{wanted}, and this is {version}: install a newer one, or use `docker compose up`")


def node_modules() -> Path:
    """Return the folder of the shop's packages as its lock file pins them; install them the first time."""
    need_node()
    pins = [SOURCE / "package.json", SOURCE / "package-lock.json"]
    folder = CACHE / f"vendure-{digest(pins)}"
    with locked(CACHE / "vendure.lock"):
        if not folder.exists():
            with step("installing the real shop (Vendure) from npm"), built(folder) as building:
                for file in pins:
                    shutil.copy(file, building)
                # No package's own script is needed: the compiled parts come ready-made.
                npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
                done = subprocess.run(npm, check=False, cwd=building, capture_output=True, text=True)
                if done.returncode:
                    raise Failed(f"npm could not install the real shop: {done.stderr.strip()[-2000:]}")
    return folder / "node_modules"


class Shop:
    """One shop. `url` is the address of its Admin API; it stays the same over a stop and a start."""

    def __init__(
        self, folder: Path, databases: Databases, database: str = "shop", port: int | None = None
    ) -> None:
        """`folder` takes the log and the process's record; `databases` is the server of `database`."""
        self.databases, self.database = databases, database
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/admin-api"
        self.user, self.password = USER, PASSWORD
        self.process = Process("shop", ["node", str(SOURCE / "index.js")], folder=folder, ready=self._ready)
        self._client = httpx.Client(timeout=30)

    def start(self) -> None:
        """Start the shop and wait until it answers; the first time, install it and make its database."""
        environment = self._environment(self.database)
        if not self.databases.exists(self.database):
            self.prepare()
        self.process.environment = environment
        self.process.start()

    def stop(self) -> None:
        """Stop the shop in good order."""
        self.process.stop()

    def kill(self) -> None:
        """End the shop as a crash would."""
        self.process.kill()

    def seed(self, products: Mapping[str, str]) -> None:
        """Create a product, with price and stock 0, for each {SKU: name} that the shop does not have."""
        known = {row["sku"] for row in self._variants()}
        missing = {sku: name for sku, name in products.items() if sku not in known}
        if not missing:
            return
        creations = " ".join(
            f"p{number}: " + CREATE_PRODUCT % (json.dumps(name), json.dumps(re.sub(r"\W+", "-", sku).lower()))
            for number, (sku, name) in enumerate(missing.items())
        )
        ids = self.ask(f"mutation {{ {creations} }}")
        location = self.ask(LOCATION)["stockLocations"]["items"][0]["id"]
        variants = [
            {
                "productId": ids[f"p{number}"]["id"],
                "sku": sku,
                "price": 0,
                "stockLevels": [{"stockLocationId": location, "stockOnHand": 0}],
                "translations": [{"languageCode": "en", "name": name}],
            }
            for number, (sku, name) in enumerate(missing.items())
        ]
        self.ask(CREATE_VARIANTS, input=variants)

    def price(self, sku: str, currency: str = "USD") -> Decimal | None:
        """Return the price that the shop shows for a SKU, in units of the currency; None when it has none."""
        return self.prices(currency).get(sku)

    def stock(self, sku: str) -> int | None:
        """Return the shop's number on hand for a SKU; None when it does not know the SKU."""
        return self.stocks().get(sku)

    def prices(self, currency: str = "USD") -> dict[str, Decimal]:
        """Return the price of every SKU in a currency. Vendure keeps hundredths, whatever the currency."""
        return {
            row["sku"]: Decimal(price["price"]).scaleb(-2)
            for row in self._variants()
            for price in row["prices"]
            if price["currencyCode"] == currency
        }

    def stocks(self) -> dict[str, int]:
        """Return the number on hand of every SKU."""
        return {
            row["sku"]: sum(level["stockOnHand"] for level in row["stockLevels"]) for row in self._variants()
        }

    def allocated(self) -> dict[str, int]:
        """Return how many of every SKU the shop sold and has not shipped."""
        return {
            row["sku"]: sum(level["stockAllocated"] for level in row["stockLevels"])
            for row in self._variants()
        }

    def ask(self, document: str, **variables: object) -> dict:
        """Send one GraphQL document as the administrator; raise `Failed` with the shop's errors."""
        if "authorization" not in self._client.headers:
            answer = self._post(LOGIN, {"user": self.user, "password": self.password})
            self._client.headers["authorization"] = f"Bearer {answer.headers['vendure-auth-token']}"
        return self._post(document, variables).json()["data"]

    def _post(self, document: str, variables: Mapping[str, object]) -> httpx.Response:
        answer = self._client.post(self.url, json={"query": document, "variables": variables})
        if answer.status_code != httpx.codes.OK or "errors" in answer.json():
            raise Failed(f"the shop answered {answer.status_code}: {answer.text[:500]}")
        return answer

    def _variants(self) -> list[dict]:
        rows: list[dict] = []
        while True:
            page = self.ask(VARIANTS, skip=len(rows))["productVariants"]
            rows += page["items"]
            if len(rows) >= page["totalItems"] or not page["items"]:
                return rows

    def _ready(self) -> bool:
        try:
            return self._client.get(f"http://127.0.0.1:{self.port}/health").is_success
        except httpx.TransportError:
            return False

    def prepare(self) -> None:
        """Make the database, under another name until it is whole."""
        unfinished = f"{self.database}_unfinished"
        with step("preparing the shop's database"):
            self.databases.drop(unfinished)
            self.databases.create(unfinished)
            folder = self.process.log.parent.parent
            prepare = Process("shop-prepare", [*self.process.argv, "prepare"], folder=folder)
            prepare.environment = self._environment(unfinished)
            prepare.start()
            code = prepare.process.wait(120)
            prepare.stop()
            if code:
                raise Failed(f"the shop's database could not be prepared: see {prepare.log}")
            self.databases.rename(unfinished, self.database)

    def _environment(self, database: str) -> dict[str, str]:
        server = self.databases.parameters
        return {
            "NODE_PATH": str(node_modules()),
            "VENDURE_DISABLE_TELEMETRY": "true",
            "SHOP_PORT": str(self.port),
            "SHOP_USER": self.user,
            "SHOP_PASSWORD": self.password,
            "PGHOST": server["host"],
            "PGPORT": server["port"],
            "PGUSER": server["user"],
            "PGPASSWORD": server.get("password", ""),
            "PGDATABASE": database,
        }
