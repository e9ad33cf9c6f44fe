use super::*;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

fn block(shape: Shape, order: usize, ids: &[u32], variables: usize) -> SolutionBlock {
    let points = shape.points(order);
    // Values whose last bits matter, with the special ones among them.
    let mut values: Vec<f64> = (0..ids.len() * variables * points)
        .map(|i| (i as f64 + 0.1).sin() * 10f64.powi(i as i32 % 30))
        .collect();
    values[0] = -0.0;
    values[1] = f64::NAN;
    SolutionBlock {
        shape,
        order,
        ids: ids.to_vec(),
        values,
        reference_points: (0..points * shape.dims()).map(|i| i as f64 / 7.0).collect(),
        points_name: "gauss-legendre".into(),
        kept: [("plugins/mean", 2), ("none", 0)]
            .map(|(name, fields)| {
                let values = (0..ids.len() * fields * points).map(|i| (i as f64).cos());
                (name.to_string(), values.collect())
            })
            .into(),
        gradients: (order > 0).then(|| Gradients {
            names: ["rho", "p"].map(String::from).into(),
            values: (0..ids.len() * 2 * shape.dims() * points).map(|i| (i as f64).tan()).collect(),
        }),
    }
}

fn example(precision: Precision) -> (SolutionHeader, Vec<SolutionBlock>) {
    let header = SolutionHeader {
        mesh_uuid: "5b0c8a6e-5b3b-4e53-9b53-0f4c8c8f2a11".into(),
        config: "[solver]\nsystem = euler\n".into(),
        config_source: "; ünïcödé ≥ 1\n".repeat(200),
        t: 0.1 + 0.2,
        dt: 1e-3,
        step: 12_345_678_901,
        system: "euler".into(),
        order: 3,
        dims: 2,
        precision,
        variables: ["rho", "rhou", "rhov", "E"].map(String::from).into(),
        state: BTreeMap::from([
            ("pi-controller".into(), vec![0.1, 0.2]),
            ("empty".into(), vec![]),
            ("bcs/out".into(), vec![1.0]),
            ("bcs/out-2".into(), vec![]),
        ]),
        kept: BTreeMap::from([
            ("plugins/mean".into(), vec!["avg-u".into(), "avg-v".into()]),
            ("none".into(), vec![]),
        ]),
    };
    let blocks = vec![
        block(Shape::Quad, 3, &[0, 2, 3, 7], 4),
        block(Shape::Tri, 3, &[1, 4], 4),
        block(Shape::Tri, 0, &[5], 4),
    ];
    (header, blocks)
}

fn bits(blocks: &[SolutionBlock]) -> Vec<u64> {
    blocks.iter().flat_map(|b| b.values.iter().map(|x| x.to_bits())).collect()
}

/// Equality of everything, values bit by bit (which a NaN would spoil otherwise).
fn same(a: &(SolutionHeader, Vec<SolutionBlock>), b: &(SolutionHeader, Vec<SolutionBlock>)) -> bool {
    let without_values = |blocks: &[SolutionBlock]| -> Vec<SolutionBlock> {
        blocks.iter().map(|b| SolutionBlock { values: vec![], ..b.clone() }).collect()
    };
    a.0 == b.0 && bits(&a.1) == bits(&b.1) && without_values(&a.1) == without_values(&b.1)
}

#[test]
fn a_double_precision_solution_comes_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ssoln");
    let solution = example(Precision::Double);
    write(&path, &solution.0, &solution.1).unwrap();
    assert!(same(&read(&path).unwrap(), &solution));
}

#[test]
fn a_single_precision_solution_comes_back_rounded_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ssoln");
    let mut solution = example(Precision::Single);
    write(&path, &solution.0, &solution.1).unwrap();
    for block in &mut solution.1 {
        let slopes = block.gradients.iter_mut().flat_map(|g| &mut g.values);
        block.values.iter_mut().chain(slopes).for_each(|x| *x = f64::from(*x as f32));
    }
    assert!(same(&read(&path).unwrap(), &solution));
}

#[test]
fn a_summary_has_the_header_and_the_range_of_every_variable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ssoln");
    for precision in [Precision::Double, Precision::Single] {
        let (header, mut blocks) = example(precision);
        // Several pieces.
        blocks.push(block(Shape::Tri, 4, &(10..20_000).collect::<Vec<_>>(), 4));
        write(&path, &header, &blocks).unwrap();
        let summary = summarise(&path).unwrap();
        assert_eq!((&summary.header, summary.version, summary.not_finite), (&header, 1, 4));
        let blocks = read(&path).unwrap().1;
        assert_eq!(summary.unknowns(), blocks.iter().map(|b| b.values.len() as u64).sum::<u64>());
        for (found, b) in summary.blocks.iter().zip(&blocks) {
            let points_name = b.points_name.clone();
            let wanted = BlockSummary { shape: b.shape, order: b.order, points_name, elements: b.ids.len() };
            assert_eq!(*found, wanted);
        }
        for (v, range) in summary.ranges.iter().enumerate() {
            let of = |b: &SolutionBlock| -> Vec<f64> {
                let all = b.values.chunks_exact(b.points()).enumerate().filter(|(i, _)| i % 4 == v);
                all.flat_map(|(_, x)| x.to_vec()).filter(|x| x.is_finite()).collect()
            };
            let all: Vec<f64> = blocks.iter().flat_map(of).collect();
            let low = all.iter().copied().fold(f64::INFINITY, f64::min);
            let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(*range, [low, high]);
        }
    }
}

