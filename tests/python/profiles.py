#!/usr/bin/env python3
"""Draws the velocities on the centre lines of a unit square beside those of a table.

usage: profiles.py SOLUTION.{vtu,pvtu} TABLE.txt OUT.png

TABLE has lines "u Y VALUE" (velocity along x at x = 1/2) and "v X VALUE" (along y at y = 1/2), as
tests/fixtures/cavity/ghia-100.txt. Prints the largest and the mean deviation. Packages: vtk, numpy, matplotlib.
"""
import sys

import matplotlib
import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 (after the choice of a device)


def velocity(grid, places):
    """At places of the plane; on faces that of one of the elements."""
    points = vtk.vtkPoints()
    for x, y in places:
        points.InsertNextPoint(x, y, 0.0)
    probe = vtk.vtkProbeFilter()
    probe.SetSourceData(grid)
    probe.SetInputData(vtk.vtkPolyData())
    probe.GetInput().SetPoints(points)
    probe.Update()
    data = probe.GetOutput().GetPointData()
    if not vtk_to_numpy(data.GetArray("vtkValidPointMask")).all():
        sys.exit("the solution does not cover the unit square")
    return vtk_to_numpy(data.GetArray("Velocity"))


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    reader = vtk.vtkXMLPUnstructuredGridReader() if sys.argv[1].endswith(".pvtu") else vtk.vtkXMLUnstructuredGridReader()
    reader.SetFileName(sys.argv[1])
    reader.Update()
    with open(sys.argv[2], encoding="utf-8") as file:
        table = [line.split() for line in file if not line.startswith("#")]
    figure, axes = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
    for component, name in enumerate("uv"):
        at, published = np.array([[float(x) for x in row[1:]] for row in table if row[0] == name]).T

        def places(s, component=component):
            return [(0.5, y) if component == 0 else (y, 0.5) for y in s]

        off = np.abs(velocity(reader.GetOutput(), places(at))[:, component] - published)
        print(f"{name}: {len(at)} points, off by {off.max():.5f} at most (at {at[off.argmax()]}), {off.mean():.5f} on average")
        fine = np.linspace(0.0, 1.0, 401)
        line = velocity(reader.GetOutput(), places(fine))[:, component]
        pairs = [(line, fine), (published, at)] if component == 0 else [(fine, line), (at, published)]
        axes[component].plot(*pairs[0], "-", color="tab:blue", label="solver")
        axes[component].plot(*pairs[1], "o", color="black", markerfacecolor="none", label="Ghia, Ghia, Shin (1982)")
        axes[component].set_xlabel("u" if component == 0 else "x")
        axes[component].set_ylabel("y" if component == 0 else "v")
        axes[component].set_title(f"{name} at {'x' if component == 0 else 'y'} = 1/2")
        axes[component].grid(alpha=0.3)
    axes[0].legend(frameon=False)
    figure.savefig(sys.argv[3], dpi=110)


if __name__ == "__main__":
    main()
