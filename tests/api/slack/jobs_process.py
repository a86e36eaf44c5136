"""Run as a process of its own: opens a home, ticks once, carries what that started to its end, unless it is killed."""

import json
import sys
from pathlib import Path

from dbos import DBOS

from roastery.api.app import Roastery
from roastery.api.jobs import Jobs
from tests.api.slack.service import settings_for


def main(home: str, slack_url: str, changes: str) -> None:
    with Roastery.open(settings_for(Path(home), slack_url, **json.loads(changes))) as roastery:
        jobs = Jobs(roastery).start(ticking=False)
        seen: set[str] = set()
        while new := {run.workflow_id for run in DBOS.list_workflows()} - seen:
            seen |= new
            for name in sorted(new):
                jobs.finish(name)
        jobs.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
