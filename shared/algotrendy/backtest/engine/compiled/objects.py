"""Give the objects that a strategy is handed a compiled form: two addresses behind each."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from algotrendy.backtest.engine.compiled.pointers import FLOAT, INT


class FrameType(types.Type):
    """Bars of one timeframe: the context's address and the frame's."""

    def __init__(self, name: str = "Frame") -> None:
        super().__init__(name)


class AssetType(FrameType):
    """An asset: the context's address and the asset's."""

    def __init__(self, name: str = "Asset") -> None:
        super().__init__(name)


class MarketType(AssetType):
    """The market: the context's address and the first asset's."""

    def __init__(self) -> None:
        super().__init__("Market")


class FillType(types.Type):
    """A fill: the context's address and the fill's."""

    def __init__(self) -> None:
        super().__init__("Fill")


class ColumnType(types.Type):
    """Floats or ints in a row: an address and a number."""

    def __init__(self, kind: Any, is_writable: bool) -> None:
        super().__init__(f"Column({kind}, {is_writable})")
        self.kind = kind
        self.is_writable = is_writable


class OwnType(types.Type):
    """What a strategy owns of one asset: the context's address and its own."""

    def __init__(self, scalars: tuple[str, ...], vectors: tuple[str, ...]) -> None:
        super().__init__(f"Own({scalars}, {vectors})")
        self.scalars = scalars
        self.vectors = vectors


FRAME_TYPE, ASSET_TYPE, MARKET_TYPE, FILL_TYPE = (
    FrameType(),
    AssetType(),
    MarketType(),
    FillType(),
)
FLOATS = ColumnType(FLOAT, is_writable=False)
INTS = ColumnType(INT, is_writable=False)
MEMORY = ColumnType(FLOAT, is_writable=True)


class _Pair(models.StructModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, [("first", INT), ("second", INT)])


for _kind in (FrameType, AssetType, MarketType, FillType, ColumnType, OwnType):
    register_model(_kind)(_Pair)


def _generate_pair(kind: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pair = cgutils.create_struct_proxy(kind)(context, builder)
        pair.first, pair.second = arguments
        return pair._getvalue()

    return generate


def maker(kind: Any) -> Any:
    """Make the compiled function that puts two whole numbers into an object of a type."""

    @intrinsic
    def make(typing: Any, first: Any, second: Any) -> Any:
        return kind(INT, INT), _generate_pair(kind)

    return make


def _part(name: str) -> Any:
    @intrinsic
    def part(typing: Any, pair: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            proxy = cgutils.create_struct_proxy(signature.args[0])
            return getattr(proxy(context, builder, value=arguments[0]), name)

        return INT(pair), generate

    return part


first_of, second_of = _part("first"), _part("second")
make_frame, make_asset, make_market, make_fill = map(
    maker, (FRAME_TYPE, ASSET_TYPE, MARKET_TYPE, FILL_TYPE)
)
make_floats, make_ints, make_memory = map(maker, (FLOATS, INTS, MEMORY))
