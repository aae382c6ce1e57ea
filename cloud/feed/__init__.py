"""What the cloud tells devices: orders that people give, statements sealed for each device, pulled by gateways."""
