# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, F403, F405
"""Trade for AlgoTrendy: a LEAN algorithm that does what live commands ask of it.

It runs at QuantConnect and is pushed there as main.py; nothing here imports it. Each command is one
JSON text under ``algotrendy``. What is refused is logged as one line, ``algotrendy {json}``.
"""

import json

from AlgorithmImports import *


class AlgoTrendyBridge(QCAlgorithm):
    """Places, replaces and cancels orders; an order's tag is the client order id."""

    def initialize(self):
        """Seed prices, so that a symbol's first order has one, and recall the used ids."""
        seeder = FuncSecuritySeeder(self.get_last_known_prices)
        self.set_security_initializer(
            BrokerageModelSecurityInitializer(self.brokerage_model, seeder)
        )
        self.set_benchmark(lambda _: 1)
        self._acts = {"submit": self._submit, "replace": self._replace, "cancel": self._cancel}
        self._key = f"{self.project_id}/algotrendy-client-order-ids"
        self._used = set()
        if self.object_store.contains_key(self._key):
            self._used.update(json.loads(self.object_store.read(self._key)))

    def on_command(self, data):
        """Do one command; say whether it was done."""
        command = {}
        try:
            command = json.loads(str(data.algotrendy))
            refusal = self._acts[command["action"]](command)
        except Exception as error:  # noqa: BLE001
            # Else LEAN would end the algorithm, with its positions, over one bad command.
            refusal = ("failed", f"{type(error).__name__}: {error}")
        if refusal is None:
            return True
        code, reason = refusal
        line = {"command": command.get("command"), "code": code, "reason": reason}
        self.log("algotrendy " + json.dumps(line))
        return False

    def _submit(self, command):
        name = command["client_order_id"]
        if name in self._used:
            return "reused", f"client_order_id {name} was used before"
        # Before the order and not after it: a crash between the two loses an order, never doubles.
        self._remember(name)
        symbol = self.add_equity(command["symbol"], Resolution.SECOND).symbol
        if not self.securities[symbol].price:
            return "no_price", f"{command['symbol']} is unknown, or has no price yet"
        ticket = self._place(command, symbol, name)
        if ticket.status == OrderStatus.INVALID:
            return "invalid", ticket.submit_request.response.error_message
        return None

    def _place(self, command, symbol, name):
        properties = OrderProperties()
        day = command["time_in_force"] == "day"
        properties.time_in_force = TimeInForce.DAY if day else TimeInForce.GOOD_TIL_CANCELED
        terms = {"tag": name, "order_properties": properties}
        # LEAN's own methods take floats; it makes decimals of them itself.
        quantity = float(command["quantity"])
        kind = command["type"]
        if kind == "market":
            return self.market_order(symbol, quantity, asynchronous=True, **terms)
        if kind == "limit":
            return self.limit_order(symbol, quantity, float(command["limit_price"]), **terms)
        stop = float(command["stop_price"])
        if kind == "stop":
            return self.stop_market_order(symbol, quantity, stop, **terms)
        limit = float(command["limit_price"])
        return self.stop_limit_order(symbol, quantity, stop, limit, **terms)

    def _replace(self, command):
        ticket = self._ticket(command["order"])
        if ticket is None:
            return "no_order", f"there is no order {command['order']}"
        fields = UpdateOrderFields()
        for name in ("quantity", "limit_price", "stop_price"):
            if command[name] is not None:
                setattr(fields, name, float(command[name]))
        renamed = command["client_order_id"]
        if renamed is not None:
            if renamed in self._used:
                return "reused", f"client_order_id {renamed} was used before"
            self._remember(renamed)
            fields.tag = f"{renamed};was={command['order']}"
        return self._refused(ticket.update(fields))

    def _cancel(self, command):
        ticket = self._ticket(command["order"])
        if ticket is None:
            return "no_order", f"there is no order {command['order']}"
        return self._refused(ticket.cancel())

    def _ticket(self, name):
        for ticket in self.transactions.get_order_tickets():
            # A renamed order keeps its first name behind the new one.
            if ticket.tag.split(";was=")[-1] == name:
                return ticket
        return None

    def _refused(self, response):
        return ("invalid", response.error_message) if response.is_error else None

    def _remember(self, name):
        self._used.add(name)
        self.object_store.save(self._key, json.dumps(sorted(self._used)))
