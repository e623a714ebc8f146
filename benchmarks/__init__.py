"""Throughput and memory of the platform, beside hand-written DuckDB SQL over the same files. See docs/benchmarks.md."""
