"""Pages from templates: one file each, light and dark, without a network."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from .figures import DARK, LIGHT, css_variables


def render_template(name: str, **values: Any) -> str:
    """Fill a template of this package; text is escaped.

    Args:
        name: of its file.
        values: for its variables; `light` and `dark` are the colours.
    """
    environment = Environment(
        loader=PackageLoader("spacy_birnn.diagnostics"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(
        light=css_variables(LIGHT), dark=css_variables(DARK), **values
    )
