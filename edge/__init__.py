"""The gateway: hears the devices of one site, keeps what they sealed, and hands it on to the cloud."""
