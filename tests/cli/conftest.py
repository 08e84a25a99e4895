"""The fixtures of the command line's tests."""

from cli_home import ask, demo_folder, fresh, home

__all__ = ["ask", "demo_folder", "fresh", "home"]
