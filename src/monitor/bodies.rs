//! Bodies of regions that files hold: read by the first rank, known to all.

use super::MonitorError;
use crate::engine::closed_surface::ClosedSurface;
use crate::engine::region::Region;
use crate::output::stl;
use crate::parallel::Communicator;
use crate::parallel::serial::Serial;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A region with the bodies of its STL files. Collective; fails on all ranks alike.
///
/// # Errors
/// Files that are not there, or hold no closed surface.
pub fn load(comm: &dyn Communicator, region: &Region, dims: usize) -> Result<Region, MonitorError> {
    region.with_bodies(|places| {
        let name = places.first().map(|p| p.display().to_string()).unwrap_or_default();
        let refused = |what: String| MonitorError::NoRegion { what };
        if dims != 3 {
            let what =
                format!("the body of '{name}', and the mesh is {dims}-D, while bodies of triangles are 3-D");
            return Err(refused(what));
        }
        // A byte that says whether it could be read, then its content or what was wrong.
        let mut message = vec![];
        if comm.rank() == 0 {
            message = match read(places) {
                Ok(content) => [&[1], &content[..]].concat(),
                Err(what) => [&[0], what.as_bytes()].concat(),
            };
        }
        comm.broadcast(0, &mut message);
        let content = message.split_off(1);
        if message != [1] {
            return Err(refused(String::from_utf8_lossy(&content).into_owned()));
        }
        let surface = stl::parse(content)
            .and_then(|triangles| ClosedSurface::new(triangles).map_err(|e| format!("bounds no body: {e}")));
        surface.map(Arc::new).map_err(|what| refused(format!("the body of '{name}', which {what}")))
    })
}

/// What a run would find missing of a region on a mesh with these boundaries. Whether any element is in it, a run alone can tell.
pub fn check(region: &Region, boundaries: &[String], dims: usize) -> Vec<MonitorError> {
    let missing = region.boundaries().into_iter().filter(|name| !boundaries.iter().any(|b| b == name));
    missing.map(MonitorError::no_region_boundary).chain(load(&Serial, region, dims).err()).collect()
}

/// The bytes of the first of some files that exists.
fn read(places: &[PathBuf]) -> Result<Vec<u8>, String> {
    let Some(path) = places.iter().find(|path| path.is_file()) else {
        let list: Vec<String> = places.iter().map(|p| format!("'{}'", p.display())).collect();
        return Err(format!("the body of an STL file, of which there is none called {}", list.join(" or ")));
    };
    std::fs::read(path).map_err(|e| format!("the body of '{}', which cannot be read: {e}", path.display()))
}

/// Where the body called `name` in a case file may be: beside that file or where the run was started, `.stl` left out or not.
pub fn places(name: &str, case: &Path) -> Vec<PathBuf> {
    // A case that comes from elsewhere may have a name that is no path.
    let folder = case.parent().filter(|folder| folder.is_dir()).unwrap_or(Path::new(""));
    let mut places = vec![];
    for name in [name.to_string(), format!("{name}.stl")] {
        for place in [folder.join(&name), PathBuf::from(&name)] {
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}
