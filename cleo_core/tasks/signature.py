"""A task's signature as a schema: arguments are checked before they are stored and again before they are used."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any, NotRequired, cast, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, ValidationError, with_config
from pydantic_core import PydanticSerializationError, from_json, to_json
from typing_extensions import TypedDict

from cleo_core.errors import InvalidArguments, PayloadTooLarge
from cleo_core.tasks.context import TaskContext

MAX_DEPTH = 100

# Of a function that takes a list of arguments: the parameter of one of them, its type by name, and whether the function
# takes the contexts first.
OneOf = Callable[[str, Sequence[inspect.Parameter], Mapping[str, Any]], tuple[inspect.Parameter, dict[str, Any], bool]]
_POSITIONAL = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}


class Signature:
    """How a function is called, as a JSON object of its named arguments.

    ``takes_context`` says whether its first parameter is a ``TaskContext``, which no caller passes.

    Raises:
        InvalidArguments: an annotation that has no JSON form.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        *,
        skip_self: bool = False,
        one_of: OneOf | None = None,
    ) -> None:
        self.name = name
        parameters = list(inspect.signature(function).parameters.values())
        if skip_self:
            parameters = parameters[1:]
        hints = hints_of(name, function)
        if one_of is not None:
            parameter, hints, self.takes_context = one_of(name, parameters, hints)
            parameters = [parameter]
        else:
            self.takes_context = bool(parameters) and hints.get(parameters[0].name) is TaskContext
            if self.takes_context:
                parameters = parameters[1:]
        self._parameters = parameters
        self._positional = [p.name for p in parameters if p.kind in _POSITIONAL]
        self._spread = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
        self._rest = next((p.name for p in parameters if p.kind is p.VAR_KEYWORD), None)
        self._positional_only = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
        self._defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        self._names = {p.name for p in parameters} - {self._spread, self._rest}
        self._plain = not (self._spread or self._rest or self._positional_only)
        self._adapter = self._make_adapter(hints)
        self._check = self._adapter.validator.validate_python
        self._write = self._adapter.serializer.to_json
        self._read = self._adapter.validator.validate_json
        self._said = f"The arguments of {name!r}"
        self._nested = _has_models(hints.values())

    def _make_adapter(self, hints: Mapping[str, Any]) -> TypeAdapter[dict[str, Any]]:
        fields: dict[str, Any] = {}
        for parameter in self._parameters:
            hint = hints.get(parameter.name, Any)
            if parameter.kind is parameter.VAR_POSITIONAL:
                fields[parameter.name] = NotRequired[list[hint]]
            elif parameter.kind is parameter.VAR_KEYWORD:
                fields[parameter.name] = NotRequired[dict[str, hint]]
            elif parameter.default is parameter.empty:
                fields[parameter.name] = hint
            else:
                fields[parameter.name] = NotRequired[hint]
        config = ConfigDict(
            extra="forbid",
            arbitrary_types_allowed=False,
            allow_inf_nan=False,
            ser_json_inf_nan="constants",
            title=self.name,
        )
        try:
            schema = with_config(config)(TypedDict("Arguments", fields))  # pyright: ignore[reportArgumentType]
            return cast("TypeAdapter[dict[str, Any]]", TypeAdapter(schema))
        except PydanticUserError as error:
            raise InvalidArguments(
                f"The task {self.name!r} has an argument whose type has no JSON form: {error.message.splitlines()[0]} "
                "Use types that pydantic can validate."
            ) from None

    @property
    def defaults(self) -> dict[str, Any]:
        """The arguments that may be left out, by name."""
        return dict(self._defaults)

    def json_schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments.

        Raises:
            pydantic.errors.PydanticUserError: a type has none.
        """
        return self._adapter.json_schema()

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Name the arguments of a call, as Python would.

        Raises:
            InvalidArguments: too many, given twice, or unknown.
        """
        if not kwargs and len(args) <= len(self._positional):
            return dict(zip(self._positional, args, strict=False))
        if len(args) > len(self._positional) and self._spread is None:
            raise InvalidArguments(
                f"The task {self.name!r} takes {len(self._positional)} positional arguments; {len(args)} were given."
            )
        named = dict(zip(self._positional, args, strict=False))
        if self._spread is not None and len(args) > len(self._positional):
            named[self._spread] = list(args[len(self._positional) :])
        rest: dict[str, Any] = {}
        for name, value in kwargs.items():
            if name in named:
                raise InvalidArguments(f"The task {self.name!r} got its argument {name!r} twice.")
            if self._rest is not None and name not in self._names:
                rest[name] = value
            else:
                named[name] = value
        if rest and self._rest is not None:
            named[self._rest] = rest
        return named

    def encode(self, named: Mapping[str, Any], limit: int) -> bytes:
        """Check named arguments and write them as a JSON object.

        Raises:
            InvalidArguments: they don't fit the signature or have no JSON form (NaN has none).
            PayloadTooLarge: the JSON has more than ``limit`` bytes.
        """
        try:
            checked = self._check(named)
            data = self._write(checked, by_alias=True, round_trip=True)
        except ValidationError as error:
            raise InvalidArguments(f"The arguments don't fit the task {self.name!r}: {explain(error)}") from None
        except PydanticSerializationError as error:
            raise InvalidArguments(f"The arguments of {self.name!r} can't be written as JSON: {error}.") from None
        check_payload(data, self._said, limit)
        if b"null" in data and has_nan(checked):
            raise InvalidArguments(f"The arguments of {self.name!r} have NaN or infinity, which JSON can't hold.")
        if self._nested:
            self._check_readable(data)
        return data

    def _check_readable(self, data: bytes) -> None:
        """Refuse what no worker could read: a model may write itself in a form that it doesn't take back."""
        try:
            self._read(data)
        except ValidationError as error:
            raise InvalidArguments(
                f"The arguments of {self.name!r} can't be read back from their JSON: {explain(error)} "
                "Let the model's validation and serialization agree (aliases, computed fields)."
            ) from None

    def decode(self, data: bytes) -> dict[str, Any]:
        """Read and check arguments that were stored.

        Raises:
            pydantic.ValidationError: they don't fit this signature.
        """
        return self._read(data)

    def call(self, function: Callable[..., Any], named: dict[str, Any], context: TaskContext | None) -> Any:
        """Call the function with named arguments."""
        first = () if context is None else (context,)
        if self._plain:
            return function(*first, **named)
        by_place = self._positional if named.get(self._spread or "") else self._positional_only
        args = [named.pop(name) if name in named else self._defaults[name] for name in by_place]
        spread: list[Any] = named.pop(self._spread, []) if self._spread else []
        rest: dict[str, Any] = named.pop(self._rest, {}) if self._rest else {}
        return function(*first, *args, *spread, **named, **rest)


