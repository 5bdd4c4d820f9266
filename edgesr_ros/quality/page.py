"""Self-contained pages: templates beside the code, one style sheet for all of them."""

from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined

_STYLE = "page.css.jinja"


def render(package: str, template: str, **values: object) -> str:
    """The page that `template`, a file of `package`, makes of `values`.

    It may include `page.css.jinja`; the filter `figure(digits)` writes numbers, and a dash for None.
    """

    def load(name: str) -> str:
        home = __package__ if name == _STYLE else package
        return resources.files(home).joinpath(name).read_text(encoding="utf-8")

    environment = Environment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure
    return environment.get_template(template).render(**values)


def figure(value: float | None, digits: int = 0) -> str:
    """A number with separated thousands, or a dash."""
    return "–" if value is None else f"{value:,.{digits}f}"
