#!/usr/bin/env pvpython
"""Opens every kind of output in ParaView and compares times, fields and values with what is known of the flow.

usage: pvpython paraview_open.py SOLVER FOLDER [PICTURE.png]        (`make test-paraview` does so, with a display for pictures)

SOLVER is the program; FOLDER, new or empty, is where it makes a mesh and a flow of polynomials, and exports it. Values at nodes
are compared with the polynomials, those between the nodes with `solver sample`.
"""
import os
import pathlib
import subprocess
import sys

import numpy as np
from paraview import servermanager, simple
from vtkmodules.vtkIOImage import vtkPNGReader
from vtkmodules.util.numpy_support import vtk_to_numpy

ORDER = 3
STATE = {
    "rho": "2 + pow(0.3 + 0.2*x - 0.1*y + 0.15*z, 3)",
    "u": "1 + x - 0.3*y + 0.2*z",
    "v": "0.4*x + y - 0.1*z",
    "w": "0.5 - 0.2*x + 0.3*y + z",
    "p": "3 + x - 0.5*y + 0.25*z",
}
SIDES = ["back", "bottom", "front", "left", "right", "top"]
STEP = 1e-6
# The flow moves by about ten times its time.
MOVED = 1e-4
# Precision of what a run writes for ParaView.
SINGLE = 1e-6


def case():
    state = "".join(f"{name} = {value}\n" for name, value in STATE.items())
    sides = "".join(f"[soln-bcs-{side}]\ntype = sup-in-fa\n{state}" for side in SIDES)
    return (
        f"[backend]\nprecision = double\n[constants]\ngamma = 1.4\n[solver]\nsystem = euler\norder = {ORDER}\n"
        f"[solver-time-integrator]\nscheme = euler\ntend = {2 * STEP}\ndt = {STEP}\n"
        f"[solver-interfaces]\nriemann-solver = rusanov\n"
        f"[soln-plugin-writer]\ndt-out = {STEP}\nbasename = flow-{{n}}\n[soln-ics]\n{state}{sides}"
    )


def known(points):
    """The fields at points, by name."""
    x, y, z = np.asarray(points, dtype=float).T
    values = {name: eval(text, {"pow": np.power, "x": x, "y": y, "z": z}) for name, text in STATE.items()}
    velocity = np.stack([values[name] for name in "uvw"], axis=-1)
    return {"Density": values["rho"], "Velocity": velocity, "Pressure": values["p"]}


def opened(path, reader=None):
    source = reader(FileName=str(path)) if reader else simple.OpenDataFile(str(path))
    assert source is not None, f"ParaView has no reader for {path}"
    return source


def at(source, time):
    """The data of a source at a time, blocks joined."""
    source.UpdatePipeline(time)
    data = servermanager.Fetch(source)
    if data.IsA("vtkCompositeDataSet"):
        data = servermanager.Fetch(simple.MergeBlocks(Input=source))
    return data


def check(data, tolerance, what, names=("Density", "Velocity", "Pressure")):
    """Fields are those of the flow at every node."""
    points = vtk_to_numpy(data.GetPoints().GetData())
    assert len(points), f"{what} has no points"
    present = {data.GetPointData().GetArrayName(i) for i in range(data.GetPointData().GetNumberOfArrays())}
    assert set(names) <= present, f"{what} has the fields {present}"
    worst = 0.0
    for name, values in known(points).items():
        if name in names:
            worst = max(worst, np.abs(vtk_to_numpy(data.GetPointData().GetArray(name)) - values).max())
    assert worst < tolerance, f"{what} differs from the flow by {worst}"
    print(f"{what}: {data.GetNumberOfCells()} cells, {len(points)} nodes, off by {worst:.1e} at most", flush=True)


def check_times(source, expected, what):
    times = list(source.TimestepValues)
    assert np.allclose(times, expected, rtol=0, atol=1e-12), f"{what} has the times {times}, not {expected}"


