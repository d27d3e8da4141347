"""Rival solvers and checkers. None of them shares code with what they check."""
