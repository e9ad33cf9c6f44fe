#!/usr/bin/env python3
"""Checks the files of tests/vtk_output.rs with VTK's own readers and interpolation.

usage: check_vtk.py FOLDER        (packages: vtk, numpy)
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

# Lagrange cells; a pyramid is linear tetrahedra and pyramids.
CELL_TYPES = {"line": {68}, "tri": {69}, "quad": {70}, "tet": {71}, "hex": {72}, "pri": {73}, "pyr": {10, 14}}
DIMS = {"line": 1, "tri": 2, "quad": 2, "tet": 3, "hex": 3, "pri": 3, "pyr": 3}
VOLUMES = {"line": 1, "tri": 1 / 2, "quad": 1, "tet": 1 / 6, "hex": 1, "pri": 1 / 2, "pyr": 1 / 3}
NAMES = {number: name for name, numbers in CELL_TYPES.items() for number in numbers}


def cells_an_element(shape, p):
    """Pyramids and tetrahedra of the subdivision of a pyramid; everything else is one cell."""
    return p * (2 * p * p + 1) // 3 + 2 * (p**3 - p) // 3 if shape == "pyr" else 1


class Complaints:
    """Collects what VTK itself says about a file."""

    def __init__(self, reader):
        self.texts = []
        reader.AddObserver("ErrorEvent", self)
        reader.AddObserver("WarningEvent", self)

    def __call__(self, _source, event):
        self.texts.append(event)


def read(path):
    parallel = path.suffix == ".pvtu"
    reader = vtk.vtkXMLPUnstructuredGridReader() if parallel else vtk.vtkXMLUnstructuredGridReader()
    complaints = Complaints(reader)
    reader.SetFileName(str(path))
    reader.Update()
    assert not complaints.texts and reader.GetErrorCode() == 0, f"{path}: VTK complains: {complaints.texts}"
    return reader.GetOutput()


def polynomial(p, x):
    x, y, z = np.asarray(x).T
    return (0.3 + 0.9 * x - 0.7 * y + 0.5 * z) ** p + x - 2 * y + 3 * z


def bent(bend, x):
    """The map of tests/vtk_output.rs from lattice coordinates to the first cell of a row."""
    x, y, z = x
    return np.array([x + bend * y * y, y + bend * x * x, z + bend * x * y])


def inner_points(shape, count=12):
    """Parametric coordinates well away from nodes."""
    points = np.random.default_rng(7).random((count, 3)) * 0.94 + 0.03
    points[:, DIMS[shape]:] = 0
    if shape in ("tri", "tet"):
        points[points.sum(axis=1) > 1] /= 3
    if shape == "pri":
        points[points[:, :2].sum(axis=1) > 1, :2] /= 2
    if shape == "pyr":
        points[:, :2] = points[:, 2:] / 2 + (1 - points[:, 2:]) * points[:, :2]
    return points


def interpolated(cell, parametric, values):
    """VTK's own position and interpolated value at a parametric point of a cell."""
    weights = [0.0] * cell.GetNumberOfPoints()
    position, sub_id = [0.0] * 3, vtk.mutable(0)
    cell.EvaluateLocation(sub_id, list(parametric), position, weights)
    ids = [cell.GetPointId(i) for i in range(cell.GetNumberOfPoints())]
    return np.array(position), np.array(weights) @ values[ids]


