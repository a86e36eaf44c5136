"""What the address of a landing page tells: its tags and click ids, as SQL."""

CLICK_IDS = ("gclid", "gbraid", "wbraid", "fbclid", "ttclid", "msclkid", "li_fat_id")


def tag(url: str, name: str) -> str:
    """SQL: a decoded parameter of an address, null when it is absent or empty; `url` is an expression."""
    return f"nullif(url_decode(replace(regexp_extract({url}, '[?&]{name}=([^&#]*)', 1), '+', ' ')), '')"


CLICK_ID = "coalesce(" + ", ".join(f"'{name}:' || {tag('{url}', name)}" for name in CLICK_IDS) + ")"
"""SQL, to be formatted with `url`: the kind and value of the first click id."""
