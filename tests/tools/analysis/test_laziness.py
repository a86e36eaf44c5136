"""Importing the analyses costs no second: scipy, pandas and statsmodels load on first use."""

import subprocess
import sys
from pathlib import Path

import roastery.tools.analysis


def test_importing_every_analysis_loads_no_heavy_library() -> None:
    folder = Path(roastery.tools.analysis.__file__).parent
    modules = [f"roastery.tools.analysis.{path.stem}" for path in folder.glob("*.py") if path.stem != "__init__"]
    assert len(modules) > 20
    heavy = "{'scipy', 'pandas', 'statsmodels'}"
    code = f"import sys; import {', '.join(modules)}; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
