"""metric add, channel preview and apply, tracking audit, as a person runs them."""

import json

from tests.cli.conftest import Shell

METRICS = """
till_revenue:
  title: Revenue at the till
  definition: Net revenue of valid sales at the till, on the sale's day.
  unit: money
  measure: {fact: sales, aggregate: sum, of: net_amount, where: "sales_channel = 'pos'"}
"""
RULES = """
- channel: podcast
  medium: audio*
"""
TOUCHES = """touchpoint_id,customer_id,occurred_at,utm_source,utm_medium
A,C1,2026-11-01T15:00:00Z,acast,audio-ad
"""


def test_metrics_rules_and_the_audit_from_files(shell: Shell) -> None:
    folder = shell.home.parent
    for name, text in (("metrics.yml", METRICS), ("rules.yml", RULES), ("touches.csv", TOUCHES)):
        (folder / name).write_text(text)
    assert shell.run("org", "create", "Acme").returncode == 0
    assert shell.run("import", "touchpoints", str(folder / "touches.csv")).returncode == 0
    assert shell.run("metric", "add", str(folder / "metrics.yml")).stdout.strip() == "till_revenue  version 1"
    seen = json.loads(shell.run("channel", "preview", str(folder / "rules.yml"), "--json").stdout)
    assert seen["moved"] == [{"from": "other", "to": "podcast", "touches": 1}]
    audited = shell.run("tracking", "audit")
    assert "have tags that no channel rule knows" in audited.stdout
    assert shell.run("channel", "apply", str(folder / "rules.yml")).stdout.strip() == "version 1"
    assert "No fault was found." in shell.run("tracking", "audit").stdout
    assert shell.run("metric", "remove", "till_revenu").returncode == 2
