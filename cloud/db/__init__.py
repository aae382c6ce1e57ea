"""Stores on disk: opening them, creating them, and what makes them durable."""
