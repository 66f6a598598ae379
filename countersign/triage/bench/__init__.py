"""Public data sets in their published form: our figures beside the published ones, by the published protocol."""
