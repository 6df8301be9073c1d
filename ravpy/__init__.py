"""The contributor: joins a server, computes what it is given with NumPy, hands the values back."""
