## What the scans do with an element, and with what several come to. No kernel of its own. kind: "sum",
## "product" or "logsumexp"; exact: of sums, whether `rest` takes what rounding loses; A: the type that
## they compute in; pairs: the product of a and b.
<%def name="macros(kind, exact, A, one, product)">
<% pairs = {'sum': 'a + b', 'product': product, 'logsumexp': ''}[kind] %>\
/* Combine x into acc; of sums `rest` takes what acc loses, unless it is infinite. */
% if kind == 'logsumexp':
#define BEGIN(acc, rest, top, before) { \
    top = before; \
    acc = top == -INFINITY ? 0 : 1; \
    rest = 0; \
}
#define TAKE(acc, rest, top, x) { \
    const ${A} t_x = x, t_apart = t_x - top; \
    const int t_above = t_x > top + 1; \
    const ${A} t_share = t_apart == t_apart || t_x != t_x ? exp(t_above ? -t_apart : t_apart) : 0; \
    const ${A} t_old = t_above ? acc * t_share : acc, t_new = t_above ? 1 : t_share; \
    const ${A} t_sum = t_old + t_new, t_part = t_sum - t_old; \
    const ${A} t_lost = (t_old - (t_sum - t_part)) + (t_new - t_part); \
    rest = (t_above ? rest * t_share : rest) + t_lost; \
    acc = t_sum; \
    top = t_above ? t_x : top; \
}
#define RESULT(acc, rest, top) ((top) + log((acc) + (rest)))
% elif exact:
#define BEGIN(acc, rest, top, before) { acc = before; rest = 0; }
#define TAKE(acc, rest, top, x) { \
    const ${A} t_x = x, t_sum = acc + t_x, t_part = t_sum - acc; \
    const ${A} t_lost = (acc - (t_sum - t_part)) + (t_x - t_part); \
    rest += t_lost == t_lost ? t_lost : 0; \
    acc = t_sum; \
}
#define RESULT(acc, rest, top) ((acc) + (rest))
% else:
#define BEGIN(acc, rest, top, before) { acc = before; rest = 0; }
#define TAKE(acc, rest, top, x) { const ${A} a = acc, b = x; acc = ${pairs}; }
#define RESULT(acc, rest, top) (acc)
% endif
</%def>

## The variables that tell what elements come to.
<%def name="parts(kind, exact)"><%
    return ['acc', 'rest', 'top'] if kind == 'logsumexp' else ['acc', 'rest'] if exact else ['acc']
%></%def>

## Combine what later elements come to, in `parts`, into what those before do.
<%def name="merge(kind, exact, A)">
% if kind == 'logsumexp':
#define JOIN(acc, rest, top, acc_2, rest_2, top_2) { \
    const ${A} j_acc = acc_2, j_rest = rest_2, j_top = top_2; \
    const int j_above = j_top > top; \
    const ${A} j_apart = j_above ? top - j_top : j_top - top; \
    const ${A} j_share = j_apart == j_apart ? exp(j_apart) : 1; \
    const ${A} j_old = j_above ? acc * j_share : acc, j_new = j_above ? j_acc : j_acc * j_share; \
    const ${A} j_sum = j_old + j_new, j_part = j_sum - j_old; \
    const ${A} j_lost = (j_old - (j_sum - j_part)) + (j_new - j_part); \
    rest = (j_above ? rest * j_share + j_rest : rest + j_rest * j_share) + j_lost; \
    acc = j_sum; \
    top = j_above ? j_top : top; \
}
% elif exact:
#define JOIN(acc, rest, acc_2, rest_2) { \
    const ${A} j_rest = rest_2; \
    TAKE(acc, rest, 0, acc_2) \
    rest += j_rest; \
}
% else:
#define JOIN(acc, acc_2) TAKE(acc, 0, 0, acc_2)
% endif
</%def>
