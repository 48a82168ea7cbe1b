"""The template engine: strict about names, escaping by default."""

from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from appliance import __version__
from appliance.settings import resource_root
from appliance.web import assets, filters
from appliance.web.frame import hue


def environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(resource_root() / "ui" / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.filters.update(filters.ALL, hue=hue)
    env.globals.update(asset=assets.asset, version=__version__)
    return env


def render(env: Environment, template: str, context: dict[str, Any], block: str = "") -> str:
    """The page, or only the block of that name when the template has it."""
    found = env.get_template(template)
    if block in found.blocks:
        return "".join(found.blocks[block](found.new_context(context)))
    return found.render(context)
