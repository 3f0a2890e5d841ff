"""This process, several threads."""

from conformance import sources
from conformance.contexts.base import ContextCase


class LocalParallel(ContextCase):
    """RxLocalParallel."""

    name = "local_parallel"
    reads = sources.EMBEDDED

    def connect(self, directory):
        """No connection is needed."""
        import insitu

        return insitu.RxLocalParallel()


CASE = LocalParallel()
