//! How the CPU backend lays out a block: packs of `L` elements, one a lane. The last pack is filled up with copies of the
//! last element, so that every lane computes something sensible.

use super::lane::{Lane, MOST_LANES};
use super::operators::ElementOperators;
use crate::backend::discretisation::{Block, Discretisation, Link, Metrics, Normals};
use crate::backend::filter::ElementFilter;
use crate::backend::memory;
use crate::backend::problem::ShockCapturing;
use crate::backend::rows::FaceRows;
use crate::backend::sensor;
use crate::physics::Real;
use rayon::prelude::*;

/// Geometry and connectivity of a block in packs.
pub struct BlockLayout<L: Lane> {
    /// Operators of the reference element.
    pub operators: ElementOperators<L::Scalar>,
    /// Number of elements.
    pub elements: usize,
    /// Number of packs.
    pub packs: usize,
    /// The first so many packs touch no other rank.
    pub interior: usize,
    /// Faces an element.
    pub faces: usize,
    /// First flux point of each face, `[faces + 1]`.
    pub face_offsets: Vec<usize>,
    /// The entropy filter, if there is one.
    pub filter: Option<ElementFilter<L::Scalar>>,
    /// Sensor of artificial viscosity, if there is any.
    pub sensor: Option<Sensor<L::Scalar>>,
    /// Coordinates of the solution points, `[pack][P][3]`, where sources need them.
    points: Vec<L>,
    /// Metric terms, `[pack][1 or P][D D]`.
    s: Vec<L>,
    /// Metric terms at quadrature points, `[pack][Q][D D]`; empty without and where one set an element serves.
    quadrature_s: Vec<L>,
    quadrature_per_pack: usize,
    /// `-1/|J|`, `[pack][1 or P]`.
    minus_inverse_jacobian: Vec<L>,
    /// Unit normals, left to right, then area factor with the sign of our side, `[pack][faces or F][D + 1]`.
    normals: Vec<L>,
    /// Metrics and normals a pack: 1 and faces, or P and F.
    metrics_per_pack: usize,
    normals_per_pack: usize,
    affine: bool,
    /// Start of the row beyond each face, `[pack][face][lane]`.
    beyond: Vec<u32>,
    /// Start in `pairings` of the permutation of each face, `[pack][face][lane]`; empty where all are straight.
    pairing: Vec<u32>,
    /// Whether all lanes of a face see the points beyond in our order, `[pack][face]`.
    straight: Vec<bool>,
    /// Boundary slot of each face or `u32::MAX`, `[pack][face][lane]`; empty where no face is on a boundary.
    pub slots: Vec<u32>,
    /// Whether any lane of a face lies on a boundary, `[pack][face]`.
    pub on_boundary: Vec<bool>,
    /// Start of the block's rows, values an element takes there, and start of each face's row within an element.
    pub rows_start: usize,
    /// Values an element takes in the rows.
    pub rows_stride: usize,
    rows_within: Vec<usize>,
}

/// What tells how far the modes of an element have decayed.
pub struct Sensor<T> {
    /// Values to modes, `[P][P]`, those of highest degree last.
    pub modes: Vec<T>,
    /// Number of the others.
    pub low: usize,
}

/// Permutations of flux points one after the other, for all blocks.
pub struct Pairings {
    points: Vec<u16>,
    starts: Vec<u32>,
    identity: u32,
    /// Which of them change nothing.
    straight: Vec<bool>,
}

impl Pairings {
    /// Those of a discretisation, and the identity for ghosts of boundaries.
    pub fn new(disc: &Discretisation) -> Pairings {
        let (mut points, mut starts, mut straight) = (vec![], vec![], vec![]);
        for pairing in &disc.pairings {
            starts.push(points.len() as u32);
            points.extend_from_slice(pairing);
            straight.push(pairing.iter().enumerate().all(|(i, &p)| i == usize::from(p)));
        }
        let identity = points.len() as u32;
        let longest = disc.boundary_faces.iter().map(|f| f.coordinates.len() / 3).max().unwrap_or(0);
        points.extend(0..longest as u16);
        Pairings { points, starts, identity, straight }
    }
}

