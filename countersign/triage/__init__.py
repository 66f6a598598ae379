"""The local classifier: train, calibrate, predict, evaluate. Importing it loads no scientific library."""
