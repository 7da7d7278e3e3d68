"""Draws one frame of a drive, back to front."""

import cv2
import numpy as np
from numpy.typing import NDArray

from outrider.rendered.camera import Camera
from outrider.rendered.ground import Ground, RoadLine, draw_markings, ground_light
from outrider.rendered.light import Light, light_at
from outrider.rendered.scenery import Backdrop, Scenery, draw_standing
from outrider.rendered.sensor import Glare, Sensor, smear
from outrider.rendered.settings import LightPlan
from outrider.rendered.vehicle import Layer, Skin, make_skin, over, vehicle_layer
from outrider.rendered.world import Seen, World, plate_corners

Image = NDArray[np.uint8]

_LAMP_M = 0.05


class Scene:
    """Everything painted for one drive; frames may be asked for in any order."""

    def __init__(self, world: World) -> None:
        settings = world.settings
        self._world = world
        camera = world.camera(0.0)
        length = world.ego.along(settings.duration_s)
        self._ground = Ground(settings.seed, camera)
        self._scenery = Scenery(world.road, settings.seed, length)
        self._backdrop = Backdrop(settings.seed, settings.height_px, settings.focal_px)
        self._sensor = Sensor(
            settings.seed, settings.width_px, settings.height_px, settings.effects
        )
        self._glare = Glare()
        self._skins: dict[int, Skin] = {}
        self._lit: tuple[Light, int, Image, Image] | None = None

    def frame(self, index: int) -> Image:
        """Return one frame, uint8 H x W x 3 RGB (H x W grey where the light is infrared)."""
        settings = self._world.settings
        t_s = settings.mono_ns(index) / 1e9
        light = light_at(settings.light, t_s, settings.duration_s)
        camera = self._world.camera(t_s)
        picture = np.empty((settings.height_px, settings.width_px, 3), np.uint8)
        self._backdrop.draw(picture, camera, light)
        self._lay_ground(picture, camera, light, t_s)
        self._stand(picture, camera, light, t_s)
        if settings.light is LightPlan.INFRARED:
            grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            picture = np.asarray(cv2.merge([grey, grey, grey]), np.uint8)
        exposed = self._sensor.expose(picture, index, light.noise)
        return exposed[..., 0].copy() if settings.light is LightPlan.INFRARED else exposed

    def _lay_ground(self, picture: Image, camera: Camera, light: Light, t_s: float) -> None:
        along = self._world.ego.along(t_s)
        line = RoadLine.before(self._world.road, camera, along)
        first = self._ground.draw(picture, camera, line)
        start, gain, haze = self._ground_light(light)
        offset = max(0, first - start)
        below = picture[first:]
        rows = min(below.shape[0], gain.shape[0] - offset)
        below = below[:rows] if rows < below.shape[0] else below
        cv2.multiply(below, gain[offset : offset + rows], dst=below, scale=1 / 128)
        cv2.add(below, haze[offset : offset + rows], dst=below)
        draw_markings(picture, self._world.road, camera, along, light)

    def _ground_light(self, light: Light) -> tuple[int, Image, Image]:
        """Return the ground's light, worked out once a step for a camera at rest, with room."""
        if self._lit is None or self._lit[0] != light:
            rest = self._world.camera(0.0)
            start, gain, haze = ground_light(rest, light)
            room = 40
            tail = [np.repeat(part[-1:], room, axis=0) for part in (gain, haze)]
            head = [np.repeat(part[:1], room, axis=0) for part in (gain, haze)]
            gain = np.concatenate([head[0], gain, tail[0]])
            haze = np.concatenate([head[1], haze, tail[1]])
            self._lit = (light, start - room, gain, haze)
        return self._lit[1:]

    def _stand(self, picture: Image, camera: Camera, light: Light, t_s: float) -> None:
        """Draw what stands up, scenery and vehicles, farthest first."""
        things: list[tuple[float, object]] = [
            (one.depth_m, one) for one in self._scenery.standing(camera, self._world.ego.along(t_s))
        ]
        things += [(one.depth_m, one) for one in self._world.seen(t_s, camera)]
        for _, thing in sorted(things, key=lambda pair: -pair[0]):
            if isinstance(thing, Seen):
                self._vehicle(picture, thing, camera, light, t_s)
            else:
                draw_standing(picture, thing, light)  # type: ignore[arg-type]

    def _vehicle(
        self, picture: Image, seen: Seen, camera: Camera, light: Light, t_s: float
    ) -> None:
        number = seen.vehicle.number
        if number not in self._skins:
            self._skins[number] = make_skin(seen.vehicle)
        layer = vehicle_layer(seen, self._skins[number], camera, light)
        if layer is None:
            return
        if self._world.settings.effects.blur:
            layer.pixels = smear(layer.pixels, self._move_px(seen, light, t_s))
        _lay(picture, layer)
        if self._world.settings.effects.glare and not seen.vehicle.parked:
            self._lamps(picture, seen, camera, light)

    def _move_px(self, seen: Seen, light: Light, t_s: float) -> tuple[float, float]:
        """Return how far the plate's middle moves in the picture during the exposure."""
        half = (self._world.settings.exposure_s or light.exposure_s) / 2
        local = plate_corners(seen.vehicle).mean(axis=0, keepdims=True)
        ends = []
        for at in (t_s - half, t_s + half):
            world = self._world.place(seen.vehicle, at).world(local)
            ends.append(self._world.camera(at).project(world)[0][0])
        move = ends[1] - ends[0]
        return float(move[0]), float(move[1])

    def _lamps(self, picture: Image, seen: Seen, camera: Camera, light: Light) -> None:
        body, rear = seen.vehicle.body, seen.vehicle.rear
        end = body.end(rear)
        if body.style == "motorcycle":
            spots = [(0.0, 0.76)]
        else:
            high = end.plate_y_m + 0.08 if rear else (0.84 if body.style == "van" else 0.64)
            spots = [(-0.38 * body.width_m, high), (0.38 * body.width_m, high)]
        local = np.array([(x, y, float(end.depth_m(np.array([y]))[0])) for x, y in spots])
        points, depths = camera.project(seen.placement.world(local))
        strength = light.lamps * (0.5 if rear else 1.0)
        size = camera.focal_px * (0.55 if rear else 1.15) * (0.25 + 0.75 * light.lamps)
        tone = (255.0, 40.0, 30.0) if rear else (255.0, 246.0, 226.0)
        r, g, b = (level * strength for level in tone)
        for (x, y), depth in zip(points, depths, strict=True):
            self._glare.add(picture, (float(x), float(y)), size / (depth + 6.0), (r, g, b))


def _lay(picture: Image, layer: Layer) -> None:
    height, width = layer.pixels.shape[:2]
    part = picture[layer.y0 : layer.y0 + height, layer.x0 : layer.x0 + width]
    over(part, layer.pixels)
