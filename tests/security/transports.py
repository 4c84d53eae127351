"""How a call reaches Odoo: `/json/2` with a key, JSON-RPC with a key, the web client's own with a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

TRANSPORTS = ("json2", "jsonrpc", "web")
# What a person or a program can understand; anything else that ends a call is a fault, not a refusal.
CLEAR = (
    "odoo.exceptions.",
    "odoo.addons.lockgate_price.models.price_guard.GovernedPriceError",
    "odoo.http.SessionExpiredException",
    "werkzeug.exceptions.",
)


@dataclass(frozen=True)
class Outcome:
    """What came of a call: its result, or the class and the words of the error that refused it."""

    result: Any = None
    error: str = ""
    message: str = ""

    @property
    def refused(self) -> bool:
        return bool(self.error)

    @property
    def clear(self) -> bool:
        return self.error.startswith(CLEAR) and bool(self.message.strip())


class Caller:
    """One role's ways to Odoo. Without a login it is nobody; without a password it has no session."""

    def __init__(self, url: str, database: str, login: str = "", password: str = "", key: str = "") -> None:
        self.database, self.login, self.key, self.uid = database, login, key, 0
        self._http = httpx.Client(base_url=url, timeout=120)
        self._web = httpx.Client(base_url=url, timeout=120)
        if password:
            session = self._rpc(
                self._web, "/web/session/authenticate", db=database, login=login, password=password
            )
            self.uid = session.result["uid"]

    def call(
        self,
        transport: str,
        model: str,
        method: str,
        ids: list[int] | None,
        kwargs: dict[str, Any],
        context: dict[str, Any] | None = None,
    ) -> Outcome:
        """Call a method; `ids` is None for a method of the model. Arguments go by name."""
        if transport == "route":
            return self._rpc(self._web, model, **kwargs)
        extra = {"context": context} if context else {}
        if transport == "json2":
            body = {**({"ids": ids} if ids is not None else {}), **extra, **kwargs}
            return self._json2(model, method, body)
        args: list[Any] = [ids] if ids is not None else []
        if method == "create":  # which these two take by position alone
            args, kwargs = [kwargs["vals_list"]], {}
        if transport == "jsonrpc":
            call = [
                self.database,
                self.uid or 2,
                self.key or "wrong",
                model,
                method,
                args,
                {**kwargs, **extra},
            ]
            return self._rpc(self._http, "/jsonrpc", service="object", method="execute_kw", args=call)
        return self._rpc(
            self._web,
            f"/web/dataset/call_kw/{model}/{method}",
            model=model,
            method=method,
            args=args,
            kwargs={**kwargs, **extra},
        )

    def _json2(self, model: str, method: str, body: dict[str, Any]) -> Outcome:
        headers = {"x-odoo-database": self.database}
        if self.key:
            headers["authorization"] = f"bearer {self.key}"
        answer = self._http.post(f"/json/2/{model}/{method}", json=body, headers=headers)
        said = answer.json()
        if answer.is_success:
            return Outcome(said)
        return Outcome(error=said["name"], message=said["message"])

    @staticmethod
    def _rpc(client: httpx.Client, path: str, **params: Any) -> Outcome:
        answer = client.post(path, json={"jsonrpc": "2.0", "method": "call", "params": params}).json()
        if "error" in answer:
            data = answer["error"]["data"]
            return Outcome(error=data["name"], message=data["message"] or answer["error"]["message"])
        return Outcome(answer.get("result"))

    def make_key(self, password: str) -> None:
        """Make an API key as people do in their preferences, with the identity check that it asks for."""

        # A session of its own: that of the attempts has confirmed nothing.
        web = httpx.Client(base_url=self._web.base_url, timeout=120)
        self._rpc(web, "/web/session/authenticate", db=self.database, login=self.login, password=password)

        def ask(model: str, method: str, *args: Any, **kwargs: Any) -> Any:
            path = f"/web/dataset/call_kw/{model}/{method}"
            outcome = self._rpc(web, path, model=model, method=method, args=list(args), kwargs=kwargs)
            if outcome.refused:
                raise RuntimeError(f"{self.login} got no key: {outcome.message}")
            return outcome.result

        wizards = ask("res.users.apikeys.description", "create", [{"name": "attack", "duration": "1"}])
        check = ask("res.users.apikeys.description", "make_key", wizards)
        shown = ask(check["res_model"], "run_check", [check["res_id"]], context={"password": password})
        self.key = shown["context"]["default_key"]
        web.close()

    def close(self) -> None:
        self._http.close()
        self._web.close()
