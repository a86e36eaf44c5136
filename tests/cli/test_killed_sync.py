"""kill -9 during a sync loses nothing and doubles nothing: the next sync goes on, and every row is there once."""

import json
from decimal import Decimal
from pathlib import Path

import pyarrow.compute as pc
import pytest

from roastery.evals.twins import serve
from roastery.evals.world import World
from tests.cli.conftest import Shell

KILL_AT = ("meta_ads: campaigns:", "meta_ads: insights:", "building the tables")
"""What the sync says when it is killed, one run after the other: in mid-list, in mid-report, after all has landed."""


@pytest.mark.timeout(240)
def test_a_sync_killed_at_several_points_ends_with_every_row_once(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "home")
    world = World.make(customers=200)
    shell.run("org", "create", "Acme", "--clock", world.organization.clock or "", "--time-zone", "America/Chicago")
    with serve(world) as twins:
        twin = twins["meta_ads"]
        settings = [f"--setting={name}={value}" for name, value in twin.settings.items()]
        secrets = [f"--secret={name}={value}" for name, value in twin.secrets.items()]
        made = shell.run("connect", "meta_ads", "--base-url", twin.base_url, *settings, *secrets)
        assert made.returncode == 0, made.stderr
        for point in KILL_AT:
            assert killed_at(shell, point), f"the sync never said '{point}'"
        ended = shell.run("sync", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)[0]["outcome"] == "complete"
    sql = "SELECT count(*) AS n, count(DISTINCT (report_date, campaign_id, ad_id)) AS once, sum(spend) AS spend"
    found = json.loads(shell.run("sql", f"{sql} FROM ad_performance", "--json").stdout)["rows"][0]
    days = world.ad_days.filter(pc.field("platform") == "meta_ads")
    assert found["n"] == found["once"] == days.num_rows
    assert Decimal(found["spend"]) == pc.sum(days["spend"]).as_py()


def killed_at(shell: Shell, point: str) -> bool:
    """Start a sync and kill it as soon as it says something; False when it ended without saying it."""
    process = shell.start("sync")
    for line in process.stderr:
        if point in line:
            process.kill()
            process.communicate()
            return True
    process.communicate()
    return False
