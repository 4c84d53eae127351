"""A person at the web client: signs in with a password and calls what the browser would call."""

from typing import Any

import httpx


class Refused(Exception):
    """Odoo refused a call; the message is what the person would read."""


class User:
    """One signed-in person of one Odoo. Calls are the web client's own, with the person's rights."""

    def __init__(self, url: str, database: str, login: str, password: str) -> None:
        self.login = login
        self._client = httpx.Client(base_url=url, timeout=300)
        self._rpc("/web/session/authenticate", db=database, login=login, password=password)

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a public method; `args` begins with the ids where the method takes records."""
        return self._rpc(
            f"/web/dataset/call_kw/{model}/{method}",
            model=model,
            method=method,
            args=list(args),
            kwargs=kwargs,
        )

    def read(self, model: str, ids: int | list[int], *fields: str) -> Any:
        """Return the named fields; a dict for one id, a list of dicts for several."""
        rows = self.call(model, "read", [ids] if isinstance(ids, int) else ids, list(fields), load=None)
        return rows[0] if isinstance(ids, int) else rows

    def find(self, model: str, domain: list[Any], *fields: str, **kwargs: Any) -> list[dict[str, Any]]:
        return self.call(model, "search_read", domain, list(fields), load=None, **kwargs)

    def create(self, model: str, **values: Any) -> int:
        return self.call(model, "create", [values])[0]

    def reference(self, xmlid: str) -> int:
        """Return the id behind an XML id; raises Refused when there is none."""
        module, name = xmlid.split(".")
        found = self.find("ir.model.data", [("module", "=", module), ("name", "=", name)], "res_id")
        if not found:
            raise Refused(f"Odoo has no record {xmlid}")
        return found[0]["res_id"]

    def close(self) -> None:
        self._client.close()

    def _rpc(self, path: str, **params: Any) -> Any:
        answer = self._client.post(path, json={"jsonrpc": "2.0", "method": "call", "params": params}).json()
        if "error" in answer:
            raise Refused(answer["error"]["data"]["message"])
        return answer.get("result")  # a method that returns nothing has none
