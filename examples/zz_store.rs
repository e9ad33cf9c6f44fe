use solver::mesh::{generate::*, partition, store};
use std::time::Instant;
fn rss() -> (usize, usize) {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    let g = |k: &str| {
        s.lines()
            .find(|l| l.starts_with(k))
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<usize>()
            .unwrap()
            / 1024
    };
    (g("VmRSS"), g("VmHWM"))
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let path = "/tmp/zz_store.smesh";
    let mut t = Instant::now();
    let mut lap = |what: &str| {
        println!("{what:<30} {:.3} s  {:?} MB", t.elapsed().as_secs_f64(), rss());
        t = Instant::now();
    };
    match a[1].as_str() {
        "make" => {
            let n: usize = a[2].parse().unwrap();
            let mesh = BoxMesh::new(Cells::Hex, [n; 3]).periodic([true; 3]).build();
            lap("build");
            store::write(&mesh, path).unwrap();
            lap("write");
            store::write(&mesh, path).unwrap();
            lap("write again");
            println!("{} bytes", std::fs::metadata(path).unwrap().len());
        }
        "part" => {
            let n: usize = a[2].parse().unwrap();
            let mesh = store::read(path).unwrap();
            lap("read");
            let p = partition::partition(&mesh, n, None).unwrap();
            lap("partition");
            println!("{:?}", partition::quality(&mesh, &p, None));
            lap("quality");
            store::replace_partitioning(path, &n.to_string(), &p).unwrap();
            lap("store");
        }
        "read" => {
            let f = store::open(path).unwrap();
            lap("open");
            if a[2] == "all" {
                let l = f.read_all().unwrap();
                lap("read_all");
                println!("{}", l.len());
            } else {
                let l = f.read_part(&a[2], a[3].parse().unwrap()).unwrap();
                lap("read_part");
                println!("{} {} ghosts", l.len(), l.ghosts.len());
                let own: usize = l.len() * (32 + 24 + 6 + 6 + 4 + 4 + 24);
                println!("bytes {} of part's own about {}", f.bytes_read(), own);
            }
        }
        _ => {}
    }
}
