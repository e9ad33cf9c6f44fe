//! Walks over the cells of a structured mesh: their elements, the faces on its sides, the nodes.

use super::fill::Filling;
use super::frame::{Corner, Frame, Lattices};
use super::numbering::{Marks, Numbering, check_nodes};
use super::random::SplitMix;
use super::{GenerateError, MAX_WARP, Patches, Side, Structured};
use crate::element::Shape;
use crate::mesh::raw::Group;
use crate::mesh::validate::MAX_ORDER;

/// Most lattice points that are looked at where elements use only some of them: half a gibibyte of marks for each 2^32.
const MOST_POINTS: u64 = 1 << 35;

/// Index of the physical group of the volume.
const VOLUME: u32 = 0;

/// A structured mesh that was checked.
pub struct Grid<'a> {
    mesh: &'a Structured,
    sides: [Side; 6],
    patches: Patches,
    /// Lattice intervals a cell: the order of the geometry, twice that where cells have nodes about their middle.
    fine: i64,
    /// Lattice intervals along each axis.
    intervals: [i64; 3],
    /// Lattice points along each axis that are different.
    points: [u64; 3],
    pub groups: Vec<Group>,
    /// Index of the first group of each side.
    first_group: [u32; 6],
    lattices: Lattices,
    straight: Lattices,
}

/// An element: of the volume, or a face on a side.
pub struct Piece<'a> {
    pub shape: Shape,
    /// Keys of its nodes in lattice order.
    pub keys: &'a [u64],
    /// Index of its physical group.
    pub group: u32,
}

