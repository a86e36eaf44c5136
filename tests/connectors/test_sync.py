"""Syncing: what lands when, what a failure leaves, and what people are told meanwhile."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import pytest

from roastery.connectors.base import ContractSql, Cursor, Page, Partition, Record, Resource
from roastery.connectors.errors import AbortSync, ConnectorError, Reconnect, RetryLater, SkipResource, Throttled
from roastery.connectors.sync import SyncProgress, SyncReport, sync_connection
from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import BuildFailed
from tests.connectors.loopback import Landing, connection

NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)


class Ears:
    """Stands in for a source's HTTP client."""

    on_wait: Callable[[float, str], None] | None = None
    closed = False

    def close(self) -> None:
        self.closed = True


class Numbers:
    """A source of numbered records, three a page, which fails at one of them when told."""

    provider: ClassVar[str] = "numbers"
    title: ClassVar[str] = "Numbers"
    default_base_url: ClassVar[str] = ""
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("late", key=lambda r: str(r["n"]), depends_on=("first",)),
        Resource("first", key=lambda r: str(r["n"]), personal={"name": "name"}),
        Resource("other", key=lambda r: str(r["n"])),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = ()
    required_settings: ClassVar[tuple[str, ...]] = ()
    required_secrets: ClassVar[tuple[str, ...]] = ()
    optional_settings: ClassVar[Mapping[str, str]] = {}
    optional_secrets: ClassVar[Mapping[str, str]] = {}
    webhook: ClassVar[None] = None
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, fail_at: int = -1, error: Exception | None = None, of: str = "first", count: int = 9) -> None:
        self.http = Ears()
        self.fail_at, self.error, self.of, self.count = fail_at, error, of, count

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        start = int(cursor.state.get("next", 0))
        for first in range(start, self.count, 3):
            if self.error and resource.name == self.of and first == self.fail_at:
                raise self.error
            records: list[Record] = [{"n": n, "name": "Ada"} for n in range(first, first + 3)]
            yield Page(records, cursor.advance(next=first + 3), progress=(first + 3) / self.count)


def sync(source: Numbers, landing: Landing, told: list[SyncProgress] | None = None, **more: Any) -> SyncReport:
    progress = told.append if told is not None else None
    return sync_connection(source, connection("numbers"), landing, Clock(NOW), progress, **{"batch_rows": 1, **more})


def test_resources_are_read_after_those_they_need() -> None:
    landing = Landing()
    report = sync(Numbers(), landing)
    assert list(dict.fromkeys(batch.resource for batch in landing.batches)) == ["first", "other", "late"]
    assert report.outcome == "complete"
    assert report.landed == 27


def test_every_page_lands_with_its_own_cursor_and_personal_paths() -> None:
    landing = Landing()
    sync(Numbers(), landing, only=["first"])
    assert [(len(b.records), b.cursor) for b in landing.batches] == [
        (3, {"next": 3}),
        (3, {"next": 6}),
        (3, {"next": 9}),
        (0, {"next": 9}),
    ]
    assert all(batch.personal == {"name": "name"} for batch in landing.batches)


def test_data_is_as_of_the_start_of_the_sync_only_once_all_is_read() -> None:
    landing = Landing()
    sync(Numbers(), landing, only=["first"])
    assert [batch.progress.data_as_of for batch in landing.batches] == [None, None, None, NOW]


def test_small_pages_land_together_with_the_last_cursor() -> None:
    landing = Landing()
    report = sync(Numbers(), landing, only=["first"], batch_rows=5)
    assert [(len(b.records), b.cursor, b.progress.data_as_of) for b in landing.batches] == [
        (6, {"next": 6}, None),
        (3, {"next": 9}, NOW),
    ]
    assert report.resources[0].pages == 3


def test_a_slow_provider_s_pages_do_not_wait_for_each_other() -> None:
    ticks = iter(range(1000))
    landing = Landing()
    sync(Numbers(), landing, only=["first"], batch_rows=5, stopwatch=lambda: 6.0 * next(ticks))
    assert [len(b.records) for b in landing.batches] == [3, 3, 3, 0]


@pytest.mark.parametrize("at", [3, 6])
def test_pages_that_wait_are_landed_before_a_failure_ends_the_sync(at: int) -> None:
    landing = Landing()
    report = sync(Numbers(at, AbortSync("Numbers refused.")), landing, only=["first"], batch_rows=1000)
    assert (report.outcome, report.landed) == ("failed", at)
    assert landing.cursors["con_1", "first"] == {"next": at}


