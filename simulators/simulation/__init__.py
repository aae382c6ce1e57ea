"""A county in one process: real device, gateway and cloud code under a seeded scheduler (`make simulate`)."""