def check_cells(grid, path, p, tolerance, bend=0.0):
    """Every Lagrange cell reproduces its polynomial between the nodes, linear ones at the nodes: the proof of the order."""
    density = vtk_to_numpy(grid.GetPointData().GetArray("Density"))
    velocity = vtk_to_numpy(grid.GetPointData().GetArray("Velocity"))
    pressure = vtk_to_numpy(grid.GetPointData().GetArray("Pressure"))
    points = vtk_to_numpy(grid.GetPoints().GetData())
    worst = 0.0
    for c in range(grid.GetNumberOfCells()):
        cell = grid.GetCell(c)
        shape = NAMES[cell.GetCellType()]
        ids = [cell.GetPointId(i) for i in range(cell.GetNumberOfPoints())]
        assert len(set(pressure[ids])) == 1, f"{path}: cell {c} mixes values of several elements"
        shift = np.array([2 * pressure[ids[0]], 0, 0])
        if shape == "pyr":
            samples = [(velocity[i], points[i], density[i], velocity[i]) for i in ids]
        else:
            order = cell.GetOrder() if shape in ("tri", "tet") else cell.GetOrder(0)
            assert order == p, f"{path}: cell {c} has order {order}, not {p}"
            samples = []
            for r in inner_points(shape):
                position, value = interpolated(cell, r, density)
                samples.append((r, position, value, interpolated(cell, r, velocity)[1]))
        for r, position, value, vector in samples:
            worst = max(
                worst,
                np.abs(position - shift - bent(bend, r)).max() / (1 + shift[0]),
                abs(value - polynomial(p, r)),
                np.abs(vector - r).max(),
            )
    assert worst < tolerance, f"{path}: interpolation is off by {worst}"
    return worst


def check_volumes(grid, path, p, tolerance):
    """VTK's own sizes of the straight cells of each element add up to the element."""
    sizes = vtk.vtkCellSizeFilter()
    sizes.SetInputData(grid)
    sizes.ComputeSumOff()
    sizes.Update()
    data = sizes.GetOutput().GetCellData()
    pressure = vtk_to_numpy(grid.GetPointData().GetArray("Pressure"))
    found, counts = {}, {}
    for c in range(grid.GetNumberOfCells()):
        shape = NAMES[grid.GetCellType(c)]
        kind = {1: "Length", 2: "Area", 3: "Volume"}[DIMS[shape]]
        size = data.GetArray(kind).GetValue(c)
        assert size > 0, f"{path}: cell {c} ({shape}) has the {kind} {size}"
        element = (shape, pressure[grid.GetCell(c).GetPointId(0)])
        found[element] = found.get(element, 0.0) + size
        counts[element] = counts.get(element, 0) + 1
    for (shape, number), size in found.items():
        assert abs(size - VOLUMES[shape]) < tolerance, f"{path}: {shape} {number} has the size {size}"
        assert counts[shape, number] == cells_an_element(shape, p), f"{path}: {shape}, {counts[shape, number]} cells"


def check_probe(grid, path, p, tolerance):
    """The same through a filter, which has to find the cell of a physical point (VTK does so for straight cells)."""
    shape = NAMES[grid.GetCellType(0)]
    wanted = inner_points(shape, 60 if shape == "pyr" else 12)
    points = vtk.vtkPoints()
    for r in wanted:
        points.InsertNextPoint(r)
    targets = vtk.vtkPolyData()
    targets.SetPoints(points)
    probe = vtk.vtkProbeFilter()
    probe.SetInputData(targets)
    probe.SetSourceData(grid)
    probe.Update()
    data = probe.GetOutput().GetPointData()
    found = vtk_to_numpy(data.GetArray("vtkValidPointMask"))
    assert (found == 1).all(), f"{path}: the probe finds {found.sum()} of {len(wanted)} points"
    error = np.abs(vtk_to_numpy(data.GetArray("Velocity")) - wanted).max()
    if shape != "pyr" or p == 1:  # linear cells reproduce linear functions only
        error = max(error, np.abs(vtk_to_numpy(data.GetArray("Density")) - polynomial(p, wanted)).max())
    assert error < tolerance, f"{path}: probe is off by {error}"