#[test]
fn every_shape_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ssoln");
    for dims in 1..=3 {
        let (mut header, _) = example(Precision::Double);
        header.dims = dims;
        let shapes = Shape::ALL.into_iter().filter(|shape| shape.dims() == dims);
        let blocks: Vec<_> =
            shapes.zip(0..).map(|(shape, n)| block(shape, 2, &[2 * n, 2 * n + 1], 4)).collect();
        let solution = (header, blocks);
        write(&path, &solution.0, &solution.1).unwrap();
        assert!(same(&read(&path).unwrap(), &solution), "{dims} dimensions");
    }
}

#[test]
fn large_blocks_and_empty_ones_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ssoln");
    let (mut header, _) = example(Precision::Double);
    header.dims = 3;
    header.config = "x".repeat(100_000);
    header.config_source = String::new();
    let mut empty = block(Shape::Tet, 2, &[5000], 4);
    (empty.ids, empty.values) = (vec![], vec![]);
    empty.kept.values_mut().for_each(Vec::clear);
    empty.gradients.iter_mut().for_each(|g| g.values.clear());
    let ids: Vec<u32> = (0..1000).collect(); // several chunks
    let solution = (header, vec![block(Shape::Hex, 3, &ids, 4), empty]);
    write(&path, &solution.0, &solution.1).unwrap();
    assert!(same(&read(&path).unwrap(), &solution));
}

#[test]
fn no_damaged_byte_is_ever_read_as_a_solution() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bad) = (folder.path().join("a.ssoln"), folder.path().join("bad.ssoln"));
    let solution = example(Precision::Double);
    write(&path, &solution.0, &solution.1).unwrap();
    let bytes = fs::read(&path).unwrap();
    let mut noticed = 0;
    for i in (0..bytes.len()).step_by(31) {
        let mut damaged = bytes.clone();
        damaged[i] ^= 1 << (i % 8);
        fs::write(&bad, &damaged).unwrap();
        match read(&bad) {
            Err(_) => noticed += 1,
            // Bytes that belong to nothing may hold anything.
            Ok(found) => assert!(same(&found, &solution), "byte {i} of {} went unnoticed", bytes.len()),
        }
    }
    assert!(noticed > bytes.len() / 62, "only {noticed} of {} noticed", bytes.len() / 31);
}

#[test]
fn truncated_and_foreign_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bad) = (folder.path().join("a.ssoln"), folder.path().join("bad.ssoln"));
    let solution = example(Precision::Double);
    write(&path, &solution.0, &solution.1).unwrap();
    let bytes = fs::read(&path).unwrap();
    for length in (0..bytes.len()).step_by(211) {
        fs::write(&bad, &bytes[..length]).unwrap();
        assert!(read(&bad).is_err(), "{length} of {} bytes", bytes.len());
    }
    hdf5::File::create(&bad).unwrap();
    let text = read(&bad).unwrap_err().to_string();
    assert!(text.contains("bad.ssoln") && text.contains("format"), "{text}");
    let text = read(&folder.path().join("none")).unwrap_err().to_string();
    assert!(text.contains("No such file"), "{text}");
}

#[test]
fn a_file_compressed_by_other_tools_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ssoln");
    let mut solution = example(Precision::Double);
    let values = &mut solution.1[0].values;
    *values = vec![1.0; values.len()]; // small enough in the file to look like too few
    write(&path, &solution.0, &solution.1).unwrap();
    let file = hdf5::File::open_rw(&path).unwrap();
    let name = "solution/00-quad-p3/values";
    file.unlink(name).unwrap();
    let dataset =
        file.new_dataset::<f64>().chunk((4, 4, 16)).shuffle().deflate(6).shape((4, 4, 16)).create(name);
    dataset.unwrap().write_raw(&solution.1[0].values).unwrap();
    file.close().unwrap();
    assert!(same(&read(&path).unwrap(), &solution));
}

/// Writes the example, lets `damage` change it through HDF5 and returns what reading it says.
fn complaint(damage: impl FnOnce(&hdf5::File)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ssoln");
    let (header, blocks) = example(Precision::Double);
    write(&path, &header, &blocks).unwrap();
    let file = hdf5::File::open_rw(&path).unwrap();
    damage(&file);
    file.close().unwrap();
    read(&path).unwrap_err().to_string()
}

