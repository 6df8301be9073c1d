"""The server: takes graphs, keeps them in SQL, deals them out to contributors, hands values back."""
