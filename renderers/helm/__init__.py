"""Target `helm`: the official charts installed with the `helm` binary, fed with what plan has written."""
