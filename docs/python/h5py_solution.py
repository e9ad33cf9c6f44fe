#!/usr/bin/env python3
"""A solution (.ssoln) or averages (.savg) with h5py: what is in the file, and every solution point with its coordinates.

usage: h5py_solution.py MESH.smesh SOLUTION.ssoln [--csv OUT.csv]        (packages: h5py, numpy)

The solution holds the conserved variables at the solution points of every element, `values[element, variable, point]`;
where these points are, the nodes of the mesh say. Both files are plain HDF5; `h5dump -H` shows what else there is.
"""
import argparse

import h5py
import numpy as np


def exponents(shape, order):
    """(i, j, k) of the monomials of a shape's polynomials; x runs fastest, as in the order of the mesh's nodes."""
    n = range(order + 1)
    inside = {
        "line": lambda i, j, k: j == k == 0,
        "tri": lambda i, j, k: i + j <= order and k == 0,
        "quad": lambda i, j, k: k == 0,
        "tet": lambda i, j, k: i + j + k <= order,
        "hex": lambda i, j, k: True,
        "pri": lambda i, j, k: i + j <= order,
        "pyr": lambda i, j, k: max(i, j) + k <= order,
    }[shape]
    return np.array([(i, j, k) for k in n for j in n for i in n if inside(i, j, k)])


def monomials(shape, order, points):
    """Value of each polynomial at each reference point: [point, polynomial]."""
    x, y, z = np.pad(points, ((0, 0), (0, 3 - points.shape[1]))).T[:, :, None]
    i, j, k = exponents(shape, order).T
    if shape == "pyr":  # its base functions are polynomials divided by the distance from the apex
        c = np.maximum((1 - z) / 2, 1e-200)
        return (x / c) ** i * (y / c) ** j * c ** np.maximum(i, j) * z**k
    return x**i * y**j * z**k


def lattice(shape, order):
    """Reference coordinates of the nodes of the mesh's elements: equally spaced, x fastest."""
    at = -1 + 2 * exponents(shape, order) / order
    if shape == "pyr":  # its layers shrink towards the apex
        at[:, :2] += (at[:, 2:] + 1) / 2
    return at


def coordinates(mesh, ids, shape, reference):
    """Where the points `reference` of the elements `ids` (of one shape) are: [element, point, dimension]."""
    nodes = mesh["nodes"][:]
    where = np.empty((len(ids), len(reference), nodes.shape[1]))
    first = 0  # elements are numbered through the blocks of the mesh
    for name in sorted(mesh["elements"]):
        block = mesh["elements"][name]
        of_elements = block["nodes"][:]
        here = (ids >= first) & (ids < first + len(of_elements))
        if here.any():
            order = int(block.attrs["order"])
            dims = reference.shape[1]
            at_nodes = monomials(shape, order, lattice(shape, order)[:, :dims])
            weights = np.linalg.solve(at_nodes.T, monomials(shape, order, reference).T).T  # [point, node]
            where[here] = np.einsum("pn,end->epd", weights, nodes[of_elements[ids[here] - first]])
        first += len(of_elements)
    return where


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("mesh")
    arguments.add_argument("solution")
    arguments.add_argument("--csv", help="write coordinates and variables of all solution points")
    arguments = arguments.parse_args()

    rows = []
    with h5py.File(arguments.mesh) as mesh, h5py.File(arguments.solution) as solution:
        if text(mesh.attrs["uuid"]) != text(solution.attrs["mesh-uuid"]):
            raise SystemExit(f"{arguments.solution} is not a solution on {arguments.mesh}")
        variables = [text(name) for name in solution.attrs["variables"]]
        print(f"system {text(solution.attrs['system'])}, t = {solution.attrs['t']:.6g}, step {solution.attrs['step']}")
        for name, block in solution["solution"].items():
            shape, order = text(block.attrs["shape"]), int(block.attrs["order"])
            ids, values, reference = block["ids"][:], block["values"][:], block["points"][:]
            print(f"{len(ids)} elements of shape {shape}, order {order}, {len(reference)} points each")
            x = coordinates(mesh, ids, shape, reference)
            rows.append(np.concatenate([x, values.transpose(0, 2, 1)], axis=2).reshape(-1, x.shape[2] + len(variables)))
    rows = np.concatenate(rows)
    dims = rows.shape[1] - len(variables)
    for name, column in zip(variables, rows.T[dims:]):
        print(f"{name:10} {column.min():.6g} to {column.max():.6g}")
    if arguments.csv:
        np.savetxt(arguments.csv, rows, "%.17g", ",", header=",".join([*"xyz"[:dims], *variables]), comments="")


if __name__ == "__main__":
    main()