def check_rows(folder):
    count, worst = 0, {"f64": 0.0, "f32": 0.0}
    for path in sorted(folder.glob("cell-*.vtu")):
        shape, p, tag = re.fullmatch(r"cell-(\w+)-(\d)-(f\d\d)", path.stem).groups()
        p = int(p)
        grid = read(path)
        cells = grid.GetNumberOfCells()
        assert cells == 3 * cells_an_element(shape, p), f"{path}: {cells} cells"
        assert {grid.GetCellType(c) for c in range(cells)} <= CELL_TYPES[shape], path
        wanted = {"f64": "double", "f32": "float"}[tag]
        for array in [grid.GetPoints().GetData()] + [grid.GetPointData().GetArray(i) for i in range(3)]:
            assert array.GetDataTypeAsString() == wanted, f"{path}: {array.GetName()}"
        tolerance = {"f64": 1e-12, "f32": 1e-4}[tag]
        bend = 0.1 if tag == "f64" and p > 1 else 0.0
        worst[tag] = max(worst[tag], check_cells(grid, path, p, tolerance, bend))
        if tag == "f32" and shape != "line":
            check_volumes(grid, path, p, tolerance)
            check_probe(grid, path, p, tolerance)
        count += 1
    assert count == 12 * len(CELL_TYPES), f"{count} files of single shapes"
    print(f"{count} files, {len(CELL_TYPES)} shapes, orders 1 to 6: interpolation error {worst['f64']:.1e} (f64), {worst['f32']:.1e} (f32)")


def check_special(folder):
    for p in (1, 2, 4):
        grid = read(folder / f"mixed-{p}.vtu")
        check_cells(grid, f"mixed-{p}.vtu", p, 1e-12)
        check_volumes(grid, f"mixed-{p}.vtu", p, 1e-12)
        expected = [shape for shape in CELL_TYPES if shape != "line" for _ in range(2 * cells_an_element(shape, p))]
        assert [NAMES[grid.GetCellType(c)] for c in range(grid.GetNumberOfCells())] == expected, f"mixed-{p}"
    for name, cells in [("blocks-4096", 4096), ("blocks-32768", 32768), ("blocks-0", 0)]:
        grid = read(folder / f"{name}.vtu")
        assert grid.GetNumberOfCells() == cells, f"{name}: {grid.GetNumberOfCells()} cells"
        if cells:
            pressure = vtk_to_numpy(grid.GetPointData().GetArray("Pressure"))
            per_cell = len(pressure) // cells
            assert (pressure == np.repeat(np.arange(cells), per_cell)).all(), f"{name}: values"
            x = vtk_to_numpy(grid.GetPoints().GetData())[::per_cell, 0]
            assert (x == 2 * np.arange(cells)).all(), f"{name}: points"
            ids = [grid.GetCell(c).GetPointId(0) for c in (0, cells // 2, cells - 1)]
            assert ids == [0, per_cell * (cells // 2), per_cell * (cells - 1)], f"{name}: connectivity"
            parts = vtk_to_numpy(grid.GetCellData().GetArray("Part"))
            assert len(parts) == cells and (parts == 0).all(), f"{name}: parts"
    density = vtk_to_numpy(read(folder / "nan.vtu").GetPointData().GetArray("Density"))
    assert np.isnan(density[1]) and np.isinf(density[2]) and density[3] == 2.0, density
    print("mixed shapes, full compression blocks, no cells, NaN and infinity: read back")


def check_series(folder):
    pvd = folder / "flow & <co>.pvd"
    outputs = xml.parse(pvd).getroot().findall("Collection/DataSet")
    times = [float(o.get("timestep")) for o in outputs]
    assert times == [0.0, 0.1, 0.30000000000000004], times
    for n, output in enumerate(outputs):
        path = pvd.parent / output.get("file")
        grid = read(path)
        pieces = [2 + n + 1, 2 + n + 2 * cells_an_element("pyr", 3)]
        expected = sum(pieces)
        assert grid.GetNumberOfCells() == expected, f"{path}: {grid.GetNumberOfCells()} cells, not {expected}"
        check_cells(grid, path, 3, 1e-4)
        parts = vtk_to_numpy(grid.GetCellData().GetArray("Part")).tolist()
        assert parts == [0] * pieces[0] + [1] * pieces[1], parts
        names = [grid.GetPointData().GetArrayName(i) for i in range(3)]
        assert names == ["Density", "Velocity", "Pressure"], names
        assert grid.GetPointData().GetArray("Density").GetDataTypeAsString() == "float"
    print(f"series of {len(times)} times, three pieces each: cells, parts, values and times are right")


def main():
    folder = pathlib.Path(sys.argv[1])
    check_rows(folder)
    check_special(folder)
    check_series(folder)


if __name__ == "__main__":
    main()