impl<L: Lane> BlockLayout<L> {
    /// Lays out block `b`; `sources` says whether coordinates are needed.
    pub fn new(
        disc: &Discretisation,
        b: usize,
        given: &Normals,
        rows: &FaceRows,
        pairings: &Pairings,
        capturing: &ShockCapturing,
        sources: bool,
    ) -> Self {
        let block: &Block = &disc.blocks[b];
        let dims = disc.dims;
        let (elements, faces) = (block.len(), block.faces_per_element());
        let packs = elements.div_ceil(L::LANES);
        let affine = matches!(block.metrics, Metrics::Affine { .. });
        let metrics_per_pack = if affine { 1 } else { block.points_per_element() };
        let normals_per_pack = if affine { faces } else { block.flux_points_per_element() };
        let offsets = &block.operators.face_offsets;
        let mut s = memory::with_capacity(packs * metrics_per_pack * dims * dims);
        let mut minus_inverse_jacobian = memory::with_capacity(packs * metrics_per_pack);
        let mut normals = memory::with_capacity(packs * normals_per_pack * (dims + 1));
        let quadrature_per_pack = if affine { 0 } else { block.quadrature_points().unwrap_or(0) };
        let mut quadrature_s = memory::with_capacity(packs * quadrature_per_pack * dims * dims);
        let mut points =
            memory::with_capacity(if sources { packs * block.points_per_element() * 3 } else { 0 });
        let any = |is: &(dyn Fn(&Link) -> bool + Sync)| block.faces.par_iter().any(is);
        let is_straight = |link: &Link| match *link {
            Link::Element { pairing, .. } | Link::Halo { pairing, .. } => pairings.straight[pairing as usize],
            Link::Boundary { .. } => true,
        };
        // What no pass looks at takes no memory: slots without boundaries, permutations where nothing is permuted.
        let any_boundary = any(&|link| matches!(link, Link::Boundary { .. }));
        let any_permuted = any(&|link| !is_straight(link));
        let links = packs * faces * L::LANES;
        let mut beyond = memory::with_capacity(links);
        let mut pairing = memory::with_capacity(if any_permuted { links } else { 0 });
        let mut slots = memory::with_capacity(if any_boundary { links } else { 0 });
        let (mut on_boundary, mut straight) =
            (memory::with_capacity(packs * faces), memory::with_capacity(packs * faces));
        let element_operators = ElementOperators::new(&block.operators);
        // Metric term `S_d` of coordinate `i % dims`, `d = i / dims`, along the axes of the operators.
        let along = |all: &[f64], i: usize| match element_operators.axes() {
            Some(axes) => (0..dims).map(|d| axes[i / dims][d] * all[d * dims + i % dims]).sum(),
            None => all[i],
        };
        for pack in 0..packs {
            let lanes = (0..L::LANES).map(|lane| (pack * L::LANES + lane).min(elements - 1));
            let pack_of = |value: &dyn Fn(usize) -> f64| {
                let mut x = [L::from_f64(0.0)];
                for (to, e) in L::scalars_mut(&mut x).iter_mut().zip(lanes.clone()) {
                    *to = L::Scalar::from_f64(value(e));
                }
                x[0]
            };
            for p in 0..metrics_per_pack {
                s.extend((0..dims * dims).map(|i| pack_of(&|e| along(block.metric(e, p, dims).0, i))));
                minus_inverse_jacobian.push(pack_of(&|e| -1.0 / block.metric(e, p, dims).1));
            }
            for q in 0..quadrature_per_pack {
                let s = |i: usize| pack_of(&|e| along(block.quadrature_metric(e, q, dims), i));
                quadrature_s.extend((0..dims * dims).map(s));
            }
            if sources {
                let count = block.points_per_element();
                let x = |p: usize, d: usize| {
                    move |e: usize| if d < dims { block.points[(e * count + p) * dims + d] } else { 0.0 }
                };
                points.extend(
                    (0..count).flat_map(|p| (0..3).map(move |d| (p, d))).map(|(p, d)| pack_of(&x(p, d))),
                );
            }
            for i in 0..normals_per_pack {
                let point = if affine { offsets[i] } else { i };
                let face = if affine { i } else { offsets.iter().rposition(|&o| o <= i).unwrap_or(0) };
                normals.extend((0..dims).map(|d| pack_of(&|e| block.normal(given, e, point, dims).0[d])));
                let side = |e: usize| if block.faces[e * faces + face].is_left() { 1.0 } else { -1.0 };
                normals.push(pack_of(&|e| side(e) * block.normal(given, e, point, dims).1));
            }
            for face in 0..faces {
                let links = lanes.clone().map(|e| block.faces[e * faces + face]);
                on_boundary.push(links.clone().any(|l| matches!(l, Link::Boundary { .. })));
                straight.push(links.clone().all(|l| is_straight(&l)));
                for link in links {
                    beyond.push(rows.beyond(link) as u32);
                    if any_permuted {
                        pairing.push(match link {
                            Link::Element { pairing, .. } | Link::Halo { pairing, .. } => {
                                pairings.starts[pairing as usize]
                            }
                            Link::Boundary { .. } => pairings.identity,
                        });
                    }
                    if any_boundary {
                        slots.push(if let Link::Boundary { slot } = link { slot } else { u32::MAX });
                    }
                }
            }
        }
        let (rows_start, rows_stride) = rows.block(b);
        BlockLayout {
            operators: element_operators,
            filter: match capturing {
                ShockCapturing::EntropyFilter(settings) => {
                    Some(ElementFilter::new(&block.operators, settings))
                }
                _ => None,
            },
            sensor: match capturing {
                ShockCapturing::ArtificialViscosity(_) => {
                    let (modes, low) = sensor::modes(&block.operators);
                    Some(Sensor { modes: modes.iter().map(|&x| L::Scalar::from_f64(x)).collect(), low })
                }
                _ => None,
            },
            points,
            quadrature_s,
            quadrature_per_pack,
            elements,
            packs,
            interior: if block.interior == elements { packs } else { block.interior / L::LANES },
            faces,
            face_offsets: offsets.clone(),
            s,
            minus_inverse_jacobian,
            normals,
            metrics_per_pack,
            normals_per_pack,
            affine,
            beyond,
            pairing,
            straight,
            slots,
            on_boundary,
            rows_start,
            rows_stride,
            rows_within: rows.within(b).to_vec(),
        }
    }

