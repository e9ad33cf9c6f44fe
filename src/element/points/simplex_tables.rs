//! Tabulated rules of triangles and tetrahedra, as symmetry orbits.
//!
//! A rule is a few orbits: the points that arise from one by permuting its barycentric coordinates. The published
//! coordinates, of 12 to 16 digits, were polished by Gauss-Newton in 50 digits on the moments of all symmetric
//! polynomials up to the rule's degree, to residuals below 1e-35, and rounded; no parameter moved by more than 3e-12.
//! (Some rules have more parameters than moments: for them it is the nearest exact rule.)

use crate::element::Shape;
use ndarray::Array2;

/// All permutations of one point.
pub(super) struct Orbit {
    /// How often each distinct barycentric coordinate occurs; sums to the number of vertices.
    multiplicity: &'static [usize],
    /// The distinct coordinates but the last, which makes the sum one.
    coordinates: &'static [f64],
    /// Weight of each point as a fraction of the volume.
    weight: f64,
}

const fn orbit(multiplicity: &'static [usize], coordinates: &'static [f64], weight: f64) -> Orbit {
    Orbit { multiplicity, coordinates, weight }
}

/// One rule of a table.
pub(super) struct Rule {
    /// Polynomials up to this total degree are integrated exactly.
    pub(super) degree: usize,
    orbits: &'static [Orbit],
}

/// Appends to `all` every distinct arrangement of the values that `left` still allows, after those in `chosen`.
fn arrange(left: &mut [usize], chosen: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
    if left.iter().all(|n| *n == 0) {
        all.push(chosen.clone());
    }
    for i in 0..left.len() {
        if left[i] > 0 {
            left[i] -= 1;
            chosen.push(i);
            arrange(left, chosen, all);
            chosen.pop();
            left[i] += 1;
        }
    }
}

impl Rule {
    /// Points `[points][dims]`, orbit by orbit, each in lexicographic order of its permutations, and weights.
    pub(super) fn expand(&self, shape: Shape) -> (Array2<f64>, Vec<f64>) {
        let dims = shape.dims();
        let (mut coordinates, mut weights) = (Vec::new(), Vec::new());
        for orbit in self.orbits {
            let mut values = orbit.coordinates.to_vec();
            let sum: f64 = values.iter().zip(orbit.multiplicity).map(|(x, m)| x * *m as f64).sum();
            values.push((1.0 - sum) / *orbit.multiplicity.last().unwrap_or(&1) as f64);
            let mut all = Vec::new();
            arrange(&mut orbit.multiplicity.to_vec(), &mut Vec::new(), &mut all);
            for choice in all {
                coordinates.extend((0..dims).map(|d| 2.0 * values[choice[d + 1]] - 1.0));
                weights.push(orbit.weight * shape.volume());
            }
        }
        (Array2::from_shape_fn((weights.len(), dims), |(n, d)| coordinates[n * dims + d]), weights)
    }
}

/// The table called `name`, one rule per order from 0.
pub(super) fn table(name: &str) -> Option<&'static [Rule]> {
    match name {
        "williams-shunn" => Some(WILLIAMS_SHUNN),
        "shunn-ham" => Some(SHUNN_HAM),
        _ => None,
    }
}

