"""The scene as geometry: camera, vehicles and plates at any instant, and the truth of a drive."""

from dataclasses import dataclass
from math import atan2, cos, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from outrider.drive.truth import DriveTruth, PlateSighting, VehiclePass
from outrider.records import Direction
from outrider.rendered.camera import YAW_TO_ONCOMING_DEG as YAW_DEG
from outrider.rendered.camera import Camera, nominal_pitch_rad, shake_rad
from outrider.rendered.marks import DRIVE_DAY, plate_colour
from outrider.rendered.road import Road
from outrider.rendered.settings import RenderSettings
from outrider.rendered.traffic import TrafficPlanner, Vehicle
from outrider.vrm import family, normalise

Floats = NDArray[np.float64]

SIGHT_M = 190.0
LEAST_PLATE_PX = 5.0
HIDDEN_LIMIT = 0.02
MIN_READABLE_FRAMES = 2
_NEAREST_M = 1.2
_PLATE_PROUD_M = 0.015
NOTE = (
    "Rendered: invented vehicles on an invented road. Current-style marks use letters that stand "
    "for no region; an older one that is also a real vehicle's is so by chance."
)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a vehicle stands: its visible end's middle on the ground, and its heading."""

    east_m: float
    north_m: float
    heading_rad: float

    def world(self, local: Floats) -> Floats:
        """Return world points (N x 3) of local ones (N x 3: right, up, away)."""
        x, y, z = local.T
        east = self.east_m + x * cos(self.heading_rad) + z * sin(self.heading_rad)
        north = self.north_m - x * sin(self.heading_rad) + z * cos(self.heading_rad)
        return np.stack([east, north, y], axis=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """A vehicle within sight of the camera; depth_m: of its visible end."""

    vehicle: Vehicle
    placement: Placement
    depth_m: float
    corners: Floats


class World:
    """Everything that a seed settles, before a pixel is drawn."""

    def __init__(self, settings: RenderSettings) -> None:
        self.settings = settings
        planner = TrafficPlanner(settings.seed, settings.duration_s)
        self.vehicles = planner.plan(settings.repeats)
        self.ego = planner.ego
        self.road = Road.laid(
            np.random.default_rng([settings.seed, 9]), self.ego.along(settings.duration_s)
        )

    def camera(self, t_s: float) -> Camera:
        """Return the camera at a time."""
        east, north, heading = self._pose(t_s)
        yaw, pitch = shake_rad(t_s, self.settings.seed)
        focal = self.settings.focal_px
        return Camera(
            east, north, heading + np.radians(YAW_DEG) + yaw,
            nominal_pitch_rad(focal, self.settings.height_px) + pitch,
            focal, self.settings.width_px, self.settings.height_px,
        )  # fmt: skip

    def _pose(self, t_s: float) -> tuple[float, float, float]:
        along, side = self.ego.along(t_s), self.ego.side(t_s)
        point = self.road.points(np.array([along]), np.array([side]))[0]
        return float(point[0]), float(point[1]), self.heading(t_s)

    def heading(self, t_s: float) -> float:
        """Return the own car's heading, rad clockwise from north."""
        drift = (self.ego.side(t_s + 0.05) - self.ego.side(t_s - 0.05)) / 0.1
        turn = atan2(0.6 * drift, self.ego.speed(t_s))
        return self.road.at(self.ego.along(t_s))[2] + turn

    def place(self, vehicle: Vehicle, t_s: float) -> Placement:
        """Return where a vehicle stands at a time."""
        along, side = vehicle.motion.along(t_s), vehicle.motion.side(t_s)
        point = self.road.points(np.array([along]), np.array([side]))[0]
        drift = (vehicle.motion.side(t_s + 0.05) - vehicle.motion.side(t_s - 0.05)) / 0.1
        turn = atan2(drift, max(vehicle.motion.speed_mps, 3.0)) if vehicle.rear else 0.0
        return Placement(float(point[0]), float(point[1]), self.road.at(along)[2] + turn)

    def seen(self, t_s: float, camera: Camera | None = None) -> list[Seen]:
        """Return the vehicles before the camera, farthest first."""
        camera = camera or self.camera(t_s)
        own = self.ego.along(t_s)
        near = [v for v in self.vehicles if -12 < v.motion.along(t_s) - own < SIGHT_M]
        found = []
        for vehicle in near:
            placement = self.place(vehicle, t_s)
            corners, depths = camera.project(placement.world(plate_corners(vehicle)))
            if depths.min() > _NEAREST_M:
                found.append(Seen(vehicle, placement, float(depths.mean()), corners))
        return sorted(found, key=lambda one: -one.depth_m)

    def sightings(self, frame: int) -> list[tuple[Vehicle, PlateSighting]]:
        """Return the plates that a frame shows, each with its exact place."""
        camera = self.camera(self.settings.mono_ns(frame) / 1e9)
        seen = self.seen(self.settings.mono_ns(frame) / 1e9, camera)
        found = []
        for place, one in enumerate(seen):
            height = (
                float(
                    np.linalg.norm(one.corners[3] - one.corners[0])
                    + np.linalg.norm(one.corners[2] - one.corners[1])
                )
                / 2
            )
            if height < LEAST_PLATE_PX:
                continue
            hidden = self._hidden(one, seen[place + 1 :], camera)
            if hidden < 0.99:
                found.append((one.vehicle, self._sighting(frame, one.corners, height, hidden)))
        return found

    def _sighting(self, frame: int, corners: Floats, height: float, hidden: float) -> PlateSighting:
        points = tuple((round(float(x), 2), round(float(y), 2)) for x, y in corners)
        readable = height >= self.settings.readable_height_px and hidden <= HIDDEN_LIMIT
        return PlateSighting(
            frame, (points[0], points[1], points[2], points[3]),
            round(height, 2), round(hidden, 3), readable,
        )  # fmt: skip

    def _hidden(self, one: Seen, nearer: list[Seen], camera: Camera) -> float:
        plate = one.corners.astype(np.float32)
        area = float(cv2.contourArea(plate))
        right, bottom = camera.width_px - 0.5, camera.height_px - 0.5
        picture = np.array(
            [[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]], np.float32
        )
        visible, _ = cv2.intersectConvexConvex(plate, picture)
        hidden = area - visible
        for other in nearer:
            hull = silhouette(other, camera)
            covered, _ = cv2.intersectConvexConvex(plate, hull)
            hidden += covered
        return min(1.0, max(0.0, hidden / area))

    def truth(self) -> DriveTruth:
        """Return what the whole drive shows."""
        seen: dict[int, list[PlateSighting]] = {}
        for frame in range(self.settings.frame_count):
            for vehicle, sighting in self.sightings(frame):
                seen.setdefault(vehicle.number, []).append(sighting)
        passes = tuple(
            self._pass(self.vehicles[number], tuple(sightings))
            for number, sightings in sorted(seen.items())
        )
        settings = self.settings
        return DriveTruth(
            f"render:{settings.seed}", NOTE, settings.width_px, settings.height_px,
            settings.rate_hz, settings.frame_count, settings.readable_height_px,
            HIDDEN_LIMIT, MIN_READABLE_FRAMES, passes,
        )  # fmt: skip

    def _pass(self, vehicle: Vehicle, sightings: tuple[PlateSighting, ...]) -> VehiclePass:
        mark = normalise(vehicle.spec.mark)
        first, last = sightings[0], sightings[-1]
        return VehiclePass(
            number=vehicle.number,
            vrm=mark,
            family=family(mark, DRIVE_DAY),
            colour=plate_colour(vehicle.spec),
            two_line=len(vehicle.spec.lines) == 2,
            vehicle=vehicle.body.name,
            direction=_direction(first.height_px, last.height_px),
            first_frame=first.frame,
            last_frame=last.frame,
            first_mono_ns=self.settings.mono_ns(first.frame),
            last_mono_ns=self.settings.mono_ns(last.frame),
            max_height_px=max(one.height_px for one in sightings),
            readable_frames=sum(one.readable for one in sightings),
            sightings=sightings,
        )


def _direction(first_px: float, last_px: float) -> Direction:
    """Return how the plate moved in the picture: one that grows comes nearer."""
    if abs(last_px / first_px - 1) < 0.03:
        return Direction.UNKNOWN
    return Direction.APPROACHING if last_px > first_px else Direction.RECEDING


def plate_corners(vehicle: Vehicle) -> Floats:
    """Return the plate's corners on its vehicle (4 x 3 local m), TL, TR, BR, BL."""
    end = vehicle.body.end(vehicle.rear)
    half_w, half_h = vehicle.spec.width_mm / 2000, vehicle.spec.height_mm / 2000
    x, y = end.plate_x_m, end.plate_y_m
    heights = np.array([y + half_h, y + half_h, y - half_h, y - half_h])
    depth = float(end.depth_m(np.array([y]))[0]) - _PLATE_PROUD_M
    sides = np.array([x - half_w, x + half_w, x + half_w, x - half_w])
    return np.stack([sides, heights, np.full(4, depth)], axis=1)


def silhouette(seen: Seen, camera: Camera) -> NDArray[np.float32]:
    """Return the convex outline (N x 2 px) that a vehicle covers."""
    body, end = seen.vehicle.body, seen.vehicle.body.end(seen.vehicle.rear)
    ys = np.array([y for y, _ in end.widths])
    halves, depths = end.half_width_m(ys), end.depth_m(ys)
    back = np.full_like(ys, body.length_m)
    rims = [np.stack([side * halves, ys, z], axis=1) for side in (-1, 1) for z in (depths, back)]
    points, _ = camera.project(seen.placement.world(np.concatenate(rims)))
    return np.asarray(cv2.convexHull(points.astype(np.float32)), np.float32).reshape(-1, 2)
