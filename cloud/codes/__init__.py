"""Codes that people and labels carry: profiles with their check characters, what people type, and label ranges."""
