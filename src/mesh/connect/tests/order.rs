//! The order of elements and nodes, and that nothing depends on threads.

use super::*;

/// Vertex coordinates of each element, with what lies beyond its faces by name or place.
fn content(mesh: &Mesh) -> Vec<String> {
    let mut all: Vec<String> = mesh
        .elements()
        .enumerate()
        .map(|(id, (shape, links))| {
            let beyond = links.iter().map(|link| match *link {
                Link::Interior { element, face, rotation } => {
                    format!("{:?} {face} {rotation}", mesh.vertices(element as usize))
                }
                Link::Boundary(b) => mesh.boundaries[b as usize].clone(),
            });
            format!("{} {:?} {:?}", shape.name(), mesh.vertices(id), beyond.collect::<Vec<_>>())
        })
        .collect();
    all.sort();
    all
}

fn mean_distance(mesh: &Mesh) -> f64 {
    let distances: Vec<u32> = mesh
        .elements()
        .enumerate()
        .flat_map(|(id, (_, links))| {
            links.iter().filter_map(move |link| match link {
                Link::Interior { element, .. } => Some(element.abs_diff(id as u32)),
                Link::Boundary(_) => None,
            })
        })
        .collect();
    distances.iter().map(|d| f64::from(*d)).sum::<f64>() / distances.len() as f64
}

#[test]
fn renumbering_permutes_elements_and_nodes_and_changes_nothing_else() {
    for cells in every() {
        for order in [1, 2] {
            let raw = BoxMesh::new(cells, [6, 4, 6]).warp(0.05).order(order).periodic([true, false, false]);
            let raw = raw.shuffle(3).raw();
            let before = as_it_is(&raw).unwrap().mesh;
            let after = connect_with(raw, &Options { lintol: 0.0, renumber: true }, &silent).unwrap().mesh;
            after.validate().unwrap();
            assert_ne!(before.blocks, after.blocks);
            assert_eq!(content(&before), content(&after), "{cells:?} {order}");
            let sorted = |mesh: &Mesh| {
                let mut nodes: Vec<[u64; 3]> = mesh.nodes.iter().map(|x| x.map(f64::to_bits)).collect();
                nodes.sort_unstable();
                nodes
            };
            assert_eq!(sorted(&before), sorted(&after));
        }
    }
}

#[test]
fn shuffled_elements_come_back_to_their_neighbours() {
    for (cells, n) in [(Cells::Quad, 64), (Cells::Tri, 48), (Cells::Hex, 16), (Cells::Tet, 10)] {
        let structured = mean_distance(&as_it_is(&BoxMesh::new(cells, [n; 3]).raw()).unwrap().mesh);
        let raw = BoxMesh::new(cells, [n; 3]).shuffle(9).raw();
        let shuffled = mean_distance(&as_it_is(&raw).unwrap().mesh);
        let sorted = mean_distance(&connect(raw).unwrap().mesh);
        assert!(sorted < 0.2 * shuffled, "{cells:?}: {sorted} of {shuffled}");
        assert!(sorted < 1.5 * structured, "{cells:?}: {sorted}, structured {structured}");
    }
}

#[test]
fn threads_equal_one() {
    for cells in [Cells::TriQuad, Cells::Tet, Cells::Hex, Cells::Mixed] {
        let raw = BoxMesh::new(cells, [12, 14, 12]).warp(0.05).order(2).periodic([true; 3]).shuffle(5).raw();
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut connected = pool.install(|| connect(raw.clone())).unwrap();
            connected.mesh.uuid.clear();
            connected
        };
        let one = with(1);
        for threads in [2, 3, 8] {
            assert!(with(threads) == one, "{cells:?}, {threads} threads");
        }
    }
}

#[test]
fn progress_is_told_and_never_exceeds_the_whole() {
    use std::sync::Mutex;
    let told = Mutex::new(Vec::new());
    let progress = |stage: &str, done: u64, total: u64| {
        told.lock().unwrap().push((stage.to_string(), done, total));
    };
    let raw = BoxMesh::new(Cells::Hex, [4; 3]).warp(0.05).order(2).raw();
    connect_with(raw, &Options::default(), &progress).unwrap();
    let told = told.into_inner().unwrap();
    assert!(told.iter().all(|(_, done, total)| done <= total));
    let finished: BTreeSet<&str> =
        told.iter().filter(|(_, done, total)| done == total).map(|(stage, ..)| stage.as_str()).collect();
    let all = ["looking for straight elements", "ordering elements", "checking Jacobians", "matching faces"];
    assert!(all.iter().all(|stage| finished.contains(stage)), "{finished:?}");
}
