"""`python -m lab.providers.command [ENGINE]`: serve the provider `command`."""

from lab.providers.base import serve
from lab.providers.command.provider import CommandProvider

serve(CommandProvider)
