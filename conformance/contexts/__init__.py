"""One file per compute context: how it is reached, what it reads, how far its numbers may be from exact ones."""
