"""What is declared in YAML, read with the parser in C where there is one: ten times as fast as the one in Python."""

from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """One document. Errors: yaml.YAMLError.

    >>> read_yaml("spend: {unit: money}")
    {'spend': {'unit': 'money'}}
    """
    return yaml.load(text, _Loader)