def test_nothing_new_still_says_that_we_looked() -> None:
    landing = Landing()
    sync(Numbers(), landing, only=["first"])
    landing.batches.clear()
    sync(Numbers(), landing, only=["first"])
    assert [(len(b.records), b.progress.data_as_of, b.cursor) for b in landing.batches] == [(0, NOW, {"next": 9})]


@pytest.mark.parametrize("at", [0, 3, 6])
def test_a_sync_that_broke_off_goes_on_where_it_stopped(at: int) -> None:
    landing = Landing()
    report = sync(Numbers(at, RetryLater("Numbers is away.")), landing)
    assert report.resources[0].landed == at
    sync(Numbers(), landing)
    assert sorted(landing.keys("first")) == [str(n) for n in range(9)]


OUTCOMES: list[tuple[ConnectorError, str, list[str]]] = [
    (RetryLater("Numbers is away."), "waiting", ["waiting", "complete", "not_run"]),
    (Throttled("Numbers limits.", wait_seconds=600), "waiting", ["waiting", "not_run", "not_run"]),
    (SkipResource("Numbers hides that."), "skipped", ["skipped", "complete", "not_run"]),
    (Reconnect("Connect Numbers again."), "needs_consent", ["needs_consent", "not_run", "not_run"]),
    (AbortSync("Numbers refused."), "failed", ["failed", "not_run", "not_run"]),
]


@pytest.mark.parametrize(("error", "outcome", "each"), OUTCOMES, ids=[type(o[0]).__name__ for o in OUTCOMES])
def test_a_failure_is_classed_by_what_comes_next(error: ConnectorError, outcome: str, each: list[str]) -> None:
    report = sync(Numbers(3, error), Landing())
    assert [resource.outcome for resource in report.resources] == each
    assert report.resources[0].message.startswith(error.message)
    assert report.resources[0].outcome == outcome
    assert report.outcome != "complete"


def test_the_report_s_sentence_is_the_worst_one() -> None:
    report = sync(Numbers(3, Reconnect("Connect Numbers again.")), Landing())
    assert (report.outcome, report.message) == ("needs_consent", "Connect Numbers again.")


def test_a_limit_says_until_when() -> None:
    report = sync(Numbers(3, Throttled("Numbers limits.", wait_seconds=600)), Landing())
    assert report.resume_at == NOW + timedelta(minutes=10)
    assert report.message == "Numbers limits. The sync goes on at 15:10 UTC."


def test_what_depends_on_a_failed_resource_is_not_read() -> None:
    report = sync(Numbers(0, SkipResource("Numbers hides that.")), Landing())
    assert report.resources[-1].message == "It needs first."


def test_a_failure_of_the_warehouse_is_no_provider_s_and_passes_through() -> None:
    class Broken(Landing):
        def land(self, batch: Any) -> Any:
            raise BuildFailed("The disk is full.")

    source = Numbers()
    with pytest.raises(BuildFailed):
        sync(source, Broken())
    assert source.http.closed


@pytest.mark.parametrize("error", [KeyError("id"), TypeError("None is no list"), ValueError("not a date: tomorrow")])
def test_an_answer_of_another_shape_is_a_sentence_and_no_empty_result(error: Exception) -> None:
    landing = Landing()
    report = sync(Numbers(3, error), landing)
    assert report.outcome == "failed"
    assert report.message.startswith("Numbers answered in a form that is not known, for first (")
    assert [resource.outcome for resource in report.resources] == ["failed", "complete", "not_run"]
    assert landing.keys("first") == ["0", "1", "2"]


def test_progress_tells_rows_rate_share_and_what_is_left() -> None:
    ticks = iter(range(1000))
    told: list[SyncProgress] = []
    sync(Numbers(), Landing(), told, stopwatch=lambda: 6.0 * next(ticks))
    assert [t.rows for t in told][-1] == 27
    shares = [t.percent for t in told]
    assert shares == sorted(shares)
    assert shares[-1] == 100.0
    assert told[-1].eta_seconds == 0.0
    middle = next(t for t in told if t.rows == 12)
    assert middle.rows_per_second > 0
    assert middle.eta_seconds is not None
    assert middle.eta_seconds > 0


def test_a_wait_is_told_with_its_end() -> None:
    class Waiting(Numbers):
        def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
            assert self.http.on_wait
            self.http.on_wait(90, "Numbers limits.")
            yield from super().pages(resource, cursor, until)

    told: list[SyncProgress] = []
    sync(Waiting(), Landing(), told, only=["first"])
    assert (told[0].message, told[0].waiting_until) == ("Numbers limits.", NOW + timedelta(seconds=90))


