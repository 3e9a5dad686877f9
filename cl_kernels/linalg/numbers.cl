## Arithmetic of elements of type ${T}, real or complex; REAL is the type of their parts.
% if T[-1] == "2":
#define REAL ${T[:-1]}
#define NUM(real) ((${T})(real, 0))
#define RE(a) ((a).x)
#define MUL(a, b) cx_mul(a, b)
#define DIV(a, b) cx_div(a, b)
#define CONJ(a) cx_conj(a)
#define SIZE(a) cx_abs(a)
#define SQUARE(a) ((a).x * (a).x + (a).y * (a).y)
#define IS_ZERO(a) ((a).x == 0 && (a).y == 0)
% else:
#define REAL ${T}
#define NUM(real) (real)
#define RE(a) (a)
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define CONJ(a) (a)
#define SIZE(a) fabs(a)
#define SQUARE(a) ((a) * (a))
#define IS_ZERO(a) ((a) == 0)
% endif
