## Of n elements x (x[0] the first, `step` apart) makes the reflection I - tau v v^T that takes them to
## (beta, 0, ...): v, whose first element is 1, goes to v_g, dense.
/* Returns tau; *beta_to is what is left of x. The team has seen x before, and sees v behind it. */
INLINE ${T} make_reflection(
    __global const ${T}* x, const long step, const int n, __global ${T}* v, ${T}* beta_to
% if team > 1:
    , __local ${T}* team_values
% endif
) {
    ${T} square = 0;
    for (int i = 1 + LANE; i < n; i += TEAM)
        square += x[i * step] * x[i * step];
    square = TEAM_SUM(square);
    const ${T} alpha = x[0];
    const ${T} length = sqrt(square + alpha * alpha);
    const ${T} beta = square == 0 ? alpha : alpha > 0 ? -length : length;
    const ${T} scale = square == 0 ? 0 : 1 / (alpha - beta);
    for (int i = LANE; i < n; i += TEAM)
        v[i] = i == 0 ? 1 : x[i * step] * scale;
    SYNC
    *beta_to = beta;
    return square == 0 ? 0 : (beta - alpha) / beta;
}
% if team > 1:
#define MAKE_REFLECTION(x, step, n, v, beta) make_reflection(x, step, n, v, beta, team_values)
% else:
#define MAKE_REFLECTION(x, step, n, v, beta) make_reflection(x, step, n, v, beta)
% endif
