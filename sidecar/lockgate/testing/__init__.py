"""What tests of the sidecar and of connectors stand on; shipped, for connectors of other packages."""
