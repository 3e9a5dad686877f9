## V and AT: ${lanes} neighbouring real numbers, where a work-item of a CPU has a matrix; TOTAL their
## sum. No kernel of its own.
% if T[-1] != "2":
/* Neighbours lie where they lie: no vector is at a multiple of its size. */
typedef ${T}${lanes} __attribute__((aligned(sizeof(${T})))) V;
#define AT(place) (*(__global V*)(place))
#define TOTAL(v) (${' + '.join(f'v.s{q:x}' for q in range(lanes))})
% endif
