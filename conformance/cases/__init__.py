"""The cases: data, a formula, and the answer in exact arithmetic."""
