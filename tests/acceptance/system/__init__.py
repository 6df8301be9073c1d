"""The whole system as its users run it: the server, contributors and scripts in processes of their own."""
