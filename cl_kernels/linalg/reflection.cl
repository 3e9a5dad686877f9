## Of n elements x, `step` apart, makes the reflection I - tau v v^T that takes them to (beta, 0, ...):
## v, whose first element is 1, goes to places `v_step` apart.
/* Returns tau; *beta_to is what is left of x. The elements are divided by the largest, lest their
   squares overflow or vanish. */
INLINE ${T} make_reflection(
    __global const ${T}* x, const long step, const int n, __global ${T}* v, const long v_step,
    ${T}* beta_to
% if team > 1:
    , __local ${T}* team_values, __local int* team_places
% endif
) {
    ${T} largest = 0;
    for (int i = LANE; i < n; i += TEAM)
        largest = fabs(x[i * step]) > largest ? fabs(x[i * step]) : largest;
% if team > 1:
    team_place(largest, LANE, team_values, team_places);
    largest = team_values[0];
% endif
    const ${T} divisor = largest > 0 && largest - largest == 0 ? largest : 1;
    ${T} square = 0;
    for (int i = 1 + LANE; i < n; i += TEAM) {
        const ${T} y = x[i * step] / divisor;
        square += y * y;
    }
    square = TEAM_SUM(square);
    const ${T} alpha = x[0] / divisor, length = sqrt(square + alpha * alpha);
    const ${T} beta = square == 0 ? alpha : alpha > 0 ? -length : length;
    const ${T} scale = square == 0 ? 0 : 1 / (alpha - beta);
    *beta_to = beta * divisor;
    for (int i = LANE; i < n; i += TEAM)
        v[i * v_step] = i == 0 ? 1 : x[i * step] / divisor * scale;
    SYNC
    return square == 0 ? 0 : (beta - alpha) / beta;
}
% if team > 1:
#define MAKE_REFLECTION(x, step, n, v, v_step, beta) \
    make_reflection(x, step, n, v, v_step, beta, team_values, team_places)
% else:
#define MAKE_REFLECTION make_reflection
% endif
