"""The rail scale of a slaughter line: carcass by carcass, hands-free; ``app`` is the flow."""
