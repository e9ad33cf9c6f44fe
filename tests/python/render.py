#!/usr/bin/env python3
"""Draws a result to a picture, without a screen.

usage: render.py FILE.{vtu,pvtu,pvd} OUT.png [FIELD [COMPONENT]]

FIELD is a point field (default: the first), drawn by its magnitude or the given component; a .pvd shows its last time.
Packages: vtk; on a machine without a display also EGL (Debian: libegl1 libegl-mesa0 libgl1-mesa-dri).
"""
import os
import pathlib
import sys
import xml.etree.ElementTree as xml

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
import vtk  # noqa: E402 (reads the variable above)


def read(path):
    if path.suffix == ".pvd":
        last = xml.parse(path).getroot().findall("Collection/DataSet")[-1]
        path = path.parent / last.get("file")
    parallel = path.suffix == ".pvtu"
    reader = vtk.vtkXMLPUnstructuredGridReader() if parallel else vtk.vtkXMLUnstructuredGridReader()
    reader.SetFileName(str(path))
    reader.Update()
    return reader.GetOutput()


def colours(low, high):
    """Blue, white, red."""
    table = vtk.vtkColorTransferFunction()
    table.SetColorSpaceToDiverging()
    table.AddRGBPoint(low, 0.23, 0.30, 0.75)
    table.AddRGBPoint(high, 0.71, 0.02, 0.15)
    return table


def main():
    if len(sys.argv) not in (3, 4, 5):
        sys.exit(__doc__)
    grid = read(pathlib.Path(sys.argv[1]))
    name = sys.argv[3] if len(sys.argv) > 3 else grid.GetPointData().GetArrayName(0)
    component = int(sys.argv[4]) if len(sys.argv) > 4 else -1
    array = grid.GetPointData().GetArray(name)
    if array is None:
        sys.exit(f"no field {name}; there are {[grid.GetPointData().GetArrayName(i) for i in range(grid.GetPointData().GetNumberOfArrays())]}")

    # High-order cells are drawn by subdividing them.
    surface = vtk.vtkDataSetSurfaceFilter()
    surface.SetInputData(grid)
    surface.SetNonlinearSubdivisionLevel(3)
    table = colours(*array.GetRange(component))
    if component < 0 and array.GetNumberOfComponents() > 1:
        table.SetVectorModeToMagnitude()
    elif component >= 0:
        table.SetVectorModeToComponent()
        table.SetVectorComponent(component)
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputConnection(surface.GetOutputPort())
    mapper.SetScalarModeToUsePointFieldData()
    mapper.SelectColorArray(name)
    mapper.SetColorModeToMapScalars()
    mapper.SetLookupTable(table)
    mapper.InterpolateScalarsBeforeMappingOn()
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetAmbient(0.4)  # colours are to be read off, shape is secondary
    actor.GetProperty().SetDiffuse(0.6)
    bar = vtk.vtkScalarBarActor()
    bar.SetLookupTable(table)
    bar.SetTitle(name)
    bar.SetNumberOfLabels(5)
    for text in (bar.GetTitleTextProperty(), bar.GetLabelTextProperty()):
        text.SetColor(0, 0, 0)

    renderer = vtk.vtkRenderer()
    renderer.SetBackground(1, 1, 1)
    renderer.AddActor(actor)
    renderer.AddViewProp(bar)
    x0, x1, y0, y1, z0, z1 = grid.GetBounds()
    camera = renderer.GetActiveCamera()
    if z1 - z0 > 1e-6 * max(x1 - x0, y1 - y0):
        camera.SetPosition(-1.2, -2.0, 1.4)
        camera.SetFocalPoint(0, 0, 0)
        camera.SetViewUp(0, 0, 1)
    else:
        camera.ParallelProjectionOn()
        actor.GetProperty().LightingOff()
    renderer.ResetCamera()
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(True)
    window.SetSize(1200, 800)
    window.AddRenderer(renderer)
    window.Render()
    picture = vtk.vtkWindowToImageFilter()
    picture.SetInput(window)
    picture.ReadFrontBufferOff()
    writer = vtk.vtkPNGWriter()
    writer.SetFileName(sys.argv[2])
    writer.SetInputConnection(picture.GetOutputPort())
    writer.Write()


if __name__ == "__main__":
    main()
