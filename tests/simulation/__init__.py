"""A seeded simulation of the star: one server with the real scheduler, many simulated contributors."""
