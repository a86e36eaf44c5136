"""A file of 1 GB, by command and over loopback REST: each bad row told, the good ones in, memory under 1.5 GB."""

import http.client
import json
import os
import re
import signal
import subprocess
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import ROASTERY, Shell

SIZE = int(os.environ.get("LARGE_FILE_BYTES", 10**9))
MOST_MEMORY_MB = 1_500
HEAD = (
    "report_date,platform,account_id,campaign_id,ad_group_id,ad_id,campaign_name,ad_group_name,ad_name,currency,spend,"
    "impressions,clicks,reported_conversions,reported_conversion_value\n"
)
pytestmark = [pytest.mark.prove, pytest.mark.timeout(5400)]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, int]:
    """The file, its rows, and how many of them are bad: one negative and one wordy spend in 100,000."""
    path = tmp_path_factory.mktemp("large") / "ads.csv"
    rows = bad = size = day = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEAD)
        while size < SIZE:
            on, account = date(2024, 1, 1) + timedelta(days=day % 1000), day // 1000
            lines = []
            for ad in range(5_000):
                rows += 1
                spend = {50_000: "-3.00", 70_000: "twelve"}.get(rows % 100_000, f"{rows % 9000 / 100:.2f}")
                bad += spend in ("-3.00", "twelve")
                lines.append(
                    f"{on},meta_ads,act_{account},cmp_{ad // 50},grp_{ad // 10},ad_{ad},"
                    f"Prospecting campaign {ad // 50} of the fall,"
                    f"Lookalike group {ad // 10} of buyers,Creative {ad},USD,"
                    f"{spend},{rows % 5000},{rows % 200},{rows % 7},{rows % 311}.50\n"
                )
            text = "".join(lines)
            size += file.write(text)
            day += 1
    return path, rows, bad


def note(how: str, seconds: float, memory_mb: float, rows: int) -> None:
    print(f"\n1 GB by {how}: {rows:,} rows in {seconds:.0f} s, peak memory {memory_mb:.0f} MB")  # noqa: T201


def test_by_command(shell: Shell, large: tuple[Path, int, int]) -> None:
    path, rows, bad = large
    assert shell.run("org", "create", "Acme", "--currency", "USD").returncode == 0
    started = time.monotonic()
    process = subprocess.Popen(
        [ROASTERY, "import", "ad_performance", str(path), "--org", "Acme", "--json"],
        stdout=subprocess.PIPE,
        env=shell.environment,
    )
    assert process.stdout is not None
    said = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    memory = usage.ru_maxrss / 1024
    note("command", time.monotonic() - started, memory, rows)
    assert process.returncode == 0
    assert (said["accepted"], said["rejected"]) == (rows - bad, bad)
    assert said["errors"][0] == {"row": 50_000, "column": "spend", "message": "'-3.00' is below 0."}
    assert memory < MOST_MEMORY_MB


def test_over_rest(shell: Shell, large: tuple[Path, int, int]) -> None:
    path, rows, bad = large
    assert shell.run("org", "create", "Acme", "--currency", "USD").returncode == 0
    key = shell.run("key", "create", "--org", "Acme", "--role", "analyst").stdout.split()[1]
    server = subprocess.Popen(
        [str(ROASTERY), "serve", "--port", "0"], stderr=subprocess.PIPE, text=True, env=shell.environment
    )
    try:
        assert server.stderr is not None
        found = re.search(r"http://([\d.]+):(\d+)", server.stderr.readline())
        assert found
        started = time.monotonic()
        connection = http.client.HTTPConnection(found[1], int(found[2]), timeout=5000)
        with path.open("rb") as body:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/csv"}
            headers["Content-Length"] = str(path.stat().st_size)
            connection.request("POST", "/v1/imports/ad_performance", body, headers)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        status = Path(f"/proc/{server.pid}/status").read_text()
        memory = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]
        note("REST", time.monotonic() - started, memory, rows)
        assert answer.status == 200, said
        assert (said["accepted"], said["rejected"], len(said["errors"])) == (rows - bad, bad, min(bad, 1_000))
        assert memory < MOST_MEMORY_MB
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