def check_line(source, solver, mesh, tolerance, what):
    """Values along a line through the cells, by ParaView, are those that `solver sample` finds."""
    ends = [0.03, 0.05, 0.04], [0.96, 0.93, 0.97]
    count = 41
    line = ":".join(",".join(map(str, end)) for end in ends) + f":{count}"
    # A variable that is a polynomial itself, so that interpolation between nodes says the same.
    solver("sample", mesh, "flow-0.ssoln", "--line", line, "-f", "Density = rho", "-o", "line.csv")
    sampled = np.genfromtxt("line.csv", delimiter=",", names=True)["Density"]
    # (Its coordinates are of single precision.)
    points = simple.Line(Point1=ends[0], Point2=ends[1], Resolution=count - 1)
    data = at(simple.ResampleWithDataset(SourceDataArrays=source, DestinationMesh=points), 0.0)
    valid = vtk_to_numpy(data.GetPointData().GetArray("vtkValidPointMask")) == 1
    # Its search misses some points in curved cells, whatever they hold.
    assert valid.mean() > 0.8, f"{what}: ParaView finds {valid.sum()} of {count} points"
    errors = np.abs(vtk_to_numpy(data.GetPointData().GetArray("Density")) - sampled)[valid]
    # Pyramids are linear cells in a .vtu file, so that the density between their nodes is off by what linear interpolation is.
    worst, middle = np.max(errors), np.median(errors)
    assert worst < 5e-4 and middle < tolerance, f"{what}: values between the nodes differ by {worst}, half of them by {middle}"
    print(f"{what}: {valid.sum()} points on a line are within {worst:.1e} of `solver sample`, half of them {middle:.1e}", flush=True)


def draw(source, picture):
    view = simple.CreateView("RenderView")
    view.ViewSize = [800, 600]
    view.OrientationAxesVisibility = 0
    shown = simple.Show(source, view)
    shown.NonlinearSubdivisionLevel = 3
    simple.ColorBy(shown, ("POINTS", "Density"))
    shown.RescaleTransferFunctionToDataRange()
    shown.SetScalarBarVisibility(view, True)
    view.CameraPosition = [3, -2, 2]
    view.CameraFocalPoint = [0.5, 0.5, 0.5]
    view.CameraViewUp = [0, 0, 1]
    simple.ResetCamera(view)
    simple.SaveScreenshot(str(picture), view)
    reader = vtkPNGReader()
    reader.SetFileName(str(picture))
    reader.Update()
    colours = np.unique(vtk_to_numpy(reader.GetOutput().GetPointData().GetScalars()), axis=0)
    assert len(colours) > 100, f"{picture} has {len(colours)} colours only"
    print(f"{picture.name}: {len(colours)} colours")


def inherited(name):
    """Whether a variable of the environment was set by the MPI library of this process."""
    ours = "OMPI_ALLOW_RUN_AS_ROOT", "OMPI_MCA_rmaps_base_oversubscribe", "OMPI_MCA_hwloc_base_binding_policy"
    return name.startswith(("PMIX_", "OMPI_")) and not name.startswith(ours)


