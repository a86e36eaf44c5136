"""Run as a process that is to be killed: takes one Slack event, then answers it with the jobs, or dies before."""

import json
import os
import signal
import sys
from pathlib import Path

from roastery.api.app import Roastery
from roastery.api.jobs import Jobs
from roastery.api.settings import Settings
from roastery.api.slack.intake import receive
from roastery.api.slack.signature import sign


def main(home: str, slack_url: str, secret: str, payload: str, moment: str) -> None:
    settings = Settings(
        home=Path(home),
        secret_key="a secret key of the tests",
        slack_bot_token="xoxb-test",
        slack_signing_secret=secret,
        slack_api_url=slack_url,
        log_level="CRITICAL",
    )
    roastery = Roastery.open(settings)
    body = json.dumps(json.loads(payload)).encode()
    timestamp = str(int(roastery.wall.now().timestamp()))
    headers = {"x-slack-request-timestamp": timestamp, "x-slack-signature": sign(secret, timestamp, body)}
    received = receive(roastery, headers, body)
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
