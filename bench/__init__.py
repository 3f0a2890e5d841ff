"""Benchmarks: insitu, its peers and the limit, side by side."""