class TwoDays(Numbers):
    """Two days of two pages each; the last page of the second day may be missing."""

    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("days", key=lambda r: r["k"], partition=lambda r: ("account", r["day"])),
    )
    ends: ClassVar[bool] = True

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        for number in (1, 2):
            day = date(2026, 11, number)
            for part in ("a", "b"):
                whole = Partition("account", (day,)) if part == "b" else None
                if number == 2 and whole and not self.ends:
                    raise RetryLater("It ended.")
                yield Page([{"day": day, "k": part}], Cursor({"n": number}), whole, f"read-{number}")


def test_reads_of_different_days_land_together_each_with_its_own_name() -> None:
    landing = Landing()
    sync(TwoDays(), landing, batch_rows=1000)
    batch = landing.batches[0]
    assert [(r.key, r.read_id) for r in batch.records] == [
        ("a", "read-1"), ("b", "read-1"), ("a", "read-2"), ("b", "read-2"),
    ]  # fmt: skip
    assert [(read.read_id, len(read.days)) for read in batch.completed] == [("read-1", 1), ("read-2", 1)]
    assert len(landing.counting("days")) == 4


def test_a_read_that_broke_off_counts_nothing_though_it_landed_with_a_whole_one() -> None:
    class Broken(TwoDays):
        ends = False

    landing = Landing()
    sync(Broken(), landing, batch_rows=1000)
    assert len(landing.batches[0].records) == 3
    assert landing.counting("days") == ["2026-11-01:a", "2026-11-01:b"]


def test_rows_of_days_or_accounts_that_were_not_asked_for_are_counted_and_told() -> None:
    asked, other = date(2026, 11, 1), date(2026, 11, 2)

    class Generous(Numbers):
        resources: ClassVar[tuple[Resource, ...]] = (
            Resource("days", key=lambda r: r["k"], partition=lambda r: (r["account"], r["day"])),
        )

        def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
            whole = Partition("mine", (asked,))
            given = [("mine", asked), ("mine", other), ("theirs", asked), ("mine", other)]
            records = [{"account": account, "day": day, "k": str(n)} for n, (account, day) in enumerate(given)]
            yield Page(records[:2], Cursor({"n": 1}), None, "read", asked=whole)
            yield Page(records[2:], Cursor({"n": 2}), whole, "read", asked=whole)

    landing = Landing()
    report = sync(Generous(), landing)
    assert report.notices == (
        "Numbers gave 3 rows of days for days or accounts that were not asked for. They are kept and count nowhere.",
    )
    assert len(landing.keys("days")) == 4
    assert landing.counting("days") == ["2026-11-01:0"]


def test_a_page_s_partition_notice_deletions_and_completeness_reach_the_warehouse() -> None:
    class Report(Numbers):
        resources: ClassVar[tuple[Resource, ...]] = (
            Resource("days", key=lambda r: "k", partition=lambda r: ("account", r["day"])),
        )

        def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
            day = date(2026, 11, 1)
            whole = Partition("account", (day,))
            yield Page([{"day": day}], Cursor({"a": 1}), whole, "read-1", 1.0, day, day, ("gone",), "Only since today.")

    landing = Landing()
    report = sync(Report(), landing)
    batch = landing.batches[0]
    assert (batch.records[0].scope, batch.records[0].day) == ("account", date(2026, 11, 1))
    assert [(read.scope, read.read_id) for read in batch.completed] == [("account", "read-1")]
    assert (batch.records[1].key, batch.records[1].deleted) == ("gone", True)
    assert batch.progress.complete_through == batch.progress.history_since == date(2026, 11, 1)
    assert report.notices == ("Only since today.",)


class Restless(Numbers):
    """Keeps one state and changes it in place as it goes on, deep inside."""

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        state: dict[str, Any] = {"groups": [{"next": 0}]}
        for first in range(0, self.count, 3):
            state["groups"][0]["next"] = first + 3
            yield Page([{"n": n} for n in range(first, first + 3)], Cursor(state))


def test_a_cursor_is_the_one_of_its_page_whatever_the_source_does_meanwhile() -> None:
    landing = Landing()
    sync(Restless(), landing, only=["first"])
    places = [batch.cursor["groups"][0]["next"] for batch in landing.batches if batch.records and batch.cursor]
    assert places == [3, 6, 9]