/// Triangle: D. M. Williams, L. Shunn, A. Jameson, Symmetric quadrature rules for simplexes based on sphere close packed
/// lattice arrangements, J. Comput. Appl. Math. 266 (2014) 18-38.
const WILLIAMS_SHUNN: &[Rule] = &[
    Rule { degree: 1, orbits: &[orbit(&[3], &[], 1.0)] },
    Rule { degree: 2, orbits: &[orbit(&[2, 1], &[0.16666666666666666], 0.3333333333333333)] },
    Rule {
        degree: 4,
        orbits: &[
            orbit(&[2, 1], &[0.09157621350977074], 0.10995174365532187),
            orbit(&[2, 1], &[0.4459484909159649], 0.22338158967801147),
        ],
    },
    Rule {
        degree: 5,
        orbits: &[
            orbit(&[3], &[], 0.20154298858473021),
            orbit(&[2, 1], &[0.05556405266979351], 0.04195551299664866),
            orbit(&[1, 1, 1], &[0.07025554051838387, 0.29553371173589293], 0.1120984120708873),
        ],
    },
    Rule {
        degree: 7,
        orbits: &[
            orbit(&[2, 1], &[0.03587087769573536], 0.017915455012303374),
            orbit(&[2, 1], &[0.24172939576796282], 0.1277121958812723),
            orbit(&[2, 1], &[0.47430878777707997], 0.07620606238553314),
            orbit(&[1, 1, 1], &[0.04731248701171346, 0.20150388188179907], 0.05574981002711226),
        ],
    },
    Rule {
        degree: 8,
        orbits: &[
            orbit(&[2, 1], &[0.028112952182638106], 0.010359374696531134),
            orbit(&[2, 1], &[0.17713909846934026], 0.07539488432674651),
            orbit(&[2, 1], &[0.4055085958674887], 0.09754780237331183),
            orbit(&[1, 1, 1], &[0.033533207700638376, 0.1485658122708897], 0.02896926937248857),
            orbit(&[1, 1, 1], &[0.03782478960912516, 0.3571962986156895], 0.046046366595883355),
        ],
    },
    Rule {
        degree: 10,
        orbits: &[
            orbit(&[3], &[], 0.08360821221566789),
            orbit(&[2, 1], &[0.019977187122180804], 0.005272170280492688),
            orbit(&[2, 1], &[0.1317217675300019], 0.04455293667949396),
            orbit(&[2, 1], &[0.48513534679346976], 0.033815712804184016),
            orbit(&[1, 1, 1], &[0.0241368080360502, 0.10795198184601627], 0.01571046134018912),
            orbit(&[1, 1, 1], &[0.028286656697698406, 0.27084077292156455], 0.028205136280605208),
            orbit(&[1, 1, 1], &[0.14679571694921292, 0.3165495988446205], 0.06699595712784236),
        ],
    },
    Rule {
        degree: 12,
        orbits: &[
            orbit(&[2, 1], &[0.021171422779548175], 0.005639123786953156),
            orbit(&[2, 1], &[0.10058439739564212], 0.027148968192252706),
            orbit(&[2, 1], &[0.27103830771188886], 0.06310091253343808),
            orbit(&[2, 1], &[0.4401912584038811], 0.051752795679960446),
            orbit(&[1, 1, 1], &[0.018256679074640077, 0.10176367949828763], 0.009866753574597945),
            orbit(&[1, 1, 1], &[0.022223854547984236, 0.22624553090922578], 0.016644570076696893),
            orbit(&[1, 1, 1], &[0.023404705466309555, 0.394033271669911], 0.022008204800136592),
            orbit(&[1, 1, 1], &[0.115183589115481, 0.24907922762115062], 0.04432623811893304),
        ],
    },
    Rule {
        degree: 14,
        orbits: &[
            orbit(&[2, 1], &[0.052077066334127925], 0.013225976070522873),
            orbit(&[2, 1], &[0.11370652861163696], 0.01737581463941424),
            orbit(&[2, 1], &[0.21716884577397375], 0.047273078283883975),
            orbit(&[2, 1], &[0.38607277436134524], 0.053002220471013724),
            orbit(&[2, 1], &[0.4899259329132605], 0.01894258196387835),
            orbit(&[1, 1, 1], &[3.884096498313475e-5, 0.037059242391925526], 0.0021928836338906176),
            orbit(&[1, 1, 1], &[0.017033768093778493, 0.3089601204936044], 0.015437519149835717),
            orbit(&[1, 1, 1], &[0.017063787772948067, 0.14824812161164855], 0.011937783093557523),
            orbit(&[1, 1, 1], &[0.08254037850682801, 0.2102116288402084], 0.024697921542436486),
            orbit(&[1, 1, 1], &[0.09772686433779909, 0.36032417683964496], 0.03749072353258975),
        ],
    },
];

