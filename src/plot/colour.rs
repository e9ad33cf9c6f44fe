//! Colour maps made for the eye: from 0 to 1 to a colour.

use super::image::Rgb;
use crate::physics::Choice;
use colorous::Gradient;

/// A number from 0 to 1 to a colour.
pub type Map = fn(f64) -> Rgb;

/// The maps there are. Equal steps of the number look like equal steps of colour.
pub const MAPS: &[Choice<Map>] = &[
    Choice { name: "viridis", doc: "blue, green, yellow", value: |x| of(colorous::VIRIDIS, x) },
    Choice { name: "magma", doc: "black, purple, cream", value: |x| of(colorous::MAGMA, x) },
    Choice { name: "inferno", doc: "black, red, yellow", value: |x| of(colorous::INFERNO, x) },
    Choice { name: "plasma", doc: "blue, pink, yellow", value: |x| of(colorous::PLASMA, x) },
    Choice {
        name: "cividis",
        doc: "blue, grey, yellow: the same for all eyes",
        value: |x| of(colorous::CIVIDIS, x),
    },
    Choice { name: "coolwarm", doc: "blue, white, red: to both sides of a middle", value: coolwarm },
    Choice { name: "gray", doc: "black to white", value: |x| [(255.0 * x.clamp(0.0, 1.0)).round() as u8; 3] },
];

/// What has no number.
pub const NOT_A_NUMBER: Rgb = [255, 0, 255];

fn of(gradient: Gradient, x: f64) -> Rgb {
    gradient.eval_continuous(x.clamp(0.0, 1.0)).into_array()
}

/// K. Moreland, Diverging color maps for scientific visualization, ISVC 2009, at 33 places.
const COOLWARM: [Rgb; 33] = [
    [59, 76, 192],
    [68, 90, 204],
    [78, 104, 216],
    [88, 117, 225],
    [98, 130, 234],
    [108, 143, 241],
    [119, 154, 247],
    [130, 166, 251],
    [141, 176, 254],
    [152, 185, 255],
    [163, 194, 254],
    [174, 201, 252],
    [185, 208, 249],
    [195, 213, 244],
    [204, 217, 237],
    [213, 219, 229],
    [221, 220, 220],
    [229, 216, 209],
    [236, 211, 197],
    [241, 204, 184],
    [245, 196, 172],
    [247, 186, 159],
    [247, 176, 147],
    [246, 165, 134],
    [244, 152, 122],
    [240, 139, 110],
    [235, 125, 98],
    [228, 110, 86],
    [221, 95, 75],
    [212, 78, 65],
    [202, 59, 55],
    [190, 36, 46],
    [180, 4, 38],
];

fn coolwarm(x: f64) -> Rgb {
    let at = x.clamp(0.0, 1.0) * (COOLWARM.len() - 1) as f64;
    let i = (at as usize).min(COOLWARM.len() - 2);
    std::array::from_fn(|c| {
        let (a, b) = (f64::from(COOLWARM[i][c]), f64::from(COOLWARM[i + 1][c]));
        (a + (b - a) * (at - i as f64)).round() as u8
    })
}

/// The colour of a value in a range; [`NOT_A_NUMBER`] where it is not a number.
pub fn colour(map: Map, value: f64, range: (f64, f64)) -> Rgb {
    if value.is_nan() {
        return NOT_A_NUMBER;
    }
    map((value - range.0) / (range.1 - range.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_run_from_their_first_to_their_last_colour_without_jumps() {
        let ends = [
            ("viridis", [68, 1, 84], [253, 231, 37]),
            ("magma", [0, 0, 4], [252, 253, 191]),
            ("inferno", [0, 0, 4], [252, 255, 164]),
            ("plasma", [13, 8, 135], [240, 249, 33]),
            ("coolwarm", [59, 76, 192], [180, 4, 38]),
            ("gray", [0, 0, 0], [255, 255, 255]),
        ];
        for (name, first, last) in ends {
            let map = MAPS.iter().find(|m| m.name == name).unwrap().value;
            for (x, expected) in [(0.0, first), (-1.0, first), (1.0, last), (7.0, last)] {
                let away = map(x).iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max().unwrap();
                assert!(away <= 2, "{name} {x}: {:?}", map(x));
            }
        }
        for map in MAPS {
            for i in 0..1000 {
                let [a, b] = [i, i + 1].map(|i| (map.value)(f64::from(i) / 1000.0));
                assert!(a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 3), "{} {i}", map.name);
            }
        }
        assert_eq!(colour(coolwarm, f64::NAN, (0.0, 1.0)), NOT_A_NUMBER);
    }
}
