"""Reading an ad platform's history: rows landed a second, memory, and the ratio to only fetching and parsing it.

The twin runs in a process of its own and answers from memory, each measured reader in another. First everything is read
once, which fills that memory and notes the requests; then a bare loop asks the same and parses; then the sync lands it.
`python -m roastery.evals.bench.sync MODE FILE` is such a reader.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx2
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.bench.measure import Measure

ROWS = 1_000_000
PROVIDERS = ("meta_ads", "google_ads", "tiktok_ads", "linkedin_ads")
SETTINGS: dict[str, dict[str, Any]] = {
    "meta_ads": {"history_months": 28, "page_limit": 1000, "slice_days": 14},
    "google_ads": {"history_months": 28, "slice_days": 14},
    "tiktok_ads": {"history_months": 28, "slice_days": 14},
    "linkedin_ads": {"history_months": 28, "slice_days": 7},
}
REPORTS = {"meta_ads": "insights", "google_ads": "performance", "tiktok_ads": "figures", "linkedin_ads": "figures"}
AIM_ROWS_A_SECOND = 30_000
AIM_MEGABYTES = 400.0
AIM_RATIO = 1.5
KEY = b"a key of this benchmark, 32 long"


def run(rows: int = ROWS, providers: tuple[str, ...] = PROVIDERS) -> list[Measure]:
    """Each ad source over its twin with about so many ad rows of history."""
    with tempfile.TemporaryDirectory() as folder:
        return [measure for provider in providers for measure in _one(Path(folder) / provider, provider, rows)]


def _one(home: Path, provider: str, rows: int) -> list[Measure]:
    from roastery.evals.twins.apart import serve_apart
    from roastery.evals.world import World

    enlarged(World.make(customers=200), provider, rows).save(home / "world")
    with serve_apart(home / "world", with_tape=True, only=(provider,)) as twins:
        given = {**asdict(twins[0]), "home": str(home), "clock": World.load(home / "world").now.isoformat()}
        (home / "given.json").write_text(json.dumps(given), encoding="utf-8")
        _read("warm", home)
        bare, landed = _read("bare", home), _read("land", home)
    what = f"{landed['rows']:,} rows of {provider}"
    each = 1e6 / landed["rows"]
    return [
        Measure("sync", f"time a million rows, {what}", landed["seconds"] * each, "s", bare["seconds"] * each,
                "fetched and parsed only", aim=AIM_RATIO, aim_on="ratio"),
        Measure("sync", f"time a row, {what}", landed["seconds"] * each, "µs", aim=1e6 / AIM_ROWS_A_SECOND),
        Measure("sync", f"CPU a row, {what}", landed["cpu"] * each, "µs", bare["cpu"] * each,
                "fetched and parsed only"),
        Measure("sync", f"peak memory, {what}", landed["megabytes"], "MB", bare["megabytes"],
                "fetched and parsed only", aim=AIM_MEGABYTES),
    ]  # fmt: skip


def enlarged(world: Any, provider: str, rows: int) -> Any:
    """The company with so many ads on its platform that its days are about so many rows.

    A platform that it does not use is served with Meta's figures under its name.
    """
    told_as = provider if provider in ("meta_ads", "google_ads") else "meta_ads"
    days = world.ad_days.filter(pc.equal(world.ad_days["platform"], told_as))
    ads = days.filter(pc.not_equal(days["ad_id"], ""))
    parts = [days]
    for copy in range(1, max(1, round(rows / ads.num_rows))):
        part = ads
        for name in ("ad_group_id", "ad_id"):
            place = part.schema.get_field_index(name)
            part = part.set_column(place, name, pc.binary_join_element_wise(part[name], f"{copy:03}", ""))
        parts.append(part)
    whole = pa.concat_tables(parts).sort_by([("report_date", "ascending"), ("campaign_id", "ascending")])
    return replace(world, ad_days=whole)


def _read(mode: str, home: Path) -> dict[str, Any]:
    """What a reader in a process of its own says of itself."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, mode, str(home / "given.json")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"Reading ({mode}) failed: {done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


# In the reader's process.


def main(mode: str, file: str) -> None:
    given = json.loads(Path(file).read_text(encoding="utf-8"))
    told = {"warm": warm, "bare": bare, "land": land}[mode](given)
    sys.stdout.write(json.dumps({**told, "megabytes": peak_megabytes()}))


def peak_megabytes() -> float:
    """The most memory that this process has held.

    From the kernel where it tells: what getrusage says begins with the peak of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        told = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        return int(told.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def warm(given: dict[str, Any]) -> dict[str, Any]:
    """Read everything without keeping it, noting each request."""
    from roastery.connectors.http import HttpClient
    from roastery.warehouse.raw import LandReport, RawBatch

    asked: list[dict[str, Any]] = []
    whole = HttpClient._open

    def noting(client: HttpClient, method: str, path: str, **parts: Any) -> Any:
        answer = whole(client, method, path, **parts)
        request = answer.request
        told = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
        asked.append(
            {"method": method, "url": str(request.url), "headers": told, "content": request.content.decode() or None}
        )
        return answer

    HttpClient._open = noting  # type: ignore[method-assign]

    class Nowhere:
        def land(self, batch: RawBatch) -> LandReport:
            return LandReport("", len(batch.records))

        def cursor(self, connection_id: str, resource: str) -> None:
            return None

    told = _sync(given, Nowhere())
    (Path(given["home"]) / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    return told


def bare(given: dict[str, Any]) -> dict[str, Any]:
    """The same requests, their answers parsed and forgotten."""
    asked = json.loads((Path(given["home"]) / "asked.json").read_text(encoding="utf-8"))
    with httpx2.Client(timeout=600, trust_env=False) as client:
        begun, used = time.perf_counter(), time.process_time()
        for request in asked:
            json.loads(client.request(**request).content)
        return {"rows": 0, "seconds": time.perf_counter() - begun, "cpu": time.process_time() - used}


def land(given: dict[str, Any]) -> dict[str, Any]:
    """A first sync into an empty warehouse."""
    from roastery.connectors.registry import fills
    from roastery.warehouse.clock import Clock
    from roastery.warehouse.engine import Warehouses
    from roastery.warehouse.organization import Organization

    warehouses = Warehouses(Path(given["home"]) / "house", KEY, fills(), Clock.from_iso(given["clock"]))
    try:
        return _sync(given, warehouses.open(Organization("bench", "Bench", "USD", "America/Chicago")))
    finally:
        warehouses.close()


def _sync(given: dict[str, Any], landing: Any) -> dict[str, Any]:
    from contextlib import nullcontext

    from roastery.connectors.base import Connection
    from roastery.connectors.http import Politeness
    from roastery.connectors.registry import open_source
    from roastery.connectors.sync import sync_connection
    from roastery.warehouse.clock import Clock

    class Kept:
        def __init__(self) -> None:
            self.held = dict(given["secrets"])

        def secrets(self, connection_id: str) -> dict[str, str]:
            return self.held

        def rotate(self, connection_id: str, secrets: Any) -> None:
            self.held.update(secrets)

        def lock(self, connection_id: str) -> Any:
            return nullcontext()

    provider, clock = given["provider"], Clock.from_iso(given["clock"])
    settings = {**given["settings"], **SETTINGS[provider]}
    made = Connection("con_bench", "bench", provider, settings, given["base_url"])
    # A twin takes its time over the first answer of a large company.
    source = open_source(made, Kept(), clock, politeness=Politeness(timeout=httpx2.Timeout(600)))
    # Our own pauses for the provider's limits are not what is measured; of the twin nobody else asks.
    getattr(source, "http").buckets = ()  # noqa: B009
    begun, used = time.perf_counter(), time.process_time()
    report = sync_connection(source, made, landing, clock, only=_needed(source, provider))
    if report.outcome != "complete":
        raise RuntimeError(report.message)
    return {
        "rows": report.landed,
        "seconds": time.perf_counter() - begun,
        "cpu": time.process_time() - used,
    }


def _needed(source: Any, provider: str) -> list[str]:
    """The report, and what it waits for."""
    wanted = next(r for r in source.resources if r.name == REPORTS[provider])
    return [wanted.name, *wanted.depends_on]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
