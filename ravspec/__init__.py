"""What developer, server and contributor must agree on: ops, shapes, messages, states, codec, errors."""
