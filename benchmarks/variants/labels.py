"""Where labels go: beside their markers, over no marker and no other label."""

from math import cos, radians, sin
from typing import Iterator, List, NamedTuple, Sequence, Tuple

Point = Tuple[float, float]

# Right, left, above and below come before the slants.
ANGLES = (0, 180, 90, 270, 45, 315, 135, 225, 20, 340, 160, 200, 70, 110, 250, 290)
DISTANCES = (9.0, 16.0, 26.0, 38.0, 52.0, 68.0)


class Box(NamedTuple):
    """A rectangle with its sides along the axes."""

    left: float
    bottom: float
    right: float
    top: float

    @classmethod
    def around(cls, point: Point, width: float, height: float) -> "Box":
        (x, y), w, h = point, width / 2, height / 2
        return cls(x - w, y - h, x + w, y + h)

    @property
    def center(self) -> Point:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def holds(self, other: "Box") -> bool:
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.bottom <= other.bottom
            and other.top <= self.top
        )


def place(
    points: Sequence[Point],
    sizes: Sequence[Point],
    frame: Box,
    marker: float,
    taken: Sequence[Box] = (),
) -> List[Box]:
    """The box of each label: the nearest place that is free, one label after another.

    Where none is free, the label stays at the nearest place and covers something.

    Args:
        points: The centers of the markers.
        sizes: Width and height of each label.
        frame: No label leaves it.
        marker: How wide and high a marker is.
        taken: What else must not be covered.
    """
    filled = [*taken, *(Box.around(point, marker, marker) for point in points)]
    boxes = []
    for point, size in zip(points, sizes, strict=True):
        options = list(candidates(point, size))
        free = (
            box
            for box in options
            if frame.holds(box) and not any(box.meets(other) for other in filled)
        )
        box = next(free, options[0])
        boxes.append(box)
        filled.append(box)
    return boxes


def candidates(point: Point, size: Point) -> Iterator[Box]:
    """Boxes that touch a growing circle around the point."""
    width, height = size
    for distance in DISTANCES:
        for angle in ANGLES:
            x, y = cos(radians(angle)), sin(radians(angle))
            center = (
                point[0] + x * (distance + width / 2),
                point[1] + y * (distance + height / 2),
            )
            yield Box.around(center, width, height)