def main():
    program, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    picture = pathlib.Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else None
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    (folder / "case.ini").write_text(case())

    def solver(*arguments, ranks=1):
        launcher = [os.environ.get("MPIRUN", "mpirun"), "-np", str(ranks)] if ranks > 1 else []
        # pvpython is an MPI program, too, and would pass on its being one of one rank.
        environment = {name: value for name, value in os.environ.items() if not inherited(name)}
        subprocess.run([*launcher, program, *map(str, arguments)], check=True, env=environment, stdout=subprocess.DEVNULL)

    solver("generate", "box", 3, 2, 3, "--shape", "mixed", "-o", "mesh.smesh")
    solver("run", "mesh.smesh", "case.ini", "--progress", "none")
    solutions = sorted(folder.glob("flow-?.ssoln"))
    assert len(solutions) == 3, solutions
    times = [0, STEP, 2 * STEP]
    version = simple.GetParaViewVersion()
    print(f"ParaView {version.major}.{version.minor}")

    # What a run writes; its series; several pieces of a parallel run.
    run = opened("flow.pvd")
    check_times(run, times, "flow.pvd")
    for time in times:
        check(at(run, time), SINGLE if time == 0 else MOVED, f"flow.pvd at {time}")
    check_line(run, solver, "mesh.smesh", SINGLE, "flow.pvd")
    single = opened("flow-0.vtu")
    check(at(single, 0), SINGLE, "flow-0.vtu")
    if os.environ.get("SOLVER_SKIP_MPI") != "1":
        pathlib.Path("ranks").mkdir(exist_ok=True)
        solver("run", "mesh.smesh", "case.ini", "--progress", "none", "--set", "soln-plugin-writer.basedir=ranks", ranks=2)
        parallel = opened("ranks/flow-0.pvtu")
        data = at(parallel, 0)
        check(data, SINGLE, "flow-0.pvtu of 2 ranks")
        assert set(vtk_to_numpy(data.GetCellData().GetArray("Part"))) == {0, 1}
        assert data.GetNumberOfCells() == at(single, 0).GetNumberOfCells()
        check_times(opened("ranks/flow.pvd"), times, "flow.pvd of 2 ranks")
        solver("export", "volume", "mesh.smesh", "flow-0.ssoln", "-o", "pieces.pvtu", "-p", "double", ranks=2)
        check(at(opened("pieces.pvtu"), 0), 1e-10, "pieces.pvtu of 2 ranks")
        solver("export", "boundary", "mesh.smesh", "flow-0.ssoln", "-o", "sides.pvtu", "-p", "double", ranks=2)
        sides = at(opened("sides.pvtu"), 0)
        check(sides, 1e-10, "sides.pvtu of 2 ranks")
        assert set(vtk_to_numpy(sides.GetCellData().GetArray("Boundary"))) == set(range(6))

    # What `solver export` and `solver mesh` write.
    solver("export", "volume", *solutions, "-o", "all.pvd", "-p", "double")
    exported = opened("all.pvd")
    check_times(exported, times, "all.pvd")
    check(at(exported, 0), 1e-10, "all.pvd")
    check_line(exported, solver, "mesh.smesh", 1e-7, "all.pvd")
    solver("export", "volume", "flow-0.ssoln", "-o", "divided.vtu", "--divide", 4)
    check(at(opened("divided.vtu"), 0), SINGLE, "divided.vtu")
    solver("export", "boundary", "flow-0.ssoln", "-o", "boundary.vtu", "-p", "double")
    surface = at(opened("boundary.vtu"), 0)
    check(surface, 1e-10, "boundary.vtu")
    points, normal = (vtk_to_numpy(a) for a in (surface.GetPoints().GetData(), surface.GetPointData().GetArray("Normal")))
    assert np.abs(np.einsum("ij,ij->i", points - 0.5, normal) - 0.5).max() < 1e-10, "normals of boundary.vtu"
    solver("export", "stl", "flow-0.ssoln", *SIDES, "-o", "surface.stl")
    measured = simple.IntegrateVariables(Input=opened("surface.stl"))
    area = at(measured, 0).GetCellData().GetArray("Area").GetValue(0)
    assert abs(area - 6) < 1e-5, f"surface.stl has the area {area}"
    print(f"surface.stl: area {area:.7f}")
    with open("triangle.stl", "w") as file:
        corners = "".join(f"vertex {x} {y} {z}\n" for x, y, z in [(0.125, 0.25, 0.25), (0.875, 0.25, 0.375), (0.25, 0.75, 0.5)])
        file.write(f"solid triangle\nfacet normal 0 0 0\nouter loop\n{corners}endloop\nendfacet\nendsolid triangle\n")
    solver("export", "body", "flow-0.ssoln", "triangle.stl", "-o", "body.vtu", "-p", "double", "--divide", 5)
    check(at(opened("body.vtu"), 0), 1e-10, "body.vtu")
    solver("mesh", "mesh.smesh", "--export", "quality.vtu", "--all")
    quality = at(opened("quality.vtu"), 0)
    assert quality.GetNumberOfCells() >= 70 and quality.GetCellData().GetNumberOfArrays() > 0
    print(f"quality.vtu: {quality.GetNumberOfCells()} cells")

    # VTKHDF. ParaView 5.11 does not know its usual ending, and shows the first of several times.
    old = (version.major, version.minor) < (5, 12)
    hdf = simple.VTKHDFReader if old else None
    solver("export", "volume", *solutions, "-o", "all.vtkhdf", "-p", "double")
    series = opened("all.vtkhdf", hdf)
    if not old:
        check_times(series, times, "all.vtkhdf")
    check(at(series, 0), 1e-10, "all.vtkhdf")
    solver("export", "boundary", "flow-0.ssoln", "-o", "boundary.vtkhdf", "-p", "double")
    check(at(opened("boundary.vtkhdf", hdf), 0), 1e-10, "boundary.vtkhdf")

    if picture:
        draw(run, picture)
    print("ParaView opens everything")


if __name__ == "__main__":
    main()
