#!/usr/bin/env python3
"""Results for ParaView (.pvd, .pvtu, .vtu, .vtkhdf) with PyVista: times, fields, values at points, a picture without a window.

usage: pyvista_picture.py FILE [--time T] [--at X Y Z]... [--field NAME] [--picture OUT.png] [--csv OUT.csv]

Packages: pyvista (which brings vtk and numpy). --at interpolates with the polynomial of the cell, of high order as it is.
"""
import argparse

import numpy as np
import pyvista


def read(path, time):
    """The times in a file, and the grid at the one nearest to `time` (default: the last)."""
    reader = pyvista.get_reader(path)
    times = list(getattr(reader, "time_values", None) or [])
    if times:
        reader.set_active_time_value(min(times, key=lambda t: abs(t - time)) if time is not None else times[-1])
    grid = reader.read()
    # A .pvd is a collection of files, all but always of one.
    return times, grid.combine() if isinstance(grid, pyvista.MultiBlock) else grid


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file")
    arguments.add_argument("--time", type=float, help="of several times, the nearest to this (default: the last)")
    arguments.add_argument("--at", type=float, nargs=3, action="append", default=[], metavar=("X", "Y", "Z"))
    arguments.add_argument("--field", help="what the picture shows (default: the first field)")
    arguments.add_argument("--picture", help="a .png file to draw")
    arguments.add_argument("--csv", help="write coordinates and fields of all nodes")
    arguments = arguments.parse_args()

    times, grid = read(arguments.file, arguments.time)
    if times:
        print("times", *(f"{t:.6g}" for t in times))
    print(f"{grid.n_points} nodes, {grid.n_cells} cells")
    columns, names = [grid.points], ["x", "y", "z"]
    for name, values in grid.point_data.items():
        print(f"{name:10} {values.min():.6g} to {values.max():.6g}")
        values = values.reshape(grid.n_points, -1)
        columns.append(values)
        names += [name] if values.shape[1] == 1 else [f"{name}_{axis}" for axis in "xyz"[:values.shape[1]]]
    if arguments.csv:
        rows = np.concatenate(columns, axis=1)
        np.savetxt(arguments.csv, rows, "%.17g", ",", header=",".join(names), comments="")
    if arguments.at:
        found = pyvista.PolyData(np.array(arguments.at)).sample(grid)
        for i, point in enumerate(arguments.at):
            if not found["vtkValidPointMask"][i]:
                print(f"at {point}: outside")
                continue
            values = {name: np.round(found[name][i], 12).tolist() for name in grid.point_data.keys()}
            print(f"at {point}: {values}")
    if arguments.picture:
        # Cells of high order are drawn with edges and faces divided; 2 to 4 times are enough for a picture.
        surface = grid.extract_surface(nonlinear_subdivision=3, algorithm="dataset_surface")
        plotter = pyvista.Plotter(off_screen=True, window_size=(1000, 800))
        plotter.add_mesh(surface, scalars=arguments.field or grid.point_data.keys()[0], cmap="coolwarm")
        z = grid.bounds[4:]
        if z[1] - z[0] < 1e-12:
            plotter.view_xy()
        plotter.screenshot(arguments.picture)


if __name__ == "__main__":
    main()
