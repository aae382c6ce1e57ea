"""Measurements. Timings are printed here and asserted nowhere."""
