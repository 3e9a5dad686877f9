## Of n elements x, `step` apart, makes I - tau v v^H, whose adjoint takes them to (beta, 0, ...) with a
## real beta: v, whose first element is 1, goes to places `v_step` apart (LAPACK's larfg).
/* Returns tau; *beta_to is what is left of x. The elements are divided by the largest, lest their
   squares overflow or vanish. */
INLINE ${T} make_reflection(
    __global const ${T}* x, const long step, const int n, __global ${T}* v, const long v_step,
    REAL* beta_to
% if team > 1:
    , __local ${T}* team_values, __local int* team_places
% endif
) {
    REAL largest = 0;
    for (int i = LANE; i < n; i += TEAM) {
        const REAL size = SIZE(x[i * step]);
        largest = size > largest ? size : largest;
    }
    largest = TEAM_LARGEST(largest);
    const REAL divisor = largest > 0 && largest - largest == 0 ? largest : 1;
    REAL square = 0;
    for (int i = 1 + LANE; i < n; i += TEAM) {
        const ${T} y = x[i * step] / divisor;
        square += SQUARE(y);
    }
    square = TEAM_SUM_REAL(square);
    const ${T} alpha = x[0] / divisor;
    const REAL length = sqrt(square + SQUARE(alpha));
% if T[-1] == "2":
    const int done = square == 0 && alpha.y == 0;
% else:
    const int done = square == 0;
% endif
    const REAL beta = done ? RE(alpha) : RE(alpha) > 0 ? -length : length;
    const ${T} scale = done ? (${T})0 : DIV(NUM((REAL)1), alpha - NUM(beta));
    *beta_to = beta * divisor;
    for (int i = LANE; i < n; i += TEAM)
        v[i * v_step] = i == 0 ? NUM((REAL)1) : MUL(x[i * step] / divisor, scale);
    SYNC
    return done ? (${T})0 : (NUM(beta) - alpha) / beta;
}
% if team > 1:
#define MAKE_REFLECTION(x, step, n, v, v_step, beta) \
    make_reflection(x, step, n, v, v_step, beta, team_values, team_places)
% else:
#define MAKE_REFLECTION make_reflection
% endif
