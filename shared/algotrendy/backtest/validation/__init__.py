"""Validate a choice of parameters on bars that the choice did not see."""