impl<'a> Grid<'a> {
    /// # Errors
    /// Anything that [`GenerateError`] says about sizes.
    pub fn new(mesh: &'a Structured) -> Result<Grid<'a>, GenerateError> {
        let (dims, counts) = (mesh.dims(), mesh.counts);
        if counts.contains(&0) {
            return Err(GenerateError::NoCells(counts));
        }
        if !(1..=MAX_ORDER).contains(&mesh.order) {
            return Err(GenerateError::Order(mesh.order));
        }
        if mesh.warp.is_nan() || mesh.warp.abs() > MAX_WARP {
            return Err(GenerateError::Warp(mesh.warp));
        }
        mesh.domain.check(mesh.cells, counts)?;
        let (sides, patches) = (mesh.domain.sides(), mesh.domain.patches());
        let cells = counts.iter().fold(patches.count() as u64, |n, c| n.saturating_mul(*c as u64));
        check_elements(cells)?;
        let fine = mesh.order as i64 * if mesh.cells.have_middles() { 2 } else { 1 };
        // No overflow: counts are below 2^32 by now.
        let intervals = std::array::from_fn(|d| if d < dims { counts[d] as i64 * fine } else { 0 });
        let closed = |d: usize| patches == Patches::One && d < dims && sides[2 * d] == Side::Joined;
        let points = std::array::from_fn(|d| intervals[d] as u64 + u64::from(!closed(d)));
        let (groups, first_group) = groups(&sides, dims);
        let lattices = Lattices::new(mesh.order);
        let straight = Lattices::new(1);
        let grid =
            Grid { mesh, sides, patches, fine, intervals, points, groups, first_group, lattices, straight };
        match grid.keys() {
            Some(keys) if mesh.cells.have_middles() && keys > MOST_POINTS => {
                let (what, limit) = ("lattice points", MOST_POINTS);
                Err(GenerateError::TooMany { what, count: keys, limit })
            }
            Some(keys) if !mesh.cells.have_middles() => check_nodes(keys).map(|()| grid),
            Some(_) => Ok(grid),
            None => check_nodes(u64::MAX).map(|()| grid),
        }
    }

    /// Number of keys, `None` if it overflows.
    fn keys(&self) -> Option<u64> {
        match self.patches {
            Patches::One => self.points.iter().try_fold(1u64, |n, p| n.checked_mul(*p)),
            Patches::CubeSurface => surface_points(self.intervals[0] as u64)?.checked_mul(self.points[2]),
        }
    }

    /// The key of a lattice point: different for different nodes, increasing in the order of [`Grid::nodes`].
    fn key(&self, patch: usize, mut x: Corner) -> u64 {
        match self.patches {
            Patches::One => {
                for d in 0..3 {
                    // Closed axes have one point less.
                    if x[d] as u64 == self.points[d] {
                        x[d] = 0;
                    }
                }
                x[0] as u64 + self.points[0] * (x[1] as u64 + self.points[1] * x[2] as u64)
            }
            Patches::CubeSurface => {
                let n = self.intervals[0] as u64;
                let cube = Patches::on_cube(patch, x[0] as u64, x[1] as u64, n);
                surface_key(cube, n) + x[2] as u64 * surface_points(n).expect("checked before")
            }
        }
    }

    /// Numbers the nodes.
    ///
    /// # Errors
    /// More nodes than a mesh or the memory can hold.
    pub fn number(&self) -> Result<Numbering, GenerateError> {
        let keys = self.keys().expect("checked before");
        if !self.mesh.cells.have_middles() {
            return Ok(Numbering::All(keys));
        }
        let mut marks = Marks::new(keys)?;
        let mut found = Vec::new();
        self.walk(|patch, _, frame| {
            self.keys_of(patch, frame, &mut found);
            found.iter().for_each(|key| marks.mark(*key));
            Ok::<(), GenerateError>(())
        })?;
        marks.finish()
    }

    /// Calls `put` with the coordinates of every node in the order of its number.
    pub fn nodes<E>(
        &self,
        numbering: &Numbering,
        mut put: impl FnMut([f64; 3]) -> Result<(), E>,
    ) -> Result<(), E> {
        let place = |patch: usize, x: Corner| {
            let along =
                |d: usize| if self.intervals[d] > 0 { x[d] as f64 / self.intervals[d] as f64 } else { 0.0 };
            self.mesh.position(patch, std::array::from_fn(along))
        };
        let range = |d: usize| 0..self.points[d] as i64;
        // Patches share the nodes on their edges, so a layer is collected before it is put.
        let mut layer: Vec<(u64, usize, Corner)> = Vec::new();
        for k in range(2) {
            for (patch, j) in (0..self.patches.count()).flat_map(|patch| range(1).map(move |j| (patch, j))) {
                for x in range(0).map(|i| [i, j, k]) {
                    let key = self.key(patch, x);
                    if numbering.get(key).is_none() {
                        continue;
                    }
                    match self.patches {
                        Patches::One => put(place(patch, x))?,
                        Patches::CubeSurface => layer.push((key, patch, x)),
                    }
                }
            }
            layer.sort_unstable();
            layer.dedup_by_key(|point| point.0);
            layer.drain(..).try_for_each(|(_, patch, x)| put(place(patch, x)))?;
        }
        Ok(())
    }

    /// Calls `put` with every element, in the order in which they are numbered: after its faces on the sides comes the
    /// element itself.
    ///
    /// # Errors
    /// What `put` says; no memory to shuffle in.
    pub fn pieces<E: From<GenerateError>>(
        &self,
        mut put: impl FnMut(Piece) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut keys = Vec::new();
        let mut each = |patch, cell, frame: &Frame| {
            self.faces(cell, frame, &mut |face, group| {
                self.keys_of(patch, face, &mut keys);
                put(Piece { shape: face.shape, keys: &keys, group })
            })?;
            self.keys_of(patch, frame, &mut keys);
            put(Piece { shape: frame.shape, keys: &keys, group: VOLUME })
        };
        let Some(seed) = self.mesh.seed else { return self.walk(each) };
        let mut random = SplitMix(seed);
        let mut order = self.order()?;
        random.shuffle(&mut order);
        let (filling, mut frames) = (self.filling(), Vec::new());
        for element in order {
            let (patch, cell) = self.cell(element / PER_CELL);
            filling.fill(cell, &mut frames);
            each(patch, cell, &frames[(element % PER_CELL) as usize].turned(&mut random))?;
        }
        Ok(())
    }

    /// Number of elements of each shape, by `shape as usize`, and of faces on the sides.
    ///
    /// # Errors
    /// More elements than a mesh can hold.
    pub fn count(&self) -> Result<([u64; Shape::ALL.len()], u64), GenerateError> {
        let (mut elements, mut faces) = ([0; Shape::ALL.len()], 0);
        self.walk(|_, cell, frame| {
            elements[frame.shape as usize] += 1;
            self.faces(cell, frame, &mut |_, _| {
                faces += 1;
                Ok::<(), GenerateError>(())
            })
        })?;
        check_elements(elements.iter().sum())?;
        Ok((elements, faces))
    }

    fn filling(&self) -> Filling<impl Fn([usize; 3], usize) -> Option<[usize; 3]> + '_> {
        let neighbour = |mut cell: [usize; 3], side: usize| {
            let (axis, up) = (side / 2, side % 2 == 1);
            let last = self.mesh.counts[axis] - 1;
            let ends = cell[axis] == if up { last } else { 0 };
            if ends && (self.patches != Patches::One || matches!(self.sides[side], Side::Boundary { .. })) {
                return None;
            }
            cell[axis] = match (ends, up) {
                (true, true) => 0,
                (true, false) => last,
                (false, true) => cell[axis] + 1,
                (false, false) => cell[axis] - 1,
            };
            Some(cell)
        };
        Filling { cells: self.mesh.cells, neighbour }
    }

