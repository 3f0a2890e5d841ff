"""Why a pass cannot be done by a database's own SQL."""


class NotOffered(Exception):  # noqa: N818 - no error: the pass is then done another way
    """What SQL cannot do here; the sentence is for `explain()`."""