    /// Vector `S_d` of solution point `p`.
    #[inline(always)]
    pub fn s<const D: usize>(&self, pack: usize, p: usize, d: usize) -> &[L; D] {
        let i = pack * self.metrics_per_pack + if self.affine { 0 } else { p };
        self.s[(i * D + d) * D..][..D].try_into().expect("D values were sliced")
    }

    /// Coordinates of solution point `p`; only where sources need them.
    pub fn point(&self, pack: usize, p: usize) -> &[L] {
        &self.points[(pack * self.operators.points + p) * 3..][..3]
    }

    /// `-1/|J|` of solution point `p`.
    #[inline(always)]
    pub fn minus_inverse_jacobian(&self, pack: usize, p: usize) -> L {
        self.minus_inverse_jacobian[pack * self.metrics_per_pack + if self.affine { 0 } else { p }]
    }

    /// Unit normal (left to right) and area factor (positive on the left) of flux point `i` of face `face`.
    #[inline(always)]
    pub fn normal<const D: usize>(&self, pack: usize, face: usize, i: usize) -> (&[L; D], L) {
        let at = (pack * self.normals_per_pack + if self.affine { face } else { i }) * (D + 1);
        let values = &self.normals[at..at + D + 1];
        (values[..D].try_into().expect("D values were sliced"), values[D])
    }

    /// Metric terms of the points of a pack at which fluxes are evaluated, `D D` a point, and how far apart those of
    /// neighbouring points lie: quadrature points if there are any, else solution points.
    #[inline(always)]
    pub fn flux_metrics<const D: usize>(&self, pack: usize) -> (&[[[L; D]; D]], usize) {
        let (s, per_pack) = if self.quadrature_per_pack == 0 {
            (&self.s, self.metrics_per_pack)
        } else {
            (&self.quadrature_s, self.quadrature_per_pack)
        };
        let s = &s.as_chunks::<D>().0.as_chunks::<D>().0[pack * per_pack..][..per_pack];
        (s, usize::from(!self.affine))
    }

    /// `-1/|J|` of the solution points of a pack, and how far apart those of neighbouring points lie.
    #[inline(always)]
    pub fn minus_inverse_jacobians(&self, pack: usize) -> (&[L], usize) {
        let values = &self.minus_inverse_jacobian[pack * self.metrics_per_pack..][..self.metrics_per_pack];
        (values, usize::from(!self.affine))
    }

