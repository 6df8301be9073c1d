"""Bulk arrays: moving them between developers, server and contributors."""
