## The order of the sort kernels: NaN counts as the largest value.
% if floating:
<% below = "(a < b || (b != b && a == a))" %>
% else:
<% below = "(a < b)" %>
% endif
#define LESS(p, q) less_value(x_g[p], x_g[q])
<% first, second = "ba" if descending else "ab" %>
INLINE bool less_value(const ${T} ${first}, const ${T} ${second}) {
    return ${below};
}
