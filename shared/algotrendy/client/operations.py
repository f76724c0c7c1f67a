"""Ask the API, one method an operation.

Made by `make published` from docs/openapi.json: do not edit.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar
from uuid import UUID

from algotrendy.client.models import (
    About,
    AccessIn,
    AccessOut,
    AccountOut,
    AccountsOut,
    ActivitiesOut,
    ActivityOut,
    ApprovalIn,
    AuditEntriesOut,
    AuditEntryOut,
    AuditOut,
    AuditVerificationOut,
    AuditsOut,
    BacktestIn,
    BacktestOut,
    BacktestsOut,
    BarOut,
    BarsPage,
    BatchesOut,
    ClosedLotOut,
    ClosedLotsOut,
    CurveOut,
    EntryKind,
    FillOut,
    FillsOut,
    FlagChangeOut,
    FlagIn,
    FlagsOut,
    GapPolicy,
    GateOut,
    IssuedKeyOut,
    KeyIn,
    KeyOut,
    KeysOut,
    LimitsIn,
    LimitsOut,
    LimitsVersionsOut,
    LiveSwitchIn,
    MeOut,
    OrderIn,
    OrderOut,
    OrderStoryOut,
    OrdersOut,
    ParentIn,
    ParentOut,
    ParentStoryOut,
    ParentsOut,
    ParityOut,
    PartIn,
    PauseIn,
    PlatformStatus,
    PositionsOut,
    ProfitOut,
    PromotionIn,
    PromotionOut,
    QualityOut,
    QuotesOut,
    RecordOut,
    RecordsOut,
    RegistrationIn,
    ReplaceIn,
    RiskOut,
    RotationIn,
    RunOut,
    RunStateIn,
    RunsOut,
    SeriesOut,
    SeveralOut,
    Side,
    Stage,
    StartIn,
    StateIn,
    StateOut,
    StatesOut,
    StepOut,
    StepsOut,
    StrategiesOut,
    SweepOut,
    SweepSpec,
    SweepsOut,
    SwitchIn,
    SwitchOut,
    SwitchesOut,
    SymbolsOut,
    TransferIn,
    TransferOut,
    TriedOut,
    VersionOut,
    VersionsOut,
    WalkForwardSpec,
    WalkForwardWhole,
    WalkForwardsOut,
    WholeVersionOut,
)
from algotrendy.client.values import Number, Request, every, quoted

T = TypeVar("T")


class Operations(ABC):
    """Has a method for each operation of the API; what sends them stands below it."""

    @abstractmethod
    def call(
        self,
        method: str,
        path: str,
        answer: type[T] | Any,
        *,
        query: Mapping[str, object] | None = None,
        body: Request | None = None,
        keyed: bool = False,
        idempotency_key: str | None = None,
    ) -> T:
        """Send a request, again where that is safe, and read its answer."""
        ...

    @abstractmethod
    def fetch(self, path: str, media_type: str, query: Mapping[str, object]) -> bytes:
        """Read an answer in another form than JSON, as it came."""
        ...

    def identity_health(
        self,
    ) -> dict[str, str]:
        """Tell that the process is alive."""
        return self.call(
            "GET",
            "/identity/health",
            dict[str, str],
        )

    def identity_ready(
        self,
    ) -> Any:
        """Tell whether everything that the capability needs answers; 503 when something fails."""
        return self.call(
            "GET",
            "/identity/ready",
            Any,
        )

    def get_me(
        self,
    ) -> MeOut:
        """Tell who the caller is, for which tenant, in which roles, and what they may do.

        For whoever has signed in.
        """
        return self.call(
            "GET",
            "/v1/me",
            MeOut,
        )

    def list_api_keys(
        self,
        *,
        everybody: bool | None = None,
        ended: bool | None = None,
    ) -> KeysOut:
        """List your API keys, newest first; no secret is among it.

        Needs the permission `keys:own`.
        """
        return self.call(
            "GET",
            "/v1/api-keys",
            KeysOut,
            query={
                "everybody": everybody,
                "ended": ended,
            },
        )

    def create_api_key(
        self,
        body: KeyIn,
        *,
        idempotency_key: str | None = None,
    ) -> IssuedKeyOut:
        """Make an API key that acts as you, within the permissions and accounts that you name.

        Needs the permission `keys:own`. For a person who signed in minutes ago; no key and no
        machine may.
        """
        return self.call(
            "POST",
            "/v1/api-keys",
            IssuedKeyOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def rotate_api_key(
        self,
        key_id: str,
        body: RotationIn,
        *,
        idempotency_key: str | None = None,
    ) -> IssuedKeyOut:
        """Make a key in place of one of yours, which goes on counting until its overlap is over.

        Needs the permission `keys:own`. For a person who signed in minutes ago; no key and no
        machine may.
        """
        return self.call(
            "POST",
            f"/v1/api-keys/{quoted(key_id)}/rotate",
            IssuedKeyOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def revoke_api_key(
        self,
        key_id: str,
    ) -> KeyOut:
        """End a key at once: one of yours, or with keys:all anybody's of your tenant.

        Needs the permission `keys:own`. For a person who signed in minutes ago; no key and no
        machine may.
        """
        return self.call(
            "DELETE",
            f"/v1/api-keys/{quoted(key_id)}",
            KeyOut,
        )

    def list_flags(
        self,
    ) -> FlagsOut:
        """List flags and limits that change without a deploy, as they are deployed.

        Needs the permission `flags:read`.
        """
        return self.call(
            "GET",
            "/v1/flags",
            FlagsOut,
        )

    def set_flag(
        self,
        name: str,
        body: FlagIn,
    ) -> FlagChangeOut:
        """Set one flag for the whole deployment; only people of the tenant that runs it may.

        Needs the permission `flags:change`. For a person who signed in minutes ago; no key and
        no machine may.
        """
        return self.call(
            "PUT",
            f"/v1/flags/{quoted(name)}",
            FlagChangeOut,
            body=body,
        )

    def turn_live_switch(
        self,
        body: LiveSwitchIn,
    ) -> FlagChangeOut:
        """Let orders cost real money, or no longer: one of three switches that must all be on.

        The others are the setting of the stage and the one of the broker account.

        Needs the permission `live-switch:turn`. For a person who signed in minutes ago; no key
        and no machine may.
        """
        return self.call(
            "PUT",
            "/v1/live-switch",
            FlagChangeOut,
            body=body,
        )

    def list_audit_entries(
        self,
        *,
        action: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AuditEntriesOut:
        """List what people of the tenant did that is sensitive, newest first.

        What was done to an account that is closed to the caller is left out, so that a page may
        be shorter than its limit.

        Needs the permission `audit:read`.
        """
        return self.call(
            "GET",
            "/v1/audit/entries",
            AuditEntriesOut,
            query={
                "action": action,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_audit_entries(
        self,
        *,
        action: str | None = None,
        limit: int | None = None,
    ) -> Iterator[AuditEntryOut]:
        """Give what ``list_audit_entries`` gives, one by one, page after page."""

        def page(place: str | None) -> AuditEntriesOut:
            return self.list_audit_entries(
                action=action,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.entries, lambda it: it.next_cursor)

    def verify_audit(
        self,
    ) -> AuditVerificationOut:
        """Work every hash of the tenant's chain out again, and hold it to heads kept elsewhere.

        Needs the permission `audit:read`.
        """
        return self.call(
            "GET",
            "/v1/audit/verification",
            AuditVerificationOut,
        )

    def market_data_health(
        self,
    ) -> dict[str, str]:
        """Tell that the process is alive."""
        return self.call(
            "GET",
            "/market_data/health",
            dict[str, str],
        )

    def market_data_ready(
        self,
    ) -> Any:
        """Tell whether everything that the capability needs answers; 503 when something fails."""
        return self.call(
            "GET",
            "/market_data/ready",
            Any,
        )

    def get_bars_of_several(
        self,
        *,
        symbols: str,
        style: str | None = None,
        start: dt.date | None = None,
        end: dt.date | None = None,
        adjustment: Literal['raw', 'split', 'dividend', 'all'] | None = None,
        timeframe: str | None = None,
        as_of: str | None = None,
        named: dt.date | None = None,
        gaps: GapPolicy | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> SeveralOut:
        """Read bars of several symbols, symbol after symbol and oldest first, page by page.

        Every page of a query is read from the version of the data that the first page was read
        from, so that an import between two pages tears nothing. Of several symbols, one without
        a bar in the range has none.

        Needs the permission `bars:read`.
        """
        return self.call(
            "GET",
            "/v1/bars",
            SeveralOut,
            query={
                "symbols": symbols,
                "style": style,
                "start": start,
                "end": end,
                "adjustment": adjustment,
                "timeframe": timeframe,
                "as_of": as_of,
                "named": named,
                "gaps": gaps,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_bars_of_several(
        self,
        *,
        symbols: str,
        style: str | None = None,
        start: dt.date | None = None,
        end: dt.date | None = None,
        adjustment: Literal['raw', 'split', 'dividend', 'all'] | None = None,
        timeframe: str | None = None,
        as_of: str | None = None,
        named: dt.date | None = None,
        gaps: GapPolicy | str | None = None,
        limit: int | None = None,
    ) -> Iterator[SeriesOut]:
        """Give what ``get_bars_of_several`` gives, one by one, page after page."""

        def page(place: str | None) -> SeveralOut:
            return self.get_bars_of_several(
                symbols=symbols,
                style=style,
                start=start,
                end=end,
                adjustment=adjustment,
                timeframe=timeframe,
                as_of=as_of,
                named=named,
                gaps=gaps,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.series, lambda it: it.next_cursor)

    def get_bars_of_several_csv(
        self,
        *,
        symbols: str,
        style: str | None = None,
        start: dt.date | None = None,
        end: dt.date | None = None,
        adjustment: Literal['raw', 'split', 'dividend', 'all'] | None = None,
        timeframe: str | None = None,
        as_of: str | None = None,
        named: dt.date | None = None,
        gaps: GapPolicy | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> bytes:
        """Give what ``get_bars_of_several`` gives as text/csv, as it came."""
        return self.fetch(
            "/v1/bars",
            "text/csv",
            {
                "symbols": symbols,
                "style": style,
                "start": start,
                "end": end,
                "adjustment": adjustment,
                "timeframe": timeframe,
                "as_of": as_of,
                "named": named,
                "gaps": gaps,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def get_bars_of_several_arrow(
        self,
        *,
        symbols: str,
        style: str | None = None,
        start: dt.date | None = None,
        end: dt.date | None = None,
        adjustment: Literal['raw', 'split', 'dividend', 'all'] | None = None,
        timeframe: str | None = None,
        as_of: str | None = None,
        named: dt.date | None = None,
        gaps: GapPolicy | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> bytes:
        """Give what ``get_bars_of_several`` gives as application/vnd.apache.arrow.stream, as it
        came.
        """
        return self.fetch(
            "/v1/bars",
            "application/vnd.apache.arrow.stream",
            {
                "symbols": symbols,
                "style": style,
                "start": start,
                "end": end,
                "adjustment": adjustment,
                "timeframe": timeframe,
                "as_of": as_of,
                "named": named,
                "gaps": gaps,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def get_bars(
        self,
        symbol: str,
        *,
        start: dt.date | None = None,
        end: dt.date | None = None,
        adjustment: Literal['raw', 'split', 'dividend', 'all'] | None = None,
        timeframe: str | None = None,
        as_of: str | None = None,
        named: dt.date | None = None,
        gaps: GapPolicy | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> BarsPage:
        """Read bars, oldest first, page by page.

        Every page of a query is read from the version of the data that the first page was read
        from, so that an import between two pages tears nothing.

        Needs the permission `bars:read`.
        """
        return self.call(
            "GET",
            f"/v1/bars/{quoted(symbol)}",
            BarsPage,
            query={
                "start": start,
                "end": end,
                "adjustment": adjustment,
                "timeframe": timeframe,
                "as_of": as_of,
                "named": named,
                "gaps": gaps,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_bars(
        self,
        symbol: str,
        *,
        start: dt.date | None = None,
        end: dt.date | None = None,
        adjustment: Literal['raw', 'split', 'dividend', 'all'] | None = None,
        timeframe: str | None = None,
        as_of: str | None = None,
        named: dt.date | None = None,
        gaps: GapPolicy | str | None = None,
        limit: int | None = None,
    ) -> Iterator[BarOut]:
        """Give what ``get_bars`` gives, one by one, page after page."""

        def page(place: str | None) -> BarsPage:
            return self.get_bars(
                symbol,
                start=start,
                end=end,
                adjustment=adjustment,
                timeframe=timeframe,
                as_of=as_of,
                named=named,
                gaps=gaps,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.bars, lambda it: it.next_cursor)

    def get_bars_csv(
        self,
        symbol: str,
        *,
        start: dt.date | None = None,
        end: dt.date | None = None,
        adjustment: Literal['raw', 'split', 'dividend', 'all'] | None = None,
        timeframe: str | None = None,
        as_of: str | None = None,
        named: dt.date | None = None,
        gaps: GapPolicy | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> bytes:
        """Give what ``get_bars`` gives as text/csv, as it came."""
        return self.fetch(
            f"/v1/bars/{quoted(symbol)}",
            "text/csv",
            {
                "start": start,
                "end": end,
                "adjustment": adjustment,
                "timeframe": timeframe,
                "as_of": as_of,
                "named": named,
                "gaps": gaps,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def list_symbols(
        self,
        *,
        prefix: str | None = None,
        timeframe: str | None = None,
        on: dt.date | None = None,
        source: str | None = None,
        as_of: str | None = None,
    ) -> SymbolsOut:
        """List the symbols that are stored, with the range of their bars.

        Needs the permission `bars:read`.
        """
        return self.call(
            "GET",
            "/v1/symbols",
            SymbolsOut,
            query={
                "prefix": prefix,
                "timeframe": timeframe,
                "on": on,
                "source": source,
                "as_of": as_of,
            },
        )

    def get_quotes(
        self,
        *,
        symbols: str,
        stale_after_s: float | None = None,
    ) -> QuotesOut:
        """Give the newest trade and quote of each symbol, with their age.

        They are what the streaming service heard last. Where it tells nothing of a symbol, the
        trade is the newest one that is stored.

        Needs the permission `quotes:read`.
        """
        return self.call(
            "GET",
            "/v1/quotes",
            QuotesOut,
            query={
                "symbols": symbols,
                "stale_after_s": stale_after_s,
            },
        )

    def get_quality(
        self,
        *,
        symbols: str | None = None,
        timeframe: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        after: str | None = None,
    ) -> QualityOut:
        """Judge stored bars: gaps by the exchange's calendar, doubles, outliers, splits, volume.

        A report is made when it is asked for, from the newest bars.

        Needs the permission `bars:read`.
        """
        return self.call(
            "GET",
            "/v1/quality",
            QualityOut,
            query={
                "symbols": symbols,
                "timeframe": timeframe,
                "limit": limit,
                "cursor": cursor,
                "after": after,
            },
        )

    def backtest_health(
        self,
    ) -> dict[str, str]:
        """Tell that the process is alive."""
        return self.call(
            "GET",
            "/backtest/health",
            dict[str, str],
        )

    def backtest_ready(
        self,
    ) -> Any:
        """Tell whether everything that the capability needs answers; 503 when something fails."""
        return self.call(
            "GET",
            "/backtest/ready",
            Any,
        )

    def start_sweep(
        self,
        body: SweepSpec,
        *,
        idempotency_key: str | None = None,
    ) -> SweepOut:
        """Ask for a sweep; it runs on its own. ``GET`` its Location to see how far it is.

        Needs the permission `research:run`.
        """
        return self.call(
            "POST",
            "/v1/sweeps",
            SweepOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def list_sweeps(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        before: str | None = None,
    ) -> SweepsOut:
        """List the sweeps of the caller's tenant, newest first.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            "/v1/sweeps",
            SweepsOut,
            query={
                "limit": limit,
                "cursor": cursor,
                "before": before,
            },
        )

    def get_sweep(
        self,
        sweep_id: str,
    ) -> SweepOut:
        """Tell how far a sweep is, or what came of it, with links to its table and report.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            f"/v1/sweeps/{quoted(sweep_id)}",
            SweepOut,
        )

    def cancel_sweep(
        self,
        sweep_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> SweepOut:
        """Call a sweep off. Called off again it stays so; one that ended before is a conflict.

        Needs the permission `research:run`.
        """
        return self.call(
            "POST",
            f"/v1/sweeps/{quoted(sweep_id)}/cancel",
            SweepOut,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def start_backtest(
        self,
        body: BacktestIn,
        *,
        idempotency_key: str | None = None,
    ) -> BacktestOut:
        """Ask for one backtest; it runs on its own. ``GET`` its Location to see what came of it.

        Needs the permission `research:run`.
        """
        return self.call(
            "POST",
            "/v1/backtests",
            BacktestOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def list_backtests(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        before: str | None = None,
    ) -> BacktestsOut:
        """List the backtests of the caller's tenant, newest first.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            "/v1/backtests",
            BacktestsOut,
            query={
                "limit": limit,
                "cursor": cursor,
                "before": before,
            },
        )

    def get_backtest(
        self,
        backtest_id: str,
    ) -> BacktestOut:
        """Tell what came of a backtest, with links to its row and its report.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            f"/v1/backtests/{quoted(backtest_id)}",
            BacktestOut,
        )

    def start_walk_forward(
        self,
        body: WalkForwardSpec,
        *,
        idempotency_key: str | None = None,
    ) -> WalkForwardWhole:
        """Ask for a walk forward; it runs on its own. ``GET`` its Location to see how far it is.

        Needs the permission `research:run`.
        """
        return self.call(
            "POST",
            "/v1/walk-forwards",
            WalkForwardWhole,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def list_walk_forwards(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        before: str | None = None,
    ) -> WalkForwardsOut:
        """List the walk-forwards of the caller's tenant, newest first.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            "/v1/walk-forwards",
            WalkForwardsOut,
            query={
                "limit": limit,
                "cursor": cursor,
                "before": before,
            },
        )

    def get_walk_forward(
        self,
        walk_forward_id: str,
    ) -> WalkForwardWhole:
        """Tell how far a walk forward is, or what came of it, with links to outcome and report.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            f"/v1/walk-forwards/{quoted(walk_forward_id)}",
            WalkForwardWhole,
        )

    def get_walk_forward_curve(
        self,
        walk_forward_id: str,
    ) -> CurveOut:
        """Give the curve of a walk forward out of sample; of one that has none a conflict.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            f"/v1/walk-forwards/{quoted(walk_forward_id)}/curve",
            CurveOut,
        )

    def cancel_walk_forward(
        self,
        walk_forward_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> WalkForwardWhole:
        """Call a walk forward off. Again, it stays so; one that ended before is a conflict.

        Needs the permission `research:run`.
        """
        return self.call(
            "POST",
            f"/v1/walk-forwards/{quoted(walk_forward_id)}/cancel",
            WalkForwardWhole,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def list_strategies(
        self,
    ) -> StrategiesOut:
        """List the strategies of the library, with their parameters, rules and sources.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            "/v1/strategies",
            StrategiesOut,
        )

    def register_strategy(
        self,
        body: RegistrationIn,
        *,
        idempotency_key: str | None = None,
    ) -> VersionOut:
        """Register a strategy as a draft, under a name and the next number.

        The same content again is the same version, unless that was retired.

        Needs the permission `strategies:register`.
        """
        return self.call(
            "POST",
            "/v1/strategies",
            VersionOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def list_trials(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        before: str | None = None,
    ) -> BatchesOut:
        """List what the caller's tenant tried, newest first.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            "/v1/trials",
            BatchesOut,
            query={
                "limit": limit,
                "cursor": cursor,
                "before": before,
            },
        )

    def count_trials(
        self,
        *,
        symbol: Sequence[str],
        first: dt.date,
        last: dt.date,
    ) -> TriedOut:
        """Count the tenant's trials on any of these symbols, at dates that overlap these.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            "/v1/trials/tried",
            TriedOut,
            query={
                "symbol": symbol,
                "first": first,
                "last": last,
            },
        )

    def get_gate(
        self,
    ) -> GateOut:
        """Tell the checks of the gate, and their thresholds.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            "/v1/gate",
            GateOut,
        )

    def live_health(
        self,
    ) -> dict[str, str]:
        """Tell that the process is alive."""
        return self.call(
            "GET",
            "/live/health",
            dict[str, str],
        )

    def live_ready(
        self,
    ) -> Any:
        """Tell whether everything that the capability needs answers; 503 when something fails."""
        return self.call(
            "GET",
            "/live/ready",
            Any,
        )

    def list_registered_strategies(
        self,
        *,
        stage: Stage | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> VersionsOut:
        """List registered versions of all names, newest first; `GET /v1/strategies` is the
        library.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            "/v1/strategies/registered",
            VersionsOut,
            query={
                "stage": stage,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_registered_strategies(
        self,
        *,
        stage: Stage | str | None = None,
        limit: int | None = None,
    ) -> Iterator[VersionOut]:
        """Give what ``list_registered_strategies`` gives, one by one, page after page."""

        def page(place: str | None) -> VersionsOut:
            return self.list_registered_strategies(
                stage=stage,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.versions, lambda it: it.next_cursor)

    def list_strategy_versions(
        self,
        name: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> VersionsOut:
        """List the versions of a registered strategy, newest first.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            f"/v1/strategies/{quoted(name)}/versions",
            VersionsOut,
            query={
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_strategy_versions(
        self,
        name: str,
        *,
        limit: int | None = None,
    ) -> Iterator[VersionOut]:
        """Give what ``list_strategy_versions`` gives, one by one, page after page."""

        def page(place: str | None) -> VersionsOut:
            return self.list_strategy_versions(
                name,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.versions, lambda it: it.next_cursor)

    def get_strategy_version(
        self,
        name: str,
        version: str,
    ) -> WholeVersionOut:
        """Show a version whole: its code, its study, and how it came to its stage.

        Needs the permission `research:read`.
        """
        return self.call(
            "GET",
            f"/v1/strategies/{quoted(name)}/versions/{quoted(version)}",
            WholeVersionOut,
        )

    def promote_strategy(
        self,
        name: str,
        version: str,
        body: PromotionIn,
        *,
        idempotency_key: str | None = None,
    ) -> PromotionOut:
        """Bring a version to its next stage, or retire it.

        What is refused is answered 409 with a `ruling`: each number, its bar, and by how much
        it was missed. A researcher makes of a draft what is tested, by a study that the gate
        passes; a researcher or a trader lets it trade on paper; a risk manager who has just
        signed in lets it trade live, after enough sessions on paper without an unexplained
        difference, and with both live switches on.

        Needs the permission `strategies:promote`.
        """
        return self.call(
            "POST",
            f"/v1/strategies/{quoted(name)}/versions/{quoted(version)}/promotion",
            PromotionOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def get_run_parity(
        self,
        run_id: str,
    ) -> ParityOut:
        """Show whether a run did what its backtest does: the newest report, made each night.

        Every decision is made again from its recorded inputs, every order held against the
        ledger, and every difference has a cause and what it cost.

        Needs the permission `orders:read`.
        """
        return self.call(
            "GET",
            f"/v1/strategy-runs/{quoted(run_id)}/parity",
            ParityOut,
        )

    def start_strategy(
        self,
        body: StartIn,
        *,
        idempotency_key: str | None = None,
    ) -> RunOut:
        """Start a version of a registered strategy on a part of an account.

        Needs the permission `strategies:run`.
        """
        return self.call(
            "POST",
            "/v1/strategy-runs",
            RunOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def list_strategy_runs(
        self,
        *,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> RunsOut:
        """List runs of strategies, newest first.

        Needs the permission `orders:read`.
        """
        return self.call(
            "GET",
            "/v1/strategy-runs",
            RunsOut,
            query={
                "name": name,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_strategy_runs(
        self,
        *,
        name: str | None = None,
        limit: int | None = None,
    ) -> Iterator[RunOut]:
        """Give what ``list_strategy_runs`` gives, one by one, page after page."""

        def page(place: str | None) -> RunsOut:
            return self.list_strategy_runs(
                name=name,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.runs, lambda it: it.next_cursor)

    def get_strategy_run(
        self,
        run_id: str,
    ) -> RunOut:
        """Tell where a run stands.

        Needs the permission `orders:read`.
        """
        return self.call(
            "GET",
            f"/v1/strategy-runs/{quoted(run_id)}",
            RunOut,
        )

    def set_strategy_run_state(
        self,
        run_id: str,
        body: RunStateIn,
    ) -> RunOut:
        """Pause a run, let it go on, stop it, or stop it and sell its positions.

        What is stopped is over, for good.

        Needs the permission `strategies:run`.
        """
        return self.call(
            "PUT",
            f"/v1/strategy-runs/{quoted(run_id)}/state",
            RunOut,
            body=body,
        )

    def list_strategy_run_steps(
        self,
        run_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> StepsOut:
        """List the steps of a run, newest first: what was decided, and what became of it.

        Needs the permission `orders:read`.
        """
        return self.call(
            "GET",
            f"/v1/strategy-runs/{quoted(run_id)}/steps",
            StepsOut,
            query={
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_strategy_run_steps(
        self,
        run_id: str,
        *,
        limit: int | None = None,
    ) -> Iterator[StepOut]:
        """Give what ``list_strategy_run_steps`` gives, one by one, page after page."""

        def page(place: str | None) -> StepsOut:
            return self.list_strategy_run_steps(
                run_id,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.steps, lambda it: it.next_cursor)

    def get_strategy_run_profit(
        self,
        run_id: str,
    ) -> ProfitOut:
        """Tell what a run has earned, step by step.

        Needs the permission `orders:read`.
        """
        return self.call(
            "GET",
            f"/v1/strategy-runs/{quoted(run_id)}/profit-and-loss",
            ProfitOut,
        )

    def trading_health(
        self,
    ) -> dict[str, str]:
        """Tell that the process is alive."""
        return self.call(
            "GET",
            "/trading/health",
            dict[str, str],
        )

    def trading_ready(
        self,
    ) -> Any:
        """Tell whether everything that the capability needs answers; 503 when something fails."""
        return self.call(
            "GET",
            "/trading/ready",
            Any,
        )

    def place_order(
        self,
        body: OrderIn,
        *,
        idempotency_key: str | None = None,
    ) -> OrderOut:
        """Place an order: it is judged by every limit, its buying power held, and it is stored.

        Then it is sent; ``GET`` its Location to see how it fares. What is refused has
        ``breaches``: every limit that it would break, its value, and what the order comes to.
        The same ``client_order_id`` again (or the same Idempotency-Key, where the body has
        none) gives the same order.

        Needs the permission `orders:place`.
        """
        return self.call(
            "POST",
            "/v1/orders",
            OrderOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def list_orders(
        self,
        *,
        account: str,
        open: bool | None = None,
        status: Sequence[PlatformStatus | str] | None = None,
        side: Side | str | None = None,
        symbol: str | None = None,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> OrdersOut:
        """List orders, newest first, the exits of brackets too.

        Needs the permission `orders:read`.
        """
        return self.call(
            "GET",
            "/v1/orders",
            OrdersOut,
            query={
                "account": account,
                "open": open,
                "status": status,
                "side": side,
                "symbol": symbol,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_orders(
        self,
        *,
        account: str,
        open: bool | None = None,
        status: Sequence[PlatformStatus | str] | None = None,
        side: Side | str | None = None,
        symbol: str | None = None,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[OrderOut]:
        """Give what ``list_orders`` gives, one by one, page after page."""

        def page(place: str | None) -> OrdersOut:
            return self.list_orders(
                account=account,
                open=open,
                status=status,
                side=side,
                symbol=symbol,
                since=since,
                until=until,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.orders, lambda it: it.next_cursor)

    def get_order(
        self,
        order_id: str,
    ) -> OrderStoryOut:
        """Tell where an order stands, with everything that happened to it, and its exits.

        Needs the permission `orders:read`.
        """
        return self.call(
            "GET",
            f"/v1/orders/{quoted(order_id)}",
            OrderStoryOut,
        )

    def replace_order(
        self,
        order_id: str,
        body: ReplaceIn,
        *,
        idempotency_key: str | None = None,
    ) -> OrderOut:
        """Change a standing order: a new order, judged like any other, takes its place at the
        broker.

        The new one is answered; the old one stands until the broker has changed it. A new
        quantity counts what is filled already.

        Needs the permission `orders:place`.
        """
        return self.call(
            "PATCH",
            f"/v1/orders/{quoted(order_id)}",
            OrderOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def cancel_order(
        self,
        order_id: str,
        *,
        reason: str | None = None,
    ) -> OrderOut:
        """Ask for the end of an order; one that was not sent yet ends at once.

        What fills before the broker hears of it stays filled. Asked twice, it is the same.

        Needs the permission `orders:place`.
        """
        return self.call(
            "DELETE",
            f"/v1/orders/{quoted(order_id)}",
            OrderOut,
            query={
                "reason": reason,
            },
        )

    def decide_approval(
        self,
        order_id: str,
        body: ApprovalIn,
        *,
        idempotency_key: str | None = None,
    ) -> OrderOut:
        """Agree that an order be sent that waits for a person, or withdraw it.

        Needs the permission `orders:approve`.
        """
        return self.call(
            "POST",
            f"/v1/orders/{quoted(order_id)}/approval",
            OrderOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def place_parent_order(
        self,
        body: ParentIn,
        *,
        idempotency_key: str | None = None,
    ) -> ParentOut:
        """Place a parent order; each slice of it is judged by every limit when it is placed.

        Never more than its quantity is at the market and filled together.

        Needs the permission `orders:place`.
        """
        return self.call(
            "POST",
            "/v1/parent-orders",
            ParentOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def list_parent_orders(
        self,
        *,
        account: str,
        open: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> ParentsOut:
        """List parent orders of an account and its parts, newest first.

        Needs the permission `orders:read`.
        """
        return self.call(
            "GET",
            "/v1/parent-orders",
            ParentsOut,
            query={
                "account": account,
                "open": open,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_parent_orders(
        self,
        *,
        account: str,
        open: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[ParentOut]:
        """Give what ``list_parent_orders`` gives, one by one, page after page."""

        def page(place: str | None) -> ParentsOut:
            return self.list_parent_orders(
                account=account,
                open=open,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.parents, lambda it: it.next_cursor)

    def get_parent_order(
        self,
        parent_id: str,
    ) -> ParentStoryOut:
        """Tell how far a parent order is, with its slices.

        Needs the permission `orders:read`.
        """
        return self.call(
            "GET",
            f"/v1/parent-orders/{quoted(parent_id)}",
            ParentStoryOut,
        )

    def pause_parent_order(
        self,
        parent_id: str,
        body: PauseIn,
    ) -> ParentOut:
        """Pause a parent order, or let it go on; what its schedule has missed is caught up.

        Needs the permission `orders:place`.
        """
        return self.call(
            "PATCH",
            f"/v1/parent-orders/{quoted(parent_id)}",
            ParentOut,
            body=body,
        )

    def cancel_parent_order(
        self,
        parent_id: str,
        *,
        reason: str | None = None,
    ) -> ParentOut:
        """End a parent order: nothing more is placed, and the slice at the market is cancelled.

        Needs the permission `orders:place`.
        """
        return self.call(
            "DELETE",
            f"/v1/parent-orders/{quoted(parent_id)}",
            ParentOut,
            query={
                "reason": reason,
            },
        )

    def list_accounts(
        self,
    ) -> AccountsOut:
        """List the accounts of the caller's tenant and their parts, each with its money.

        Needs the permission `accounts:read`.
        """
        return self.call(
            "GET",
            "/v1/accounts",
            AccountsOut,
        )

    def add_account_part(
        self,
        body: PartIn,
        *,
        idempotency_key: str | None = None,
    ) -> AccountOut:
        """Give a strategy a part of an account; it nets with the others at the broker.

        The accounts themselves are settings of the deployment.

        Needs the permission `accounts:manage`.
        """
        return self.call(
            "POST",
            "/v1/accounts",
            AccountOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def transfer_cash(
        self,
        body: TransferIn,
        *,
        idempotency_key: str | None = None,
    ) -> TransferOut:
        """Move cash between an account and its parts: for neither a profit nor a loss.

        Needs the permission `transfers:make`.
        """
        return self.call(
            "POST",
            "/v1/transfers",
            TransferOut,
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def list_positions(
        self,
        *,
        account: str,
        symbol: str | None = None,
    ) -> PositionsOut:
        """Tell what an account with its parts holds, or one part: units, cost, value, tax lots.

        Needs the permission `accounts:read`.
        """
        return self.call(
            "GET",
            "/v1/positions",
            PositionsOut,
            query={
                "account": account,
                "symbol": symbol,
            },
        )

    def get_account_access(
        self,
        account: str,
    ) -> AccessOut:
        """Tell who gets at an account, and in which roles.

        Needs the permission `access:read`.
        """
        return self.call(
            "GET",
            f"/v1/accounts/{quoted(account)}/access",
            AccessOut,
        )

    def set_account_access(
        self,
        account: str,
        body: AccessIn,
    ) -> AccessOut:
        """Let only these get at an account, from now on. They do there what their own roles allow
        too.

        Everybody else of the tenant is answered as if there were no such account, but for
        admins. A conflict says that somebody else changed the list since you saw it.

        Needs the permission `access:change`. For a person who signed in minutes ago; no key and
        no machine may.
        """
        return self.call(
            "PUT",
            f"/v1/accounts/{quoted(account)}/access",
            AccessOut,
            body=body,
        )

    def reopen_account(
        self,
        account: str,
        *,
        version: int,
        reason: str,
    ) -> AccessOut:
        """Open an account to its whole tenant again.

        Needs the permission `access:change`. For a person who signed in minutes ago; no key and
        no machine may.
        """
        return self.call(
            "DELETE",
            f"/v1/accounts/{quoted(account)}/access",
            AccessOut,
            query={
                "version": version,
                "reason": reason,
            },
        )

    def list_fills(
        self,
        *,
        account: str,
        symbol: str | None = None,
        order: str | None = None,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> FillsOut:
        """List executions, newest first, busted ones too.

        Needs the permission `accounts:read`.
        """
        return self.call(
            "GET",
            "/v1/fills",
            FillsOut,
            query={
                "account": account,
                "symbol": symbol,
                "order": order,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_fills(
        self,
        *,
        account: str,
        symbol: str | None = None,
        order: str | None = None,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[FillOut]:
        """Give what ``list_fills`` gives, one by one, page after page."""

        def page(place: str | None) -> FillsOut:
            return self.list_fills(
                account=account,
                symbol=symbol,
                order=order,
                since=since,
                until=until,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.fills, lambda it: it.next_cursor)

    def list_activities(
        self,
        *,
        account: str,
        kind: Sequence[EntryKind | str] | None = None,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> ActivitiesOut:
        """List the double-entry journal, newest first: all that ever moved cash or units.

        Needs the permission `accounts:read`.
        """
        return self.call(
            "GET",
            "/v1/activities",
            ActivitiesOut,
            query={
                "account": account,
                "kind": kind,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_activities(
        self,
        *,
        account: str,
        kind: Sequence[EntryKind | str] | None = None,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[ActivityOut]:
        """Give what ``list_activities`` gives, one by one, page after page."""

        def page(place: str | None) -> ActivitiesOut:
            return self.list_activities(
                account=account,
                kind=kind,
                since=since,
                until=until,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.activities, lambda it: it.next_cursor)

    def list_closed_lots(
        self,
        *,
        account: str,
        since: dt.datetime | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> ClosedLotsOut:
        """List tax lots that were closed, newest first, each with its profit.

        Needs the permission `accounts:read`.
        """
        return self.call(
            "GET",
            "/v1/closed-lots",
            ClosedLotsOut,
            query={
                "account": account,
                "since": since,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_closed_lots(
        self,
        *,
        account: str,
        since: dt.datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[ClosedLotOut]:
        """Give what ``list_closed_lots`` gives, one by one, page after page."""

        def page(place: str | None) -> ClosedLotsOut:
            return self.list_closed_lots(
                account=account,
                since=since,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.lots, lambda it: it.next_cursor)

    def list_reconciliations(
        self,
        *,
        account: str,
        about: About | str | None = None,
        open: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> RecordsOut:
        """List what differed from what should be, and what was done about it, newest first.

        Needs the permission `accounts:read`.
        """
        return self.call(
            "GET",
            "/v1/reconciliations",
            RecordsOut,
            query={
                "account": account,
                "about": about,
                "open": open,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_reconciliations(
        self,
        *,
        account: str,
        about: About | str | None = None,
        open: bool | None = None,
        limit: int | None = None,
    ) -> Iterator[RecordOut]:
        """Give what ``list_reconciliations`` gives, one by one, page after page."""

        def page(place: str | None) -> RecordsOut:
            return self.list_reconciliations(
                account=account,
                about=about,
                open=open,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.reconciliations, lambda it: it.next_cursor)

    def list_audit(
        self,
        *,
        account: str,
        who: str | None = None,
        subject: str | None = None,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AuditsOut:
        """List who did what and why, newest first.

        Needs the permission `accounts:read`.
        """
        return self.call(
            "GET",
            "/v1/audit",
            AuditsOut,
            query={
                "account": account,
                "who": who,
                "subject": subject,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_audit(
        self,
        *,
        account: str,
        who: str | None = None,
        subject: str | None = None,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[AuditOut]:
        """Give what ``list_audit`` gives, one by one, page after page."""

        def page(place: str | None) -> AuditsOut:
            return self.list_audit(
                account=account,
                who=who,
                subject=subject,
                since=since,
                until=until,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.records, lambda it: it.next_cursor)

    def get_limits(
        self,
        *,
        account: str,
    ) -> LimitsOut:
        """Tell the limits of an account as they are now.

        Needs the permission `risk:read`.
        """
        return self.call(
            "GET",
            "/v1/limits",
            LimitsOut,
            query={
                "account": account,
            },
        )

    def set_limits(
        self,
        body: LimitsIn,
        *,
        account: str,
    ) -> LimitsOut:
        """Make the next version of an account's limits; those before are kept.

        A conflict says that somebody else made a version since the one that you have seen.

        Needs the permission `limits:change`. For a person who signed in minutes ago; no key and
        no machine may.
        """
        return self.call(
            "PUT",
            "/v1/limits",
            LimitsOut,
            query={
                "account": account,
            },
            body=body,
        )

    def list_limits_versions(
        self,
        *,
        account: str,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> LimitsVersionsOut:
        """List the versions of an account's limits, newest first: who made which, and why.

        Needs the permission `risk:read`.
        """
        return self.call(
            "GET",
            "/v1/limits/versions",
            LimitsVersionsOut,
            query={
                "account": account,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_limits_versions(
        self,
        *,
        account: str,
        limit: int | None = None,
    ) -> Iterator[LimitsOut]:
        """Give what ``list_limits_versions`` gives, one by one, page after page."""

        def page(place: str | None) -> LimitsVersionsOut:
            return self.list_limits_versions(
                account=account,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.versions, lambda it: it.next_cursor)

    def get_trading_state(
        self,
        *,
        account: str,
    ) -> StatesOut:
        """Tell what an account may do now, and what single strategies of it may.

        Needs the permission `risk:read`.
        """
        return self.call(
            "GET",
            "/v1/trading-state",
            StatesOut,
            query={
                "account": account,
            },
        )

    def set_trading_state(
        self,
        body: StateIn,
        *,
        account: str,
    ) -> StateOut:
        """Let an account, or one strategy of it, trade, only reduce, or halt.

        Halting cancels nothing: that is what the kill switch does.

        Needs the permission `trading-state:change`. For a person who signed in minutes ago; no
        key and no machine may.
        """
        return self.call(
            "PUT",
            "/v1/trading-state",
            StateOut,
            query={
                "account": account,
            },
            body=body,
        )

    def pull_kill_switch(
        self,
        body: SwitchIn,
        *,
        account: str,
        idempotency_key: str | None = None,
    ) -> SwitchOut:
        """Stop everything on an account: it is halted at once, and every order of it is cancelled.

        With ``flatten`` its positions are closed at the market too. ``done_at`` says when it is
        over; the account stays halted until somebody sets its trading state.

        Needs the permission `kill-switch:pull`. For a person who signed in minutes ago; no key
        and no machine may.
        """
        return self.call(
            "POST",
            "/v1/kill-switch",
            SwitchOut,
            query={
                "account": account,
            },
            body=body,
            keyed=True,
            idempotency_key=idempotency_key,
        )

    def list_kill_switches(
        self,
        *,
        account: str,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> SwitchesOut:
        """List the kill switches of an account, newest first, scheduled ones too.

        Needs the permission `risk:read`.
        """
        return self.call(
            "GET",
            "/v1/kill-switch",
            SwitchesOut,
            query={
                "account": account,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def iterate_kill_switches(
        self,
        *,
        account: str,
        limit: int | None = None,
    ) -> Iterator[SwitchOut]:
        """Give what ``list_kill_switches`` gives, one by one, page after page."""

        def page(place: str | None) -> SwitchesOut:
            return self.list_kill_switches(
                account=account,
                limit=limit,
                cursor=place,
            )

        return every(page, lambda it: it.kill_switches, lambda it: it.next_cursor)

    def release_kill_switch(
        self,
        switch_id: str,
        *,
        account: str,
        reason: str,
    ) -> SwitchOut:
        """Take a scheduled kill switch back, or end what a pulled one still does.

        An account that was halted stays so until somebody sets its trading state.

        Needs the permission `kill-switch:pull`. For a person who signed in minutes ago; no key
        and no machine may.
        """
        return self.call(
            "DELETE",
            f"/v1/kill-switch/{quoted(switch_id)}",
            SwitchOut,
            query={
                "account": account,
                "reason": reason,
            },
        )

    def get_risk(
        self,
        *,
        account: str,
    ) -> RiskOut:
        """Tell exposure, profit and loss, broken limits, VaR and ES, and named stress scenarios.

        Numbers of money are exact; VaR, ES and stress are estimates, and plain numbers.

        Needs the permission `risk:read`.
        """
        return self.call(
            "GET",
            "/v1/risk",
            RiskOut,
            query={
                "account": account,
            },
        )
