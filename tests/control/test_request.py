"""Requests: every way to write one, and what is refused."""

import pytest

from arvae_music.attributes import resolve
from arvae_music.control import Change, Request, by, parse_change, read_requests, to
from arvae_music.errors import UsageError


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("+2", Change("relative", 2)),
        ("-3", Change("relative", -3)),
        ("+0", Change("relative", 0)),
        ("8", Change("absolute", 8)),
        ("0", Change("absolute", 0)),
        ("=8", Change("absolute", 8)),
        ("=-3", Change("absolute", -3)),
        ("=+3", Change("absolute", 3)),
        ("+0.1", Change("relative", 0.1)),
        ("+.1", Change("relative", 0.1)),
        ("-0.05", Change("relative", -0.05)),
        ("+1.5sd", Change("relative", 1.5, in_std=True)),
        ("-2sd", Change("relative", -2, in_std=True)),
        (" +2 ", Change("relative", 2)),
    ],
)
def test_changes_are_read(text: str, change: Change) -> None:
    assert parse_change(text) == change


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "two",
        "++2",
        "2+",
        "+2 3",
        "1.5sd",
        "=1sd",
        "=-1sd",
        "+sd",
        "+2SD",
        "2e1",
        "nan",
        "inf",
        "−2",
        "+-2",
    ],
)
def test_what_is_no_change_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_change(text)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (by(2), "+2"),
        (by(-3), "-3"),
        (by(1.5, sd=True), "+1.5sd"),
        (to(8), "8"),
        (to(-3), "=-3"),
        (by(0.1), "+0.1"),
    ],
)
def test_changes_as_objects_are_written_as_they_are_read(change: Change, text: str) -> None:
    assert str(change) == text
    assert parse_change(text) == change


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_change_is_a_finite_number(value: float) -> None:
    with pytest.raises(UsageError, match="finite"):
        by(value)
    with pytest.raises(UsageError, match="finite"):
        to(value)


@pytest.mark.parametrize("name", ["density", "range", "contour"])
def test_a_fraction_of_a_whole_number_is_refused(name: str) -> None:
    for text in ("+1.5", "1.5"):
        with pytest.raises(UsageError, match="whole number"):
            read_requests([(name, text)])
    assert read_requests([(name, "+1.5sd")])
    assert read_requests([("complexity", "+0.05")])


@pytest.mark.parametrize("value", [2, 2.0, True, None])
def test_a_bare_number_is_refused_with_both_ways_to_say_it(value: object) -> None:
    with pytest.raises(UsageError, match=r"by\(.*to\("):
        read_requests([("density", value)])  # type: ignore[list-item]


def test_the_same_attribute_twice_and_nothing_at_all() -> None:
    with pytest.raises(UsageError, match="twice"):
        read_requests([("density", "+2"), ("note_density", "+1")])
    density = Request(resolve("density"), by(1))
    assert read_requests([("range", "+2")], [density])[0] == density
    with pytest.raises(UsageError, match="density is asked for twice"):
        read_requests([("density", "+2")], [density])
    with pytest.raises(UsageError, match="nothing"):
        read_requests([])
    with pytest.raises(UsageError, match="did you mean 'density'"):
        read_requests([("densitiy", "+2")])


@pytest.mark.parametrize(
    ("name", "text", "value", "std", "target"),
    [
        ("density", "+2", 8, 3.0, 10),
        ("density", "8", 3, 3.0, 8),
        ("contour", "=-3", 5, 3.0, -3),
        ("complexity", "+0.1", 0.2, 3.0, 0.3),
        ("complexity", "+1.5sd", 0.2, 0.1, 0.35),
        ("density", "+1.5sd", 8, 2.0, 11),
        ("density", "+1sd", 8, 2.4, 10),  # 2.4 steps: 2
        ("density", "-1sd", 8, 2.6, 5),
        ("density", "+0.1sd", 8, 2.0, 9),  # at least one step
        ("contour", "-0.1sd", 0, 2.0, -1),
        ("density", "+1sd", 8, 0.0, 9),  # also where the corpus has no spread
        ("density", "+0sd", 8, 2.0, 8),
    ],
)
def test_targets(name: str, text: str, value: float, std: float, target: float) -> None:
    (request,) = read_requests([(name, text)])
    assert request.target(value, std) == pytest.approx(target)


def test_requests_in_reports_and_in_file_names() -> None:
    relative, absolute, sd = read_requests([("density", "+2"), ("contour", "=-3"), ("complexity", "+1.5sd")])
    assert relative.as_json() == {
        "attribute": "note_density",
        "kind": "relative",
        "value": 2,
        "unit": "notes per measure",
    }
    assert absolute.as_json()["value"] == -3
    assert sd.as_json()["unit"] == "standard deviations"
    assert [str(request) for request in (relative, absolute, sd)] == [
        "density+2",
        "contour=-3",
        "complexity+1.5sd",
    ]
    assert Request(resolve("density"), by(2)) == relative


@pytest.mark.parametrize("name", ["density", "range", "complexity"])
def test_values_below_the_least_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} =-3: {name} is never below 0; write -3 for a change"):
        read_requests([(name, "=-3")])
    assert read_requests([("contour", "=-3")])[0].change == to(-3)


def test_values_above_the_greatest_are_refused() -> None:
    with pytest.raises(UsageError, match=r"complexity 1\.2: complexity is never above 1"):
        read_requests([("complexity", "1.2")])
    assert read_requests([("complexity", "+1.2")])[0].change == by(1.2)
    assert read_requests([("complexity", "1")])[0].change == to(1)
