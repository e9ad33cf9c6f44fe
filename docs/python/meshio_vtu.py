#!/usr/bin/env python3
"""Results for ParaView (.vtu) with meshio: cells, fields, values at nodes.

usage: meshio_vtu.py FILE.vtu [--csv OUT.csv] [--save OUT]        (packages: meshio, numpy; vtk for files with LZ4)

meshio knows VTK's high-order Lagrange cells by names such as VTK_LAGRANGE_QUADRILATERAL and leaves their nodes in VTK's
order. For programs that know linear cells only, write those: `solver export volume flow.ssoln --divide 4`. --save writes
what was read in another format that meshio knows. meshio reads no .pvd, .pvtu and .vtkhdf; a .pvd names its .vtu files.
"""
import argparse
import collections
import os
import re
import tempfile

import meshio
import numpy as np


def recompressed(path):
    """The file with a compression that meshio knows, by VTK."""
    import vtk

    reader, writer = vtk.vtkXMLUnstructuredGridReader(), vtk.vtkXMLUnstructuredGridWriter()
    reader.SetFileName(path)
    writer.SetInputConnection(reader.GetOutputPort())
    writer.SetDataModeToBinary()
    writer.SetCompressorTypeToZLib()
    writer.SetWriteToOutputString(True)
    writer.Write()
    return writer.GetOutputString().encode()


def read(path):
    """meshio.read, for files of a newer version than it expects."""
    with open(path, "rb") as file:
        content = file.read()
    if b'compressor="vtkLZ4DataCompressor"' in content[:1000]:
        content = recompressed(path)
    # Versions from 2.1 say in which order hexahedra of high order have their nodes, which meshio does not look at; nothing
    # else differs from version 1.0, the last that it accepts.
    content = re.sub(rb'version="2\.\d"', b'version="1.0"', content, count=1)
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy.vtu")
        with open(copy, "wb") as file:
            file.write(content)
        return meshio.read(copy)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file")
    arguments.add_argument("--csv", help="write coordinates and fields of all nodes")
    arguments.add_argument("--save", help="write the mesh and its fields again, as what the ending says")
    arguments = arguments.parse_args()

    mesh = read(arguments.file)
    print(f"{len(mesh.points)} nodes")
    kinds = collections.Counter()
    for block in mesh.cells:
        kinds[block.type, block.data.shape[1]] += len(block.data)
    for (kind, nodes), count in kinds.items():
        print(f"{count} cells {kind} of {nodes} nodes")
    columns, names = [mesh.points], ["x", "y", "z"]
    for name, values in mesh.point_data.items():
        print(f"{name:10} {values.min():.6g} to {values.max():.6g}")
        values = values.reshape(len(mesh.points), -1)
        columns.append(values)
        names += [name] if values.shape[1] == 1 else [f"{name}_{axis}" for axis in "xyz"[:values.shape[1]]]
    if arguments.csv:
        rows = np.concatenate(columns, axis=1)
        np.savetxt(arguments.csv, rows, "%.17g", ",", header=",".join(names), comments="")
    if arguments.save:
        mesh.write(arguments.save)


if __name__ == "__main__":
    main()