/// Tetrahedron: L. Shunn, F. Ham, Symmetric quadrature rules for tetrahedra based on a cubic close-packed lattice
/// arrangement, J. Comput. Appl. Math. 236 (2012) 4348-4364.
const SHUNN_HAM: &[Rule] = &[
    Rule { degree: 1, orbits: &[orbit(&[4], &[], 1.0)] },
    Rule { degree: 2, orbits: &[orbit(&[3, 1], &[0.1381966011250105], 0.25)] },
    Rule {
        degree: 3,
        orbits: &[
            orbit(&[2, 2], &[0.09375565611594912], 0.13491124343786076),
            orbit(&[3, 1], &[0.07383490172622335], 0.04763313484320886),
        ],
    },
    Rule {
        degree: 5,
        orbits: &[
            orbit(&[3, 1], &[0.03235259472724378], 0.00706707479446944),
            orbit(&[3, 1], &[0.3097693042728624], 0.10193691828986769),
            orbit(&[2, 1, 1], &[0.06036044152514203, 0.2626825838877793], 0.046998668971887626),
        ],
    },
    Rule {
        degree: 6,
        orbits: &[
            orbit(&[4], &[], 0.09317457311953384),
            orbit(&[2, 2], &[0.0452454000155173], 0.025030539568674626),
            orbit(&[3, 1], &[0.02673677555437355], 0.0021900463965388592),
            orbit(&[2, 1, 1], &[0.039102240635648884, 0.1740356302468939], 0.014339567017766524),
            orbit(&[2, 1, 1], &[0.2232010379623151, 0.050479279060771966], 0.04798393330575539),
        ],
    },
    Rule {
        degree: 8,
        orbits: &[
            orbit(&[3, 1], &[0.014952065153059977], 0.001037311233613966),
            orbit(&[3, 1], &[0.13447833479299343], 0.0366291366405107),
            orbit(&[2, 1, 1], &[0.03409602119626076, 0.15183194916593606], 0.0096016645399477),
            orbit(&[2, 1, 1], &[0.0462051504150021, 0.35493405606397915], 0.016449397679823424),
            orbit(&[2, 1, 1], &[0.22819046106876018, 0.0055147549744785146], 0.015374776651331423),
            orbit(&[2, 1, 1], &[0.35230526008799223, 0.09920572024945379], 0.029352011837522566),
        ],
    },
    Rule {
        degree: 9,
        orbits: &[
            orbit(&[2, 2], &[0.02642416487197576], 0.007210136064355515),
            orbit(&[2, 2], &[0.1479547379748366], 0.030798919157178625),
            orbit(&[3, 1], &[0.026878474413922673], 0.0021449351442585623),
            orbit(&[3, 1], &[0.1871406758037721], 0.02082664169193203),
            orbit(&[3, 1], &[0.32211143183054564], 0.023000681669163057),
            orbit(&[2, 1, 1], &[0.020953442219811307, 0.2257832058697666], 0.004357844813878534),
            orbit(&[2, 1, 1], &[0.096989733124546, 0.15846293966584027], 0.008593530677354029),
            orbit(&[2, 1, 1], &[0.09760816289224662, 0.011844417750709166], 0.004863063905374564),
            orbit(
                &[1, 1, 1, 1],
                &[0.028756405954448606, 0.13355816070446275, 0.29650102054427574],
                0.01559514007875396,
            ),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::quadrature::tests::worst;

    #[test]
    fn every_rule_is_exact_to_its_degree_and_has_the_points_of_its_order() {
        for (shape, table) in [(Shape::Tri, WILLIAMS_SHUNN), (Shape::Tet, SHUNN_HAM)] {
            for (order, rule) in table.iter().enumerate() {
                let (x, w) = rule.expand(shape);
                assert_eq!(x.nrows(), shape.points(order));
                assert!(rule.degree >= order);
                let error = worst(shape, &x, &w, rule.degree);
                assert!(error < 2e-15, "{} {order}: {error:e}", shape.name());
                assert!(worst(shape, &x, &w, rule.degree + 1) > 1e-11, "{} {order}", shape.name());
                assert!(w.iter().all(|w| *w > 0.0));
            }
        }
    }
}
