"""Records come in: the envelope is opened, each record is judged, kept and answered for."""
