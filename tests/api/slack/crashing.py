"""Run as a process that is to be killed: takes one Slack event, then answers it with the jobs, or dies before."""

import json
import os
import signal
import sys
from pathlib import Path

from roastery.api.app import Roastery
from roastery.api.jobs import Jobs
from roastery.api.slack.intake import receive
from tests.api.slack.service import settings_for, signed


def main(home: str, slack_url: str, payload: str, moment: str) -> None:
    roastery = Roastery.open(settings_for(Path(home), slack_url))
    body = json.dumps(json.loads(payload)).encode()
    received = receive(roastery, signed(body, str(int(roastery.wall.now().timestamp()))), body)
    if moment == "after_200":
        os.kill(os.getpid(), signal.SIGKILL)
    jobs = Jobs(roastery).start(ticking=False)
    assert received.event_id is not None
    jobs.start_slack(received.event_id)
    jobs.finish(f"slack:{received.event_id}")
    for delivery in jobs.unsent():
        jobs.finish(f"deliver:{delivery}")
    jobs.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
