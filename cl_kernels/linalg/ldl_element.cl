## Elements of L D L^T (or, `hermitian`, of L D L^H): TURN takes one across the diagonal, OWN makes one
## on it what it must be, SUM_SIZE is LAPACK's measure of pivots.
#define A(i, j) a[(long)(i) * n + (j)]
% if T[-1] == "2":
#define SUM_SIZE(a) (fabs((a).x) + fabs((a).y))
% else:
#define SUM_SIZE(a) fabs(a)
% endif
% if hermitian:
#define TURN(a) CONJ(a)
#define OWN(a) NUM(RE(a))
% else:
#define TURN(a) (a)
#define OWN(a) (a)
% endif
