    // Registers, then the face values of the next stage's register.
    var next: array<array<real, V>, KP>;
    for (var k = 0u; k < KP; k++) {
        let item = lid + k * T;
        if item < group.count * P {
            let start = (group.first + item / P) * V * P + item % P;
            for (var v = 0u; v < V; v++) {
                let at = start + v * P;
{{REGISTERS}}
            }
        }
    }
    write_faces(group, lid, &next);