    /// Number of cells.
    fn cells(&self) -> u64 {
        self.mesh.counts.iter().map(|c| *c as u64).product::<u64>() * self.patches.count() as u64
    }

    /// Patch and place of the cell of a number.
    fn cell(&self, number: u64) -> (usize, [usize; 3]) {
        let [nx, ny, nz] = self.mesh.counts.map(|n| n as u64);
        let at = [number % nx, number / nx % ny, number / (nx * ny) % nz];
        ((number / (nx * ny * nz)) as usize, at.map(|i| i as usize))
    }

    /// Calls `f` with patch, cell and frame of every element, cell by cell.
    fn walk<E>(&self, mut f: impl FnMut(usize, [usize; 3], &Frame) -> Result<(), E>) -> Result<(), E> {
        let (filling, mut frames) = (self.filling(), Vec::new());
        for number in 0..self.cells() {
            let (patch, cell) = self.cell(number);
            filling.fill(cell, &mut frames);
            frames.iter().try_for_each(|frame| f(patch, cell, frame))?;
        }
        Ok(())
    }

    /// Every element, as the number of its cell times [`PER_CELL`] plus its place there.
    fn order(&self) -> Result<Vec<u64>, GenerateError> {
        let (elements, _) = self.count()?;
        let count: u64 = elements.iter().sum();
        let mut order = Vec::new();
        if order.try_reserve_exact(count as usize).is_err() {
            return Err(GenerateError::Memory { what: "shuffling the elements", bytes: 8 * count });
        }
        let (filling, mut frames) = (self.filling(), Vec::new());
        for number in 0..self.cells() {
            filling.fill(self.cell(number).1, &mut frames);
            order.extend((0..frames.len() as u64).map(|local| number * PER_CELL + local));
        }
        Ok(order)
    }

    /// Calls `f` with the faces of an element that lie on a side, and their physical groups.
    fn faces<E>(
        &self,
        cell: [usize; 3],
        frame: &Frame,
        f: &mut impl FnMut(&Frame, u32) -> Result<(), E>,
    ) -> Result<(), E> {
        let dims = self.mesh.dims();
        let inside = |d: usize| cell[d] > 0 && cell[d] + 1 < self.mesh.counts[d];
        if (0..dims).all(inside) {
            return Ok(());
        }
        for face in 0..frame.shape.faces().len() {
            let face = frame.face(face);
            let on = |side: usize| {
                let at = if side.is_multiple_of(2) { 0 } else { 2 * self.mesh.counts[side / 2] as i64 };
                (0..self.straight.of(face.shape).len()).all(|v| face.vertex(v)[side / 2] == at)
            };
            let side = (0..2 * dims).find(|side| self.sides[*side] != Side::Joined && on(*side));
            if let Some(side) = side {
                f(&face, self.group(side, &face))?;
            }
        }
        Ok(())
    }

