"""SENSOR and NDARRAY, as arrays.cpp writes them."""

from __future__ import annotations

from tests.interop.values.building import Values, message, ramp


def sensor(serial: int, prefix: int, powers: list[list[int]], values: list[float]) -> Values:
    """A SENSOR; `powers` lists the numbers of units, each with its exponent.

    `unit` is their field of 64 bits: 4 of prefix, then 6 of unit and 4 of exponent, six times.
    """
    unit = prefix << 60
    for place, (number, exponent) in enumerate(powers):
        unit |= (number << 4 | exponent % 16) << (50 - 10 * place)
    fields = {"unit": unit, "prefix": prefix, "powers": powers, "values": values}
    return message("SENSOR", "Robot", serial, **fields)


SENSORS = {
    "sensor": sensor(45, 11, [[1, 1], [3, -2]], [1.5, -2.25e-30, 9.80665]),  # milli m s^-2
    "sensor-kilogram": sensor(46, 3, [[2, 1]], [0.1]),  # kilo g
    "sensor-derived": sensor(47, 0, [[11, 1]], [-1e300, 0.0]),  # N
    "sensor-six-units": sensor(  # femto m^7 g^-7 s^3 Sv^-1 cd^2 rad
        48, 15, [[1, 7], [2, -7], [3, 3], [27, -1], [7, 2], [8, 1]], [42.0]
    ),
    "sensor-empty": sensor(49, 0, [], []),
}


def ndarray(serial: int, scalar_type: int, shape: list[int], elements: list[float]) -> Values:
    """An NDARRAY, its elements in C order."""
    return message(
        "NDARRAY", "Matrix", serial, scalar_type=scalar_type, shape=shape, elements=elements
    )


NDARRAYS = {
    "ndarray-int8": ndarray(50, 2, [2, 3, 4], ramp(24, -120, 10)),
    "ndarray-uint8": ndarray(51, 3, [2, 3, 4], ramp(24, 5, 10)),
    "ndarray-int16": ndarray(52, 4, [2, 3, 4], ramp(24, -30000, 2501)),
    "ndarray-uint16": ndarray(53, 5, [2, 3, 4], ramp(24, 3000, 2501)),
    "ndarray-int32": ndarray(54, 6, [2, 3, 4], ramp(24, -2_000_000_000, 170_000_001)),
    "ndarray-uint32": ndarray(55, 7, [2, 3, 4], ramp(24, 100_000_000, 170_000_001)),
    "ndarray-float32": ndarray(56, 10, [2, 3, 4], ramp(24, -20.125, 0.75)),
    "ndarray-float64": ndarray(57, 11, [7], ramp(7, -999_999_999_999_999.5, 33_333_333_333_333.25)),
    # 0.5 - 0j, 1.5 - 0.25j, 2.5 - 0.5j, ...
    "ndarray-complex": ndarray(
        58, 13, [3, 2], [0.5, -0.0, 1.5, -0.25, 2.5, -0.5, 3.5, -0.75, 4.5, -1, 5.5, -1.25]
    ),
}
