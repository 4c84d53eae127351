"""What tests of the sidecar and of connectors stand on; it ships, so that a connector elsewhere can be tested too."""