#[test]
fn contents_that_contradict_themselves_are_named() {
    let replace = |file: &hdf5::File, name: &str, shape: Vec<usize>| {
        file.unlink(name).unwrap();
        file.new_dataset::<f64>().chunk(vec![1; shape.len()]).shape(shape).create(name).unwrap();
    };
    let text = complaint(|f| f.attr("t").unwrap().write_scalar(&f64::NAN).unwrap());
    assert!(text.contains("a.ssoln: t: NaN"), "{text}");
    let text = complaint(|f| f.attr("version").unwrap().write_scalar(&9u32).unwrap());
    assert!(text.contains("version: 9"), "{text}");
    let text = complaint(|f| f.unlink("config").unwrap());
    assert!(text.contains("config"), "{text}");
    let text = complaint(|f| {
        f.group("solution/01-tri-p3").unwrap().attr("order").unwrap().write_scalar(&4_000_000_000u32).unwrap()
    });
    assert!(text.contains("solution/01-tri-p3/order"), "{text}");
    let text = complaint(|f| replace(f, "solution/00-quad-p3/values", vec![4, 4, 15]));
    assert!(text.contains("00-quad-p3/values: shape [4, 4, 15], expected [4, 4, 16]"), "{text}");
    // A few bytes that claim to be terabytes must not be believed.
    let text = complaint(|f| replace(f, "state/pi-controller", vec![1 << 40]));
    assert!(text.contains("state/pi-controller") && text.contains("more than the file holds"), "{text}");
    let text = complaint(|f| {
        f.dataset("solution/00-quad-p3/ids").unwrap().write_raw(&[0u32, 2, 1, 7]).unwrap();
    });
    assert!(text.contains("ids: 2 is followed by 1"), "{text}");
    let text = complaint(|f| {
        f.dataset("solution/00-quad-p3/ids").unwrap().write_raw(&[0u32, 2, 3, 4]).unwrap();
    });
    assert!(text.contains("element 4 occurs twice"), "{text}");
}

#[test]
fn arrays_that_contradict_each_other_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ssoln");
    let (header, blocks) = example(Precision::Double);
    let mut short = blocks.clone();
    short[1].values.pop();
    let text = write(&path, &header, &short).unwrap_err().to_string();
    assert!(text.contains("block 1, values: 79 numbers, expected 80"), "{text}");
    let mut twice = blocks.clone();
    twice[1].ids = vec![1, 3];
    assert!(write(&path, &header, &twice).unwrap_err().to_string().contains("element 3 occurs twice"));
    let long = SolutionHeader { system: "x".repeat(300), ..header };
    assert!(write(&path, &long, &blocks).unwrap_err().to_string().contains("longer than 256"));
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_the_old_file_stays() {
    let (header, blocks) = example(Precision::Double);
    let text = write(Path::new("/nowhere/at/all.ssoln"), &header, &blocks).unwrap_err().to_string();
    assert!(text.contains("/nowhere/at/all.ssoln") && text.contains("create it"), "{text}");
    // A folder in the place of the file fails for every user, root too, at the very last step.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ssoln");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("old"), "kept").unwrap();
    assert!(write(&path, &header, &blocks).is_err());
    assert_eq!(fs::read_to_string(path.join("old")).unwrap(), "kept");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_an_error_and_the_old_file_stays() {
    use std::os::unix::fs::PermissionsExt;
    let (header, blocks) = example(Precision::Double);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ssoln");
    write(&path, &header, &blocks).unwrap();
    let old = fs::read(&path).unwrap();
    let mode = |bits| fs::set_permissions(folder.path(), fs::Permissions::from_mode(bits)).unwrap();
    mode(0o555);
    let result = write(&path, &header, &blocks[..1]);
    mode(0o755);
    // Root may write anyway.
    if let Err(e) = result {
        assert!(e.to_string().contains("permissions"), "{e}");
        assert_eq!(fs::read(&path).unwrap(), old);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    #[test]
    fn any_text_comes_back(config in "\\PC{0,900}", lines in "[ -~\\n\u{e9}\u{1f30a}]{0,900}") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ssoln");
        let (header, blocks) = example(Precision::Double);
        let header = SolutionHeader { config, config_source: lines, ..header };
        write(&path, &header, &blocks).unwrap();
        prop_assert_eq!(read(&path).unwrap().0, header);
    }
}

#[test]
fn values_of_some_elements_are_those_of_the_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ssoln");
    for precision in [Precision::Double, Precision::Single] {
        let (header, blocks) = example(precision);
        write(&path, &header, &blocks).unwrap();
        let (_, blocks) = read(&path).unwrap();
        let stored = Stored::open(&path).unwrap();
        assert_eq!(*stored.header(), header);
        for (b, block) in blocks.iter().enumerate() {
            let size = 4 * block.points();
            for rows in [0..1, 0..block.ids.len(), block.ids.len() - 1..block.ids.len(), 0..0] {
                let found = stored.values(b, rows.clone()).unwrap();
                let wanted = &block.values[size * rows.start..size * rows.end];
                assert!(found.iter().zip(wanted).all(|(a, b)| a.to_bits() == b.to_bits()));
                assert_eq!(found.len(), wanted.len());
                for (n, values) in block.kept.values().enumerate() {
                    let size = values.len() / block.ids.len();
                    let wanted = &values[size * rows.start..size * rows.end];
                    assert_eq!(stored.kept(b, n, rows.clone()).unwrap(), wanted);
                }
            }
        }
    }
}
