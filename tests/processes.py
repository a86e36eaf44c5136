"""The environment of processes that tests start."""

import os
import tempfile
from pathlib import Path


def environment() -> dict[str, str]:
    """This process's, without settings of the product, and with a place for bytecode.

    Where bytecode may not be written beside the source, every process would compile the whole product again.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROASTERY_", "SLACK_", "OPENAI_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / f"roastery-tests-bytecode-{os.getuid()}")
    return kept
