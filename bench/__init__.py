"""What governing costs: ratios of one run on one machine, written into docs/performance.md by `make bench`."""
