"""Mosquitto beside the gateway: what ``init`` writes for it, and how the gateway minds its sessions."""
