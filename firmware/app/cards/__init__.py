"""Cards on the reader: who they are, what they hold, and what is refused (docs/cards.md).

``reader.Reader`` finds a card, ``card.Card`` reads and writes it. Everything below is pure but for the bytes that go
through ``pn532.Pn532`` to the reader chip and the one file of ``counters.Counters``.
"""
