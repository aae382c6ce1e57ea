"""Virtual devices to touch: a local web page with each device's screen, keys, card slot, pan, printer and plug."""
