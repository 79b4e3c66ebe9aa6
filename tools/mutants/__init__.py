"""Mutation testing: break the code on purpose, in many small ways, and see whether a test notices.

A mutant is one meaningful change of one file. Each room is sampled on its own, and the tests of
that room are run on a copy of the project that holds the mutant. `python -m tools.mutants --help`.
"""