def hints_of(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    """The types that a function's annotations name.

    Raises:
        InvalidArguments: one of them can't be found.
    """
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        raise InvalidArguments(
            f"The task {name!r} has an annotation that can't be resolved ({error}). "
            "Import its type at the top of the module, not only for type checking."
        ) from None


def _has_models(hints: Iterable[Any]) -> bool:
    """Whether a model or dataclass is among the types, however deep: such may have a form of its own."""
    for hint in hints:
        if isinstance(hint, type) and (issubclass(hint, BaseModel) or is_dataclass(cast("type[Any]", hint))):
            return True
        if _has_models(get_args(hint)):
            return True
    return False


def has_nan(value: Any) -> bool:
    """Whether there is NaN or infinity in a value, at any depth."""
    if isinstance(value, float):
        return not isfinite(value)
    if isinstance(value, BaseModel):
        return any(map(has_nan, value.__dict__.values())) or has_nan(value.__pydantic_extra__)
    if is_dataclass(value) and not isinstance(value, type):
        return any(has_nan(getattr(value, field.name)) for field in fields(cast("Any", value)))
    if isinstance(value, Mapping):
        return any(map(has_nan, cast("Mapping[Any, Any]", value).values()))
    if isinstance(value, list | tuple | set | frozenset | deque):
        return any(map(has_nan, cast("Iterable[Any]", value)))
    return False


def explain(error: ValidationError) -> str:
    """What is wrong, in a line: the first three complaints with their places."""
    told = [
        f"{'.'.join(str(part) for part in complaint['loc']) or 'arguments'}: {complaint['msg']}"
        for complaint in error.errors(include_url=False)[:3]
    ]
    more = error.error_count() - len(told)
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "") + "."


def check_payload(data: bytes, what: str, limit: int) -> None:
    """Refuse JSON that is too long or has NaN or infinity in it.

    Raises:
        PayloadTooLarge: more than ``limit`` bytes.
        InvalidArguments: it has a number that JSON has not.
    """
    if len(data) > limit:
        raise PayloadTooLarge(
            f"{what} take {len(data):,} bytes as JSON; the limit is {limit:,}. "
            "Store the data elsewhere and pass a reference, or raise Limits.payload_bytes."
        )
    if b"NaN" in data or b"Infinity" in data or (len(data) > MAX_DEPTH and _brackets(data) > MAX_DEPTH):
        try:
            from_json(data, allow_inf_nan=False)
        except ValueError as error:
            if "recursion" in str(error):
                raise InvalidArguments(f"{what} are nested too deeply to be read back. Flatten them.") from None
            raise InvalidArguments(f"{what} have NaN or infinity in them, which JSON can't hold.") from None


def _brackets(data: bytes) -> int:
    """How many open, which no nesting is deeper than."""
    return data.count(b"[") + data.count(b"{")


def encode_raw(name: str, arguments: Mapping[str, Any], limit: int) -> bytes:
    """Write the arguments of a task whose code is not here.

    Raises:
        InvalidArguments: they are no mapping of strings, or can't be written as JSON.
        PayloadTooLarge: the JSON has more than ``limit`` bytes.
    """
    given = cast("Any", arguments)
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in cast("Mapping[Any, Any]", given)):
        raise InvalidArguments(f"The arguments of {name!r} are given by name: a mapping whose keys are strings.")
    try:
        data = to_json(dict(arguments), inf_nan_mode="constants")
    except (PydanticSerializationError, TypeError, ValueError) as error:
        raise InvalidArguments(f"The arguments of {name!r} can't be written as JSON: {error}.") from None
    check_payload(data, f"The arguments of {name!r}", limit)
    return data
