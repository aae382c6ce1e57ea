"""The fleet as ops people watch it: newest state of each device, use and trust, who has which, tickets."""
