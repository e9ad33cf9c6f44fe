#!/usr/bin/env python3
"""Checks files of `solver export` (written by tests/export_cli/) with VTK's own readers and interpolation.

usage: check_export.py FOLDER ORDER       (packages: vtk, numpy)

FOLDER holds volume.vtu, boundary.vtu, body.vtu (nine triangles), flow.vtkhdf (three times, the last on cells of the next order) of one flow.
"""
import pathlib
import sys

import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

LAGRANGE = {68: 1, 69: 2, 70: 2, 71: 3, 72: 3, 73: 3}
LINEAR = {vtk.VTK_TETRA, vtk.VTK_PYRAMID}


def density(order, x):
    x, y, z = np.asarray(x).T
    return 2 + (0.3 + 0.2 * x - 0.1 * y + 0.15 * z) ** order


def velocity(x):
    x, y, z = np.asarray(x).T
    return np.stack([1 + x - 0.3 * y + 0.2 * z, 0.4 * x + y - 0.1 * z, 0.5 - 0.2 * x + 0.3 * y + z], axis=-1)


class Complaints:
    """Collects what VTK itself says about a file."""

    def __init__(self, reader):
        self.texts = []
        reader.AddObserver("ErrorEvent", self)
        reader.AddObserver("WarningEvent", self)

    def __call__(self, _source, event):
        self.texts.append(event)


def array(grid, name):
    return vtk_to_numpy(grid.GetPointData().GetArray(name))


def check(grid, order, tolerance, what):
    """Values at the points, and of Lagrange cells between them."""
    points = vtk_to_numpy(grid.GetPoints().GetData()).astype(float)
    rho, u = array(grid, "Density"), array(grid, "Velocity")
    assert np.abs(rho - density(order, points)).max() < tolerance, f"{what}: density at the points"
    assert np.abs(u - velocity(points)).max() < tolerance, f"{what}: velocity at the points"
    random = np.random.default_rng(3)
    kinds = {}
    for c in range(grid.GetNumberOfCells()):
        cell = grid.GetCell(c)
        kind = cell.GetCellType()
        kinds[kind] = kinds.get(kind, 0) + 1
        if kind not in LAGRANGE:
            continue
        ids = [cell.GetPointId(i) for i in range(cell.GetNumberOfPoints())]
        for _ in range(2):
            r = random.random(3) * 0.3 + 0.02
            r[LAGRANGE[kind]:] = 0
            weights, place, sub = [0.0] * len(ids), [0.0] * 3, vtk.mutable(0)
            cell.EvaluateLocation(sub, list(r), place, weights)
            value = np.array(weights) @ rho[ids]
            assert abs(value - density(order, [place])[0]) < tolerance, f"{what}: cell {c} of type {kind}"
    return kinds


def volume(grid):
    """Of the cells, which are straight."""
    tool = vtk.vtkCellSizeFilter()
    tool.SetInputData(grid)
    tool.Update()
    return vtk_to_numpy(tool.GetOutput().GetCellData().GetArray("Volume")).sum()


def read(reader, path):
    complaints = Complaints(reader)
    reader.SetFileName(str(path))
    reader.Update()
    assert not complaints.texts, f"{path}: VTK complains: {complaints.texts}"
    return reader.GetOutputDataObject(0)


def main():
    folder, order = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    grid = read(vtk.vtkXMLUnstructuredGridReader(), folder / "volume.vtu")
    kinds = check(grid, order, 1e-10, "volume.vtu")
    assert {71, 72, 73} | LINEAR <= set(kinds), kinds

    compressed = read(vtk.vtkXMLUnstructuredGridReader(), folder / "compressed.vtu")
    assert check(compressed, order, 1e-10, "compressed.vtu") == kinds

    divided = read(vtk.vtkXMLUnstructuredGridReader(), folder / "divided.vtu")
    kinds = check(divided, order, 1e-10, "divided.vtu")
    assert set(kinds) == LINEAR | {vtk.VTK_HEXAHEDRON, vtk.VTK_WEDGE}, kinds
    assert abs(volume(divided) - 1) < 1e-12, volume(divided)

    surface = read(vtk.vtkXMLUnstructuredGridReader(), folder / "boundary.vtu")
    kinds = check(surface, order, 1e-10, "boundary.vtu")
    assert set(kinds) == {69, 70}, kinds
    points, normal = vtk_to_numpy(surface.GetPoints().GetData()), array(surface, "Normal")
    assert np.abs(np.einsum("ij,ij->i", points - 0.5, normal) - 0.5).max() < 1e-10, "normals"
    assert set(vtk_to_numpy(surface.GetCellData().GetArray("Boundary"))) == set(range(6))

    body = read(vtk.vtkXMLUnstructuredGridReader(), folder / "body.vtu")
    assert check(body, order, 1e-10, "body.vtu") == {vtk.VTK_TRIANGLE: 9}
    assert list(vtk_to_numpy(body.GetCellData().GetArray("Body"))) == [0] * 9

    reader = vtk.vtkHDFReader()
    complaints = Complaints(reader)
    reader.SetFileName(str(folder / "flow.vtkhdf"))
    reader.UpdateInformation()
    assert reader.GetNumberOfSteps() == 3, reader.GetNumberOfSteps()
    key = vtk.vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    information = reader.GetOutputInformation(0)
    times = [information.Get(key, i) for i in range(information.Length(key))]
    assert times[0] == 0 < times[1] < times[2], times
    sizes = []
    # Back and forth, as a viewer does.
    for step in (0, 1, 2, 0):
        reader.SetStep(step)
        reader.Update()
        assert not complaints.texts, f"VTK complains about step {step}: {complaints.texts}"
        grid = reader.GetOutputDataObject(0)
        # The flow moves a little from time to time, and with the change of order.
        kinds = check(grid, order, 1e-10 if step == 0 else 1e-3, f"flow.vtkhdf, step {step}")
        assert {71, 72, 73} | LINEAR <= set(kinds), kinds
        sizes.append((grid.GetNumberOfPoints(), grid.GetNumberOfCells()))
        t = array(grid, "time")
        assert np.abs(t - times[step]).max() < 1e-18, f"step {step}: {t[0]}, not {times[step]}"
    assert sizes[0] == sizes[1] == sizes[3] and sizes[2][0] > sizes[0][0], sizes

    single = read(vtk.vtkHDFReader(), folder / "boundary.vtkhdf")
    assert set(check(single, order, 1e-10, "boundary.vtkhdf")) == {69, 70}
    assert set(vtk_to_numpy(single.GetCellData().GetArray("Boundary"))) == set(range(6))
    print("volume, divided cells, boundary, body and VTKHDF: VTK reads the flow")


if __name__ == "__main__":
    main()