    /// What the next pack will read: its state, which starts at `state` and has `size` packs, its metric terms and normals, and
    /// the rows beyond its faces, in `parts` parts.
    #[inline(always)]
    pub fn ahead(&self, pack: usize, state: *const L, size: usize, rows: &[L], parts: usize) -> Ahead<'_> {
        let next = pack + 1;
        let links = match next {
            _ if next < self.packs => {
                &self.beyond[next * self.faces * L::LANES..(next + 1) * self.faces * L::LANES]
            }
            _ => &[],
        };
        let row_bytes = (self.rows_stride * size_of::<L::Scalar>()).div_ceil(self.faces);
        let stream = |start: *const L, size: usize| {
            let lines = (size * size_of::<L>()).div_ceil(LINE);
            let left = if links.is_empty() { 0 } else { lines };
            Stream { at: start.cast(), left, part: lines.div_ceil(parts) }
        };
        let of = |all: &[L], per_pack: usize| stream(all.as_ptr().wrapping_add(next * per_pack), per_pack);
        let (s, normals) = (self.s.len() / self.packs, self.normals.len() / self.packs);
        Ahead {
            streams: [
                stream(state, size),
                of(&self.s, s),
                of(&self.minus_inverse_jacobian, self.metrics_per_pack),
                of(&self.normals, normals),
            ],
            rows: rows.as_ptr().cast(),
            scalar: size_of::<L::Scalar>(),
            row_bytes,
            links,
            at: 0,
            row_part: (links.len() * row_bytes.div_ceil(LINE)).div_ceil(parts),
        }
    }

    /// Values beyond the faces of a pack, `to[F][V]`, in the order of our flux points. `to` has [`MOST_LANES`] more packs,
    /// which take what has no place.
    #[inline(always)]
    pub fn gather<const V: usize>(&self, pack: usize, rows: &[L], pairings: &Pairings, to: &mut [L]) {
        for face in 0..self.faces {
            let (first, end) = (self.face_offsets[face], self.face_offsets[face + 1]);
            let at = (pack * self.faces + face) * L::LANES;
            let starts = &self.beyond[at..at + L::LANES];
            let mut block = [rows[0]; MOST_LANES];
            if self.straight[pack * self.faces + face] {
                for i in 0..((end - first) * V).div_ceil(L::LANES) {
                    for lane in 0..L::LANES {
                        block[lane] = rows[starts[lane] as usize / L::LANES + i];
                    }
                    L::transpose(&mut block);
                    put(&block, &mut to[first * V + i * L::LANES..]);
                }
                continue;
            }
            let rows = L::scalars(rows);
            let permutations = &self.pairing[at..at + L::LANES];
            for i in 0..end - first {
                let mut v = 0;
                while v < V {
                    for lane in 0..L::LANES {
                        let point = pairings.points[permutations[lane] as usize + i] as usize;
                        block[lane] = L::load(&rows[starts[lane] as usize + point * V + v..]);
                    }
                    L::transpose(&mut block);
                    put(&block, &mut to[(first + i) * V + v..]);
                    v += L::LANES;
                }
            }
        }
    }

    /// Writes `from[F][V]` to the rows of a pack, `rows[lane][rows_stride]`.
    #[inline(always)]
    pub fn scatter<const V: usize>(&self, from: &[L], rows: &mut [L]) {
        let stride = self.rows_stride / L::LANES;
        for face in 0..self.faces {
            let (first, end) = (self.face_offsets[face] * V, self.face_offsets[face + 1] * V);
            let start = self.rows_within[face] / L::LANES;
            let from = &from[first..end];
            for i in 0..from.len().div_ceil(L::LANES) {
                let mut block = [from[0]; MOST_LANES];
                for lane in 0..L::LANES {
                    // What fills up the row does not matter.
                    block[lane] = from[(i * L::LANES + lane).min(from.len() - 1)];
                }
                L::transpose(&mut block);
                for lane in 0..L::LANES {
                    block[lane].stream(&mut rows[lane * stride + start + i]);
                }
            }
        }
    }
}

/// Puts the packs of a block at the start of a slice. (Copying a slice would call a function.)
#[inline(always)]
#[allow(clippy::manual_memcpy)]
fn put<L: Lane>(block: &[L; MOST_LANES], to: &mut [L]) {
    let to = &mut to[..L::LANES];
    for lane in 0..L::LANES {
        to[lane] = block[lane];
    }
}

/// Bytes of a cache line.
const LINE: usize = 64;

/// Asks, a part at a time, for what the next pack will read, so that it is at hand by then. Spread over the work on a
/// pack, because a processor has only so many loads under way.
pub struct Ahead<'a> {
    streams: [Stream; 4],
    rows: *const u8,
    scalar: usize,
    row_bytes: usize,
    links: &'a [u32],
    at: usize,
    row_part: usize,
}

/// Lines that follow each other: from where on, how many are left, how many a part.
struct Stream {
    at: *const u8,
    left: usize,
    part: usize,
}

impl Ahead<'_> {
    /// The next part.
    #[inline(always)]
    pub fn part<L: Lane>(&mut self) {
        for stream in &mut self.streams {
            let lines = stream.part.min(stream.left);
            for line in 0..lines {
                L::prefetch(stream.at.wrapping_add(line * LINE));
            }
            stream.at = stream.at.wrapping_add(lines * LINE);
            stream.left -= lines;
        }
        for _ in 0..self.row_part {
            let Some((&link, rest)) = self.links.split_first() else { return };
            L::prefetch(self.rows.wrapping_add(link as usize * self.scalar + self.at));
            self.at += LINE;
            if self.at >= self.row_bytes {
                (self.at, self.links) = (0, rest);
            }
        }
    }
}
