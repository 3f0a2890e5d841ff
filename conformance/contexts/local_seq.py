"""This process, one thread."""

from conformance.contexts.base import ContextCase


class LocalSeq(ContextCase):
    """RxLocalSeq."""

    name = "local_seq"

    def connect(self, directory):
        """No connection is needed."""
        import insitu

        return insitu.RxLocalSeq()


CASE = LocalSeq()