    /// The physical group of a face on a side.
    fn group(&self, side: usize, face: &Frame) -> u32 {
        let Side::Boundary { axis, names } = self.sides[side] else { return self.first_group[side] };
        let corners = self.straight.of(face.shape).len();
        let sum: i64 = (0..corners).map(|v| face.vertex(v)[axis]).sum();
        let whole = 2 * (corners * self.mesh.counts[axis]) as i64;
        self.first_group[side] + (names.len() as i64 * sum / whole).min(names.len() as i64 - 1) as u32
    }

    /// Keys of the nodes of an element.
    fn keys_of(&self, patch: usize, frame: &Frame, keys: &mut Vec<u64>) {
        let order = self.mesh.order as i64;
        keys.clear();
        keys.extend(self.lattices.of(frame.shape).iter().map(|at| {
            // From half cells times the order to intervals of the lattice.
            let mut x = frame.node(order, at).map(|x| x * self.fine / (2 * order));
            x[self.mesh.dims()..].fill(0);
            self.key(patch, x)
        }));
    }
}

/// More than the elements of any cell.
const PER_CELL: u64 = 16;

/// Physical groups, and the index of the first one of each side.
fn groups(sides: &[Side; 6], dims: usize) -> (Vec<Group>, [u32; 6]) {
    let mut groups = vec![Group { dim: dims, tag: 1, name: "fluid".into() }];
    let mut first = [0; 6];
    for side in 0..2 * dims {
        first[side] = groups.len() as u32;
        let mut add = |name: String| groups.push(Group { dim: dims - 1, tag: groups.len() as i32 + 1, name });
        match sides[side] {
            Side::Boundary { names, .. } => names.iter().for_each(|name| add((*name).into())),
            Side::Periodic => {
                add(format!("periodic_{}_{}", ["x", "y", "z"][side / 2], ["l", "r"][side % 2]));
            }
            Side::Joined => {}
        }
    }
    (groups, first)
}

/// Number of lattice points on the surface of a cube of `n` intervals, `None` if it overflows.
fn surface_points(n: u64) -> Option<u64> {
    n.checked_mul(n)?.checked_mul(6)?.checked_add(2)
}

/// A number below [`surface_points`] for each lattice point on the surface of the cube: the bottom, the rings between, the top.
fn surface_key([x, y, z]: [u64; 3], n: u64) -> u64 {
    let flat = x + (n + 1) * y;
    let ring = match (x, y) {
        (x, 0) => x,
        (x, y) if x == n => n + y,
        (x, y) if y == n => 3 * n - x,
        (_, y) => 4 * n - y,
    };
    let bottom = (n + 1) * (n + 1);
    if z == 0 {
        flat
    } else if z < n {
        bottom + (z - 1) * 4 * n + ring
    } else {
        bottom + (n - 1) * 4 * n + flat
    }
}

fn check_elements(count: u64) -> Result<(), GenerateError> {
    let limit = u64::from(u32::MAX);
    if count > limit { Err(GenerateError::TooMany { what: "elements", count, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn points_on_the_surface_of_a_cube_are_numbered_without_gaps() {
        for n in 1..5 {
            let all = (0..=n).flat_map(|z| (0..=n).flat_map(move |y| (0..=n).map(move |x| [x, y, z])));
            let surface = all.filter(|x| x.iter().any(|c| *c == 0 || *c == n));
            let keys: BTreeSet<u64> = surface.map(|x| surface_key(x, n)).collect();
            assert!(keys.into_iter().eq(0..surface_points(n).unwrap()), "{n}");
        }
    }
}
