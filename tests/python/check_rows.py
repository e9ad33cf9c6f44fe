#!/usr/bin/env python3
"""Checks with h5py the rows that tests/monitor_files.rs wrote: names, scales, and the numbers of the CSV file beside them.

usage: check_rows.py FOLDER       (packages: h5py, numpy)
"""
import pathlib
import sys

import h5py
import numpy as np

folder = pathlib.Path(sys.argv[1])
with h5py.File(folder / "rows.h5") as file:
    probes = file["probes"]
    assert probes.shape == (11, 3, 12), probes.shape
    columns = [name.decode() for name in probes.attrs["columns"]]
    assert columns[:6] == ["rho", "u", "v", "p", "grad_rho_x", "grad_rho_y"], columns
    assert [list(d.keys()) for d in probes.dims] == [["t"], ["points"], []], [list(d.keys()) for d in probes.dims]
    assert probes.dims[0]["t"].is_scale and probes.dims[1][0].is_scale
    times, points = probes.dims[0]["t"][:], probes.dims[1]["points"][:]
    np.testing.assert_array_equal(points, [(0.3, 0.6), (0.5, 0.5), (0.9, 0.1)])

    rows = np.loadtxt(folder / "probes.csv", delimiter=",", skiprows=1)
    with open(folder / "probes.csv") as text:
        assert text.readline().strip().split(",") == ["t", "x", "y", *columns]
    np.testing.assert_array_equal(rows[:, 0], np.repeat(times, 3))
    np.testing.assert_array_equal(rows[:, 3:].reshape(probes.shape), probes[:])

    force = file["forces/left"]
    assert force.shape == (7, 3), force.shape
    assert [name.decode() for name in force.attrs["columns"]] == ["px", "py", "mpz"], force.attrs["columns"]
    assert list(force.dims[0].keys()) == ["t"] and len(force.dims[1]) == 0
    assert force.dims[0][0] == file["forces/left_t"] and file["forces/left_t"].shape == (7,)
print("rows: fine")
