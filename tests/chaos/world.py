"""A real platform under attack: its API as a client sees it, its processes, its exchange."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import psutil

from chaos.plan import Target, Wish
from fixtures.platform import Platform

ACCOUNT = "paper"
_KEYS = {"APCA-API-KEY-ID": "PAPER", "APCA-API-SECRET-KEY": "paper-secret"}
_PATIENCE_S = 60.0


class World:
    """What a run of chaos does things to."""

    def __init__(self, platform: Platform, username: str) -> None:
        self._platform = platform
        self._username = username
        self._http = httpx.Client(timeout=40)
        self._api = platform.api_url
        self._exchange: str = platform.part("exchange")["url"]
        self._emulator = int(platform.part("emulator")["pid"])
        self._token, self._until = "", 0.0

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
        """Close the connections."""
        self._http.close()

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Ask the API, as a client does that wants an answer: again and again, under one name."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            headers = {"Authorization": f"Bearer {self._access()}"}
            with contextlib.suppress(httpx.TransportError):
                answer = self._http.request(method, self._api + path, headers=headers, **request)
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path} had no answer in {_PATIENCE_S:g} s")
            time.sleep(0.1)

    def pages(self, path: str, of: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Go through a listing of the API, page by page."""
        cursor: str | None = None
        while True:
            asked = {"account": ACCOUNT, **params, **({"cursor": cursor} if cursor else {})}
            page = self.call("GET", path, params=asked).raise_for_status().json()
            yield from page[of]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def body_of(self, wish: Wish) -> dict[str, Any]:
        """Write a wish as the body of an order, with prices of this moment."""
        price = self._price(wish.symbol)
        body: dict[str, Any] = {
            "account": ACCOUNT,
            "client_order_id": wish.name,
            "symbol": wish.symbol,
            "side": wish.side,
            "quantity": wish.quantity,
            "time_in_force": "gtc",
        }
        cents = Decimal("0.01")
        if wish.kind in ("limit", "resting"):
            part = Decimal("1.02") if wish.kind == "limit" else Decimal("0.7")
            body |= {"type": "limit", "limit_price": str((price * part).quantize(cents))}
        elif wish.kind == "bracket":
            body |= {
                "order_class": "bracket",
                "take_profit": {"limit_price": str((price * Decimal("1.3")).quantize(cents))},
                "stop_loss": {"stop_price": str((price * Decimal("0.7")).quantize(cents))},
            }
        return body

    def set_faults(self, faults: dict[str, float]) -> None:
        """Make the exchange misbehave so, or behave; it may be just starting again."""
        self._patiently("DELETE", "/exchange/faults")
        if faults:
            self._patiently("PATCH", "/exchange/faults", json=faults)

    def positions(self) -> list[dict[str, Any]]:
        """Read what the platform holds, in the account and all its parts."""
        answer = self.call("GET", "/v1/positions", params={"account": ACCOUNT})
        found: list[dict[str, Any]] = answer.raise_for_status().json()["positions"]
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

    def orders_at_broker(self) -> dict[str, list[dict[str, Any]]]:
        """Read every order that the exchange has of the account, exits too, by our names."""
        found: dict[str, list[dict[str, Any]]] = {}
        until: dict[str, str] = {}
        while True:
            page = self._broker("/v2/orders", status="all", limit="500", direction="desc", **until)
            for order in page:
                known = found.setdefault(order["client_order_id"], [])
                if all(each["id"] != order["id"] for each in known):
                    known.append(order)
            if len(page) < 500:
                return found
            until = {"until": page[-1]["submitted_at"]}

    def positions_at_broker(self) -> dict[str, Decimal]:
        """Read what the exchange says is held."""
        return {each["symbol"]: Decimal(each["qty"]) for each in self._broker("/v2/positions")}

    def cash_at_broker(self) -> Decimal:
        """Read the account's cash at the exchange."""
        return Decimal(self._broker("/v2/account")["cash"])

    def kill(self, target: Target) -> int:
        """Kill a process as the kernel does, and say how many were there to be killed."""
        killed = 0
        for process in self._processes(target):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                killed += 1
        return killed

    def sweep(self) -> None:
        """Let the sweeper run now, instead of within a minute."""
        name = "algotrendy-local-trading-sweep-orders"
        with contextlib.suppress(Exception):
            self._platform.aws("lambda").invoke(FunctionName=name, Payload=b"{}")

    def _processes(self, target: Target) -> Iterator[psutil.Process]:
        if target in (Target.EXECUTION, Target.EXCHANGE):
            pid = self._platform.part(target.value)["pid"]
            if pid is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    yield psutil.Process(pid)
            return
        for process in psutil.Process(self._emulator).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "")
                is_api = "trading-api" in name
                if is_api == (target is Target.API) and "trading-" in name:
                    yield process

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
