"""What a script may switch while it runs, under RDF's name `R.globals`."""

from __future__ import annotations

from typing import Any

from ravspec.errors import ConfigError, nearest


class Settings:
    """`R.globals`. eager_mode: every op is computed as it is built, and one that fails raises at its line."""

    __slots__ = ("eager_mode",)

    eager_mode: bool

    def __init__(self) -> None:
        self.eager_mode = False

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__slots__:
            raise ConfigError(f'R.globals has no "{name}"{nearest(name, self.__slots__)}')
        if not isinstance(value, bool):
            raise ConfigError(f"R.globals.{name} is True or False, not {value!r}")
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"R.globals: {', '.join(f'{name}={getattr(self, name)}' for name in self.__slots__)}"


SETTINGS = Settings()
