"""The worked example of docs/sources.md is built as it stands there, and held against the truth like any source."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
import pytest

import roastery.connectors.sources as source_folder
import roastery.evals.twins as twin_folder
from roastery.connectors import registry as sources
from roastery.connectors.http import Politeness
from roastery.connectors.registry import open_source
from roastery.connectors.sync import sync_connection
from roastery.evals.twins import registry as twins
from roastery.evals.twins.server import serve
from roastery.evals.world import World
from tests.connectors.loopback import Landing, Secrets, Waits, connection

DOCS = Path(__file__).resolve().parents[3] / "docs" / "sources.md"
FOLDERS = {"connectors/sources": source_folder, "evals/twins": twin_folder}
CACHES = (sources.sources, twins.twin_types, twins.declarations)
BLOCK = re.compile(r"^`src/roastery/(\S+)/(\w+)\.py`:\n\n```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def letterbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The two files of the example where sources and twins are looked for."""
    found = BLOCK.findall(DOCS.read_text(encoding="utf-8"))
    assert [(folder, name) for folder, name, _ in found] == [(folder, "letterbox") for folder in FOLDERS]
    for folder, name, code in found:
        place = tmp_path / folder
        place.mkdir(parents=True)
        (place / f"{name}.py").write_text(code, encoding="utf-8")
        monkeypatch.setattr(FOLDERS[folder], "__path__", [*FOLDERS[folder].__path__, str(place)])
    for cache in CACHES:
        cache.cache_clear()
    monkeypatch.setattr(sources, "SOURCES", sources.sources())
    yield
    for name in [name for name in sys.modules if name.endswith(".letterbox")]:
        del sys.modules[name]
    for cache in CACHES:
        cache.cache_clear()


@pytest.mark.usefixtures("letterbox")
def test_the_example_is_found_and_brings_what_it_declares(world: World) -> None:
    declared = twins.declarations()["letterbox"]
    made = sources.SOURCES["letterbox"]
    with serve(world) as running:
        twin = running["letterbox"]
        running.control.fail("letterbox", "throttle", after=1)
        running.control.fail("letterbox", "cut_off", after=2)
        landing, polite = Landing(), Politeness(wait=Waits())
        connected = connection("letterbox", twin.base_url, **twin.settings, **declared.quick)
        source = open_source(connected, Secrets(**twin.secrets), world.clock, politeness=polite)
        assert sync_connection(source, connected, landing, world.clock).outcome == "complete"
    found = landing.curated(made, "email_performance")
    letters = world.email_performance.filter(pc.equal(world.email_performance["kind"], "campaign"))
    assert found.num_rows == letters.num_rows > 0
    assert sum(found["sends"].to_pylist()) == sum(letters["sends"].to_pylist())
    assert sum(found["unique_opens"].to_pylist()) == sum(letters["unique_opens"].to_pylist())
