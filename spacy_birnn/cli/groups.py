"""Options that several commands share, as one argument of each."""

from dataclasses import fields, is_dataclass
from functools import wraps
from inspect import Parameter, signature
from typing import Any, Callable, Dict, List, Tuple


def with_groups(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the fields of dataclasses as options, as if it listed them.

    Typer makes options of a function's parameters. A parameter whose annotation is a
    dataclass becomes one parameter for each of its fields, with the field's annotation
    and default. The command gets an object of that class.

    Args:
        command: A function whose other parameters are annotated for Typer.
    """
    own = list(signature(command).parameters.values())
    groups: Dict[str, Any] = {
        p.name: p.annotation for p in own if is_dataclass(p.annotation)
    }
    parameters: List[Tuple[str, Any, Any]] = []
    for parameter in own:
        if parameter.name in groups:
            found = fields(groups[parameter.name])
            parameters += [(field.name, field.type, field.default) for field in found]
        else:
            parameters.append((parameter.name, parameter.annotation, parameter.default))

    @wraps(command)
    def run(**given: Any) -> Any:
        made: Dict[str, Any] = {}
        for name, group in groups.items():
            made[name] = group(**{f.name: given.pop(f.name) for f in fields(group)})
        return command(**given, **made)

    run.__signature__ = signature(command).replace(  # type: ignore[attr-defined]
        parameters=[
            Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, kind, default in parameters
        ]
    )
    return run
