"""A real platform under attack: its API as a client sees it, and its exchange."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from chaos.checks import Json
from chaos.plan import Wish
from chaos.processes import Processes
from fixtures.platform import Platform

ACCOUNT = "paper"
_KEYS = {"APCA-API-KEY-ID": "PAPER", "APCA-API-SECRET-KEY": "paper-secret"}
# A call that a killed worker leaves hanging takes 40 s to fail.
_PATIENCE_S = 180.0
_CENT = Decimal("0.01")
# Of the price: near enough to be filled at once, or far enough to rest.
_NEAR = {"buy": Decimal("1.02"), "sell": Decimal("0.98")}
_FAR = {"buy": Decimal("0.7"), "sell": Decimal("1.3")}
_CHANGED = {"buy": Decimal("0.72"), "sell": Decimal("1.28")}
_SLICED_WITHIN = timedelta(seconds=10)
_MOST_PARENTS = 20


class World:
    """What a run of chaos does things to."""

    def __init__(self, platform: Platform, username: str) -> None:
        self._platform = platform
        self._username = username
        self._http = httpx.Client(timeout=40)
        self._api = platform.api_url
        self._exchange: str = platform.part("exchange")["url"]
        self._token, self._until = "", 0.0
        self.processes = Processes(platform)

    def open(self) -> None:
        """Wait until the account is known and has its money: the service opens its books."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            accounts = self.call("GET", "/v1/accounts").raise_for_status().json()["accounts"]
            if any(each["id"] == ACCOUNT and Decimal(each["cash"]) for each in accounts):
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"account {ACCOUNT} was not opened in {_PATIENCE_S:g} s")
            time.sleep(0.5)

    def close(self) -> None:
        """Close the connections, and end what was started beside the platform."""
        self.processes.pair(is_wanted=False)
        self._http.close()

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Ask the API, as a client does that wants an answer: again and again, under one name."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            with contextlib.suppress(httpx.TransportError, AssertionError):
                headers = {"Authorization": f"Bearer {self._access()}"}
                answer = self._http.request(method, self._api + path, headers=headers, **request)
                if answer.status_code == 401 or _is_stale(answer):
                    self._until = 0.0
                elif answer.status_code < 500 and answer.status_code != 429:
                    return answer
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path} had no answer in {_PATIENCE_S:g} s")
            time.sleep(0.1)

    def pages(self, path: str, of: str, **params: Any) -> Iterator[Json]:
        """Go through a listing of the API, page by page."""
        cursor: str | None = None
        while True:
            asked = {"account": ACCOUNT, **params, **({"cursor": cursor} if cursor else {})}
            page = self.call("GET", path, params=asked).raise_for_status().json()
            yield from page[of]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def orders(self, since: datetime | None) -> Iterator[Json]:
        """Read the platform's orders from a time on; all where there is none."""
        asked = {} if since is None else {"since": since.isoformat()}
        return self.pages("/v1/orders", "orders", limit=200, **asked)

    def parents(self) -> Sequence[Json]:
        """Read the youngest parent orders, more than one run has."""
        asked = {"account": ACCOUNT, "limit": _MOST_PARENTS}
        answer = self.call("GET", "/v1/parent-orders", params=asked)
        found: Sequence[Json] = answer.raise_for_status().json()["parents"]
        return found

    def children(self, parent_id: str) -> Sequence[Json]:
        """Read the slices of a parent order."""
        answer = self.call("GET", f"/v1/parent-orders/{parent_id}")
        found: Sequence[Json] = answer.raise_for_status().json()["children"]
        return found

    def is_filled(self, order_id: str) -> bool:
        """Say whether an order is over, and all of it is filled."""
        order = self.call("GET", f"/v1/orders/{order_id}").raise_for_status().json()
        return bool(order["is_settled"] and order["status"] == "filled")

    def body_of(self, wish: Wish) -> Json:
        """Write a wish as the body of an order, with prices of this moment."""
        price = self._price(wish.symbol)
        body: Json = {
            "account": ACCOUNT,
            "client_order_id": wish.name,
            "symbol": wish.symbol,
            "side": wish.side,
            "quantity": wish.quantity,
            "time_in_force": "gtc",
        }
        exits = {
            "take_profit": {"limit_price": _at(price, _FAR["sell"])},
            "stop_loss": {"stop_price": _at(price, _FAR["buy"])},
        }
        near = {"limit_price": _at(price, _NEAR[wish.side])}
        match wish.kind:
            case "limit":
                return body | near | {"type": "limit"}
            case "resting":
                return body | {"type": "limit", "limit_price": _at(price, _FAR[wish.side])}
            case "bracket":
                return body | exits | {"order_class": "bracket"}
            case "oco":
                return body | exits | {"type": "limit", "order_class": "oco"}
            case "twap" | "iceberg":
                ends_at = datetime.now(UTC) + _SLICED_WITHIN
                sliced = {"slices": 3} if wish.kind == "twap" else {"display": _third(wish)}
                return body | near | sliced | {"style": wish.kind, "ends_at": ends_at.isoformat()}
        return body

    def change_of(self, wish: Wish) -> Json:
        """Write the change of a resting order: another price, as far away."""
        price = _at(self._price(wish.symbol), _CHANGED[wish.side])
        return {"client_order_id": wish.changed_name, "limit_price": price}

    def set_faults(self, faults: dict[str, float]) -> None:
        """Make the exchange misbehave so, or behave; it may be just starting again."""
        self._patiently("DELETE", "/exchange/faults")
        if faults:
            self._patiently("PATCH", "/exchange/faults", json=faults)

    def positions(self) -> list[Json]:
        """Read what the platform holds, in the account and all its parts."""
        answer = self.call("GET", "/v1/positions", params={"account": ACCOUNT})
        found: list[Json] = answer.raise_for_status().json()["positions"]
        return found

    def cash(self) -> Decimal:
        """Read all the cash that the platform knows of, what is set aside included."""
        accounts = self.call("GET", "/v1/accounts").raise_for_status().json()["accounts"]
        whole = next(each for each in accounts if each["id"] == ACCOUNT)
        money = whole["whole"] or whole
        return Decimal(money["cash"]) + Decimal(money["held"])

    def flatten(self, *, until_done: bool) -> bool:
        """Pull the kill switch, wait until all is over, and let the account trade again.

        Args:
            until_done: Wait for the switch's own word, for which it watches the broker a while;
                otherwise it is taken back as soon as nothing is open or held here.
        """
        account = {"account": ACCOUNT}
        pulled = self.call(
            "POST", "/v1/kill-switch", params=account, json={"flatten": True, "reason": "chaos"}
        )
        switch_id = pulled.raise_for_status().json()["id"]
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            if self._is_done(switch_id) if until_done else self._is_flat():
                break
            time.sleep(0.25)
        over = account | {"reason": "chaos is over"}
        if not until_done:
            self.call("DELETE", f"/v1/kill-switch/{switch_id}", params=over).raise_for_status()
        state = {"state": "active", "reason": "chaos is over"}
        self.call("PUT", "/v1/trading-state", params=account, json=state).raise_for_status()
        return not self.positions()

    def _is_done(self, switch_id: str) -> bool:
        found = self.call("GET", "/v1/kill-switch", params={"account": ACCOUNT}).json()
        return any(
            each["id"] == switch_id and each["done_at"] is not None
            for each in found["kill_switches"]
        )

    def _is_flat(self) -> bool:
        asked = {"account": ACCOUNT, "open": "true", "limit": "1"}
        is_open = self.call("GET", "/v1/orders", params=asked).raise_for_status().json()["orders"]
        return not is_open and not self.positions()

    def verify(self) -> str:
        """Let the ledger be worked out again; give what it complains about, or nothing."""
        done = self._platform.run("ledger", "verify")
        return "" if done.returncode == 0 else f"{done.stdout}{done.stderr}".strip()

    def orders_at_broker(self, since: datetime | None) -> dict[str, list[Json]]:
        """Read the exchange's orders from a time on, exits too, by our names."""
        found: dict[str, list[Json]] = {}
        window = {} if since is None else {"after": since.isoformat()}
        while True:
            page = self._broker("/v2/orders", status="all", limit="500", direction="desc", **window)
            for order in page:
                known = found.setdefault(order["client_order_id"], [])
                if all(each["id"] != order["id"] for each in known):
                    known.append(order)
            if len(page) < 500:
                return found
            window["until"] = page[-1]["submitted_at"]

    def positions_at_broker(self) -> dict[str, Decimal]:
        """Read what the exchange says is held."""
        return {each["symbol"]: Decimal(each["qty"]) for each in self._broker("/v2/positions")}

    def cash_at_broker(self) -> Decimal:
        """Read the account's cash at the exchange."""
        return Decimal(self._broker("/v2/account")["cash"])

    def sweep(self) -> None:
        """Let the sweeper run now, instead of within a minute; see that all parts are up."""
        self.processes.revive()
        name = "algotrendy-local-trading-sweep-orders"
        with contextlib.suppress(Exception):
            self._platform.aws("lambda").invoke(FunctionName=name, Payload=b"{}")

    def _price(self, symbol: str) -> Decimal:
        is_crypto = "/" in symbol
        path = "/v1beta3/crypto/us/latest/quotes" if is_crypto else "/v2/stocks/quotes/latest"
        quote = self._broker(path, symbols=symbol)["quotes"][symbol]
        return Decimal(str(quote["ap"]))

    def _broker(self, path: str, **params: str) -> Any:
        return self._patiently("GET", path, params=params).json()

    def _patiently(self, method: str, path: str, **request: Any) -> httpx.Response:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = self._http.request(method, self._exchange + path, headers=_KEYS, **request)
                if answer.is_success:
                    return answer
            if time.monotonic() > deadline:
                raise TimeoutError(f"the exchange had no answer to {method} {path}")
            time.sleep(0.1)

    def _access(self) -> str:
        if time.monotonic() > self._until:
            self._token = self._platform.token(self._username)
            self._until = time.monotonic() + 1200
        return self._token


def _at(price: Decimal, part: Decimal) -> str:
    return str((price * part).quantize(_CENT))


def _third(wish: Wish) -> str:
    return str(max(int(wish.quantity) // 3, 1))


def _is_stale(answer: httpx.Response) -> bool:
    """Say whether what was asked needs somebody who has just signed in."""
    return answer.status_code == 403 and answer.json().get("code") == "fresh-sign-in-needed"
