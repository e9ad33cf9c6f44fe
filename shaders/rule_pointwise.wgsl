fn rule_smats(element: u32, q: u32) -> array<real, D * D> {
    var s: array<real, D * D>;
    for (var i = 0u; i < D * D; i++) { s[i] = extra[RULE_S_AT + (element * (D * D) + i) * Q + q]; }
    return s;
}
